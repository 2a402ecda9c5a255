"""The scores of a forecaster on the parts of a config's data, as metrics.json has them. Knows no torch."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.leads import led_targets
from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.series import column_indices
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.system.draws import same_draws
from bilstm_nlp.tasks.forecasting.backtest import leakage
from bilstm_nlp.tasks.forecasting.data import SeriesParts
from bilstm_nlp.tasks.forecasting.evaluation import evaluate
from bilstm_nlp.tasks.forecasting.origins import WindowForecaster
from bilstm_nlp.tasks.forecasting.part_windows import PartWindows

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scoring:
    """A forecaster, or several as one, beside the data that it is scored on."""

    config: ForecastingConfig
    data: SeriesParts
    forecaster: WindowForecaster
    baselines: Baselines
    methods: Methods | None = None
    """Methods of statistics to score beside the forecaster; those of the config if `None`."""
    stride: int = 1
    """Rows between the origins to score."""

    @cached_property
    def windows(self) -> PartWindows:
        """The windows of each part."""
        return PartWindows(self.config, self.data, self.forecaster.codec)

    def results(self, part: str) -> dict[str, Any]:
        """Return the scores on one part."""
        windows, series_set, codec = self.windows.of(part, self.stride), self.data.series_set, self.forecaster.codec
        methods = Methods(self.config.baselines) if self.methods is None else self.methods
        level = self.config.interval
        results = evaluate(self.forecaster, self.baselines, series_set.series, windows, level, methods)
        missing, shares = self.missing(part), self.forecaster.shares
        shrunk: dict[str, Any] = {}
        if shares is not None:
            of_start, of_model = (round(share, 2) for share in shares.tolist())
            shrunk = {"shrinkage": {"towards": "last value", "share_of_start": of_start, "share": of_model}}
            led = led_targets(codec.leads, codec.columns.targets)
            shrunk["shrinkage"] |= {"led": led} if led else {}
        unscored = {"missing": missing, "windows_left_out": int(windows.left_out.sum()), "stride": self.stride}
        return {"source": series_set.source, **results.to_json(), **shrunk, **unscored, "leakage": self.probe(windows)}

    def last_results(self) -> dict[str, Any]:
        """Return the scores on the test part; without one, those on the validation part, and a warning says so."""
        if not self.data.has_test:
            source = self.data.series_set.source
            logger.warning("%s: no test part; these are the figures of the validation part", source)
        return self.results(self.windows.scored[-1])

    def missing(self, part: str) -> int:
        """Count the targets in the rows of a part that the file lacks: they are filled, and not scored."""
        targets, rows = self.forecaster.codec.columns.targets, self.data.rows(part)
        series = zip(self.data.series_set.series, rows, strict=True)
        return sum(int((~each[part_rows].observed_of(targets)).sum()) for each, part_rows in series)

    def probe(self, windows: Windows) -> float:
        """Change all targets after the first window's origin, and return by how much its forecast changes.

        Anything but 0 is a leak.
        """
        codec = self.forecaster.codec
        series = self.data.series_set.series[int(windows.series[0])]
        row = int(windows.rows[0])
        names = dict.fromkeys(name for each in self.forecaster.codecs for name in each.columns.known)
        known = column_indices(list(names), series.columns)

        def forecast_from(values: Any) -> Any:
            # Columns known ahead may be seen: they keep their values.
            values[:, known] = series.values[:, known]
            of_values = [replace(series, values=values)]
            window = codec.windows(of_values, [slice(row, row + codec.horizon)])
            with same_draws(0):  # the same initial state, if it is drawn
                _, _, forecasts = next(self.forecaster.blocks(of_values, window))
                return forecasts.point

        return leakage(forecast_from, series.values.copy(), row, np.random.default_rng(0))
