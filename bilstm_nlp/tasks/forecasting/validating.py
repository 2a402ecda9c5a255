"""The choice of series that have a validation part. The other series are trained on these rows, too.

In a panel of short series, the validation rows may be half of a series. A model that is shared by all series can be
judged on some of them, while it learns from the newest rows of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bilstm_nlp.config.forecasting import ForecastingData
from bilstm_nlp.data.series.series import Parts, Series
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.measurement import evenly_spaced

PartsOf = Callable[[Series], Parts]


def with_validation_of_some(config: ForecastingData, series: Sequence[Series], parts_of: PartsOf) -> PartsOf:
    """Return `parts_of`, but for all series without a validation part the validation rows are training rows.

    The series with a validation part are evenly spaced among those that have a validation window, in their order.
    """
    if config.validation_series == 1:
        return parts_of
    able = [each.id for each in series if _has_window(config, each, parts_of)]
    count = max(1, round(config.validation_series * len(able)))
    chosen = {able[index] for index in evenly_spaced(len(able), count)}

    def parts_of_some(each: Series) -> Parts:
        parts = parts_of(each)
        if each.id in chosen:
            return parts
        rows, end = parts.train, parts.validation.stop
        return replace(parts, train=slice(rows.start, end), validation=slice(end, end))

    return parts_of_some


def _has_window(config: ForecastingData, series: Series, parts_of: PartsOf) -> bool:
    """Return True if the validation part of a series has room for a window; False if it can't be split."""
    try:
        rows = parts_of(series).validation
    except InputError:
        return False
    return bool(rows.stop - max(rows.start, config.least_past) >= config.horizon)
