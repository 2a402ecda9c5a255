"""Covariates as a codec knows them: categories and static values of the training, and what a series lacks of them.

The facts of a target are a row of numbers: scaled static numbers, a flag for each of them that is 1 if it is unknown,
and the codes of static categories, 0 if unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.categories import Labels, seen_labels, translation
from bilstm_nlp.data.series.fitting import shared_scale
from bilstm_nlp.data.series.scale import Scale, ScalerKind
from bilstm_nlp.data.series.series import Columns, Series, StaticCell
from bilstm_nlp.errors import listed

logger = logging.getLogger(__name__)


def fit_categories(training: Sequence[Series], columns: Columns) -> dict[str, Labels]:
    """Return the labels in the training rows of each column of categories, in order."""
    categories: dict[str, Labels] = {}
    for name in columns.categorical:
        labels: set[str] = set()
        for series in training:
            if name in columns.static:
                labels |= {cell for cell in series.static[name] if isinstance(cell, str)}
            else:
                labels |= seen_labels(series.labels[name], [series.select([name])])
        categories[name] = tuple(sorted(labels))
    return categories


@dataclass(frozen=True)
class Remark:
    """A remark on a covariate of a series."""

    what: str
    series: str
    rows: str = ""
    """The rows that it is true of, for a message."""


@dataclass(frozen=True, eq=False)
class StaticCodec:
    """The static columns of a training: their units, and the values of its series."""

    numbers: tuple[str, ...]
    """Columns of numbers."""
    scale: Scale
    """(n,) of these columns."""
    categories: Mapping[str, Labels]
    """Column of categories → its labels."""
    values: Mapping[str, Mapping[str, tuple[StaticCell, ...]]]
    """Series → column → its value, or a value for each target."""

    @classmethod
    def fit(
        cls, kind: ScalerKind, training: Sequence[Series], columns: Columns, categories: Mapping[str, Labels]
    ) -> StaticCodec:
        """Fit the units to the values of all series. Numbers of 0 and 1 alone stay as they are."""
        numbers = tuple(name for name in columns.static if name not in columns.categorical)
        own = {name: categories[name] for name in columns.static if name in columns.categorical}
        values = {series.id: {name: series.static[name] for name in columns.static} for series in training}
        rows = [_numbers(values[series.id], numbers, len(columns.targets)) for series in training]
        known = [(np.nan_to_num(block), ~np.isnan(block)) for block in rows]
        return cls(numbers, shared_scale(kind, known, len(numbers)), own, values)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, numbers first."""
        return (*self.numbers, *self.categories)

    def facts(self, series: Series, trained: str | None, targets: int) -> Floats:
        """Return the facts (C, P) of a series, whose name in training is `trained`.

        A column that the series lacks has the value of the training.
        """
        own = self._cells(series, trained)
        numbers = _numbers(own, self.numbers, targets)
        codes = np.zeros((targets, len(self.categories)))
        for index, (name, labels) in enumerate(self.categories.items()):
            cells = own.get(name, (None,))
            codes[:, index] = [labels.index(cell) + 1 if cell in labels else 0 for cell in cells]
        scaled = np.nan_to_num(self.scale.apply(numbers))
        return np.concatenate([scaled, np.isnan(numbers), codes], axis=1)

    def _cells(self, series: Series, trained: str | None) -> dict[str, tuple[StaticCell, ...]]:
        """Return the values of a series: its own, else those of the training."""
        cells = dict(self.values[trained]) if trained is not None else {}
        return cells | {name: own for name, own in series.static.items() if name in self.names and any_given(own)}

    # --- what is unknown ---

    def remarks(self, series: Series, trained: str | None) -> Iterable[Remark]:
        """Yield a remark for each static column that is unknown, or has another value than in training."""
        own = self._cells(series, trained)
        before = {} if trained is None else self.values[trained]
        for name in self.names:
            cells = own.get(name, (None,))
            if None in cells:
                yield Remark(f"static column {name!r} has no value, and is read as unknown", series.id)
            labels = self.categories.get(name)
            for cell in dict.fromkeys(cells):
                if labels is not None and cell is not None and cell not in labels:
                    what = f"static column {name!r} is {cell!r}, which no training row has: read as unknown"
                    yield Remark(what, series.id)
            if name in before and any_given(before[name]) and cells != before[name] and len(cells) == 1:
                what = f"static column {name!r} is {cells[0]!r}, not {before[name][0]!r} as in training"
                yield Remark(what, series.id)


def any_given(cells: Sequence[StaticCell]) -> bool:
    """Tell if any value is not missing."""
    return any(cell is not None for cell in cells)


def _numbers(cells: Mapping[str, tuple[StaticCell, ...]], names: Sequence[str], targets: int) -> Floats:
    """Return the numbers (C, n) of these columns; NaN for a missing value."""
    numbers = np.full((targets, len(names)), np.nan)
    for index, name in enumerate(names):
        values = [np.nan if cell is None or isinstance(cell, str) else cell for cell in cells.get(name, (None,))]
        numbers[:, index] = values
    return numbers


# --- categories known ahead ---


def translated(values: Floats, series: Series, coded: Sequence[str], categories: Mapping[str, Labels]) -> Floats:
    """Return the codes (T, K) of a series' columns as codes of the training's labels."""
    result = np.zeros_like(values)
    for index, name in enumerate(coded):
        result[:, index] = translation(series.labels[name], categories[name])[values[:, index].astype(np.int64)]
    return result


def unseen(series: Series, coded: Sequence[str], categories: Mapping[str, Labels]) -> Iterable[Remark]:
    """Yield a remark for each label of a series' columns that the training rows lack."""
    for name in coded:
        labels = series.labels[name]
        strange = translation(labels, categories[name]) == 0
        strange[0] = False
        if not strange.any():
            continue
        codes = series.select([name])[:, 0].astype(np.int64)
        for code in np.unique(codes[strange[codes]]):
            rows = np.flatnonzero(codes == code)
            what = f"column {name!r} has {labels[code - 1]!r}, which no training row has: read as unknown"
            yield Remark(what, series.id, f" ({len(rows)} rows, the first at {series.dates[rows[0]]})")


@dataclass
class Remarks:
    """Remarks on the covariates of series, joined to one warning for each kind."""

    said: set[str]
    """Remarks of warnings before, which are not given again."""
    new: dict[str, list[str]] = field(default_factory=dict)
    """Text of a remark → the series that it is about."""

    def add(self, remarks: Iterable[Remark]) -> None:
        """Add remarks, unless they were said before."""
        for remark in remarks:
            key = f"{remark.what}: {remark.series!r}"
            if key not in self.said:
                self.said.add(key)
                self.new.setdefault(remark.what, []).append(f"{remark.series!r}{remark.rows}")

    def warn(self) -> None:
        """Give a warning for each kind, with the number of series and the first of them."""
        for what, named in self.new.items():
            logger.warning("%s, in %d series: %s", what, len(named), listed(named))
