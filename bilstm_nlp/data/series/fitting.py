"""Parts of fitting a codec to training rows: a scale that series share, deviations, and a warning."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Floats
from bilstm_nlp.data.series.effects import fit_effects
from bilstm_nlp.data.series.scale import Scale, ScalerKind
from bilstm_nlp.data.series.series import Columns, Series
from bilstm_nlp.data.series.transform import Curve, TransformKind, check_lower
from bilstm_nlp.errors import listed

logger = logging.getLogger(__name__)


def shared_scale(kind: ScalerKind, rows: Sequence[tuple[Floats, Bools]], count: int) -> Scale:
    """Fit the scale of the last `count` columns to the values and masks (T, F) of all series together."""
    if count == 0:
        return Scale.unit(0)
    values, observed = (np.concatenate([block[:, -count:] for block in blocks]) for blocks in zip(*rows, strict=True))
    scale = Scale.fit(kind, values, observed)
    flags = ((values == 0) | (values == 1) | ~observed).all(axis=0)
    return Scale(np.where(flags, 0.0, scale.centre), np.where(flags, 1.0, scale.size))


def check_values(series: Sequence[Series], targets: Sequence[str], lower: float | None) -> None:
    """Raise `InputError` for a target below the lower bound, with its line."""
    for each in series if lower is not None else ():
        assert lower is not None
        check_lower(lower, each, targets)


def check_curves(series: Sequence[Series], targets: Sequence[str], curves: Mapping[str, Curve]) -> None:
    """Raise `InputError` for a target that its series' curve does not take, with its line."""
    for each in series if curves else ():
        curves[each.id].check(each, targets)


def fit_scales(
    kind: ScalerKind,
    transform: TransformKind,
    training: Sequence[Series],
    columns: Columns,
    curves: Mapping[str, Curve],
) -> tuple[dict[str, Scale], dict[str, Floats]]:
    """Fit the scale (F,) of each series to its training rows, and the deviation (C,) of its scaled targets.

    Columns known ahead have the scale of all series together.
    """
    names, width = columns.all, len(columns.targets)
    rows = [
        (transformed(series, names, width, curves.get(series.id)), series.observed_of(names)) for series in training
    ]
    # Codes of categories are no quantities, and keep their values.
    shared = shared_scale(kind, rows, len(columns.known)).with_last(Scale.unit(len(columns.coded)))
    scales, deviations = {}, {}
    for series, (values, observed) in zip(training, rows, strict=True):
        own = Scale.fit(kind, values, observed)
        if transform == "ratio":
            own = own.with_first(mean_sizes(values[:, :width], observed))
        scales[series.id] = own.with_last(shared)
        deviations[series.id] = deviations_of(scales[series.id].apply(values), observed)[:width]
    if kind == "robust":
        warn_of_flat_quartiles(training, rows, names[: len(names) - len(columns.coded)])
    return scales, deviations


def known_scale(scales: Mapping[str, Scale], columns: Columns) -> Scale:
    """Return the scale (K,) of the columns known ahead, which all series share."""
    scale, count = next(iter(scales.values())), len(columns.all)
    return scale.select(range(count - len(columns.known), count))


def idle_columns(training: Sequence[Series], columns: Columns) -> tuple[str, ...]:
    """Return the known columns that have one value in all training rows, so that nothing can be learned from them."""
    idle = []
    for name in columns.known:
        values = [_cells(series, name) for series in training]
        if len(set().union(*(np.unique(block).tolist() for block in values))) <= 1:
            idle.append(name)
    return tuple(idle)


def _cells(series: Series, name: str) -> NDArray[Any]:
    """Return the values (T,) of a known column: numbers, or labels of categories, which have codes of their file."""
    values = series.select([name])[:, 0]
    if name not in series.labels:
        return values
    return np.array(["", *series.labels[name]])[values.astype(np.int64)]


def curves_of(kind: TransformKind, training: Sequence[Series], targets: Sequence[str]) -> dict[str, Curve]:
    """Fit a curve to the training rows of each series, by its name; none if the transform has no curve."""
    match kind:
        case "none" | "ratio":
            return {}
        case "log1p" | "box-cox":
            return {
                series.id: Curve.fit(kind, series.select(targets), series.observed_of(targets)) for series in training
            }
        case unknown:
            assert_never(unknown)


def transformed(series: Series, columns: Sequence[str], targets: int, curve: Curve | None) -> Floats:
    """Return the values (T, F) of these columns, the first `targets` of them transformed by the curve."""
    values = series.select(columns)
    if curve is not None:
        # Placeholders of missing values may lie outside the curve: 1 is inside any.
        own = values[:, :targets]
        values[:, :targets] = curve.apply(np.where(own > -curve.shift, own, 1.0))
    return values


def fitted_effects(
    training: Sequence[Series], columns: Columns, curves: Mapping[str, Curve], scales: Mapping[str, Scale]
) -> Floats | None:
    """Estimate the effects (K, C) of numeric columns known ahead on the scaled targets of all series together.

    `None` if a model reads no such column.
    """
    names, width, read = columns.all, len(columns.targets), columns.read
    numbers = [names.index(name) for name in read.known if name not in read.coded]
    if not numbers:
        return None
    targets, known = [], []
    for series in training:
        values = scales[series.id].apply(transformed(series, names, width, curves.get(series.id)))
        targets.append(np.where(series.observed_of(columns.targets), values[:, :width], np.nan))
        known.append(values[:, numbers])
    return fit_effects(targets, known)


def mean_sizes(values: Floats, observed: Bools) -> Scale:
    """Return the scale (C,) of the mean size of observed values (T, C); 1 where it is 0."""
    seen = observed[:, : values.shape[1]]
    size = np.where(seen, np.abs(values), 0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return Scale(np.zeros_like(size), np.where(size > 0, size, 1.0))


def deviations_of(values: Floats, observed: Bools) -> Floats:
    """Return the standard deviation (F,) of the observed values in each column; 0 for a column without any."""
    if observed.all():
        deviations: Floats = values.std(axis=0)
        return deviations
    columns = zip(values.T, observed.T, strict=True)
    return np.array([column[seen].std() if seen.any() else 0.0 for column, seen in columns])


def warn_of_flat_quartiles(
    training: Sequence[Series], rows: Sequence[tuple[Floats, Bools]], names: Sequence[str]
) -> None:
    """Name the columns whose interquartile range is 0 although their values differ."""
    for index, name in enumerate(names):
        flat = [
            series.id
            for series, (values, observed) in zip(training, rows, strict=True)
            if _flat_quartiles(values[:, [index]], observed[:, [index]])[0]
        ]
        if flat:
            logger.warning(
                "data.scaler: column %r has an interquartile range of 0 in %d series (%s), which have their standard "
                "deviation as size instead",
                *(name, len(flat), ", ".join(map(repr, flat[:5]))),
            )


def _flat_quartiles(values: Floats, observed: Bools) -> Bools:
    """Tell of each column (C,) if its values differ although their interquartile range is 0.

    >>> _flat_quartiles(np.array([[1.0], [1.0], [1.0], [9.0]] * 2), np.ones((8, 1), dtype=bool)).tolist()
    [False]
    >>> _flat_quartiles(np.array([[1.0], [1.0], [1.0], [1.0], [9.0]]), np.ones((5, 1), dtype=bool)).tolist()
    [True]
    """
    flat = []
    for column, seen in zip(values.T, observed.T, strict=True):
        kept = column[seen]
        low, high = np.percentile(kept, [25, 75]) if len(kept) else (0.0, 0.0)
        flat.append(bool(len(kept)) and bool(low == high) and bool(np.ptp(kept) > 0))
    return np.array(flat, dtype=np.bool_)


def warn_of_unknown(names: Sequence[str], said: set[str]) -> None:
    """Name the series that were not in training, unless they are among those `said` before, and add them."""
    new = [name for name in dict.fromkeys(names) if name not in said]
    said.update(new)
    if new:
        shown = listed([repr(name) for name in new])
        logger.warning("not in training, scaled by the rows before each origin: series %s", shown)
