"""Series stacked in one array, and what an origin sees of them: the values before it, and the values from it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints
from bilstm_nlp.data.series.scale import OriginScales, Scale
from bilstm_nlp.data.series.transform import Curve


@dataclass(frozen=True, eq=False)
class Panel:
    """A stack of S series in one array, transformed but not scaled: the targets first, the columns known ahead last.

    Raises `ValueError` if there are fewer columns than these roles need.
    """

    values: Floats
    """(N, F)"""
    offsets: Ints
    """(S + 1,) first row of each series, and N."""
    scales: OriginScales
    """The scales of the F columns."""
    targets: int
    """Number of columns to forecast."""
    known: int = 0
    """Number of columns known ahead: calendar, holidays, prices. The look-back has them too."""
    curves: Curve | None = None
    """(S, C) curves that the targets were transformed by, before their scale; None for none."""
    lower: float | None = None
    """Least value of a target in own units."""
    ratio: bool = False
    """True if each window's targets are divided by the mean size of their look-back, instead of their scale."""
    observed: Bools | None = None
    """(N, F − known) False where a value was filled; None if none was."""
    facts: Floats | None = None
    """(S, C, P) facts of each target of each series; None if there are none."""

    def __post_init__(self) -> None:
        if not 1 <= self.targets <= self.values.shape[1] - self.known or self.known < 0:
            width = self.values.shape[1]
            raise ValueError(f"expected targets and known among {width} columns, found {self.targets} and {self.known}")

    @classmethod
    def stack(
        cls,
        blocks: Sequence[Floats],
        targets: int,
        known: int = 0,
        *,
        scales: Sequence[Scale] | None = None,
        curves: Sequence[Curve] | None = None,
        lower: float | None = None,
        ratio: bool = False,
        observed: Sequence[Bools] | None = None,
        facts: Sequence[Floats] | None = None,
    ) -> Panel:
        """Stack the values (T, F) of each series. A single series is not copied.

        `scales`: of each series, (F,) or (T + 1, F) as `OriginScales` takes them; by default values keep their units.
        `observed`: (T, F − known) of each series; None if nothing was filled. `facts`: (C, P) of each series.
        """
        offsets = np.cumsum([0, *map(len, blocks)], dtype=np.int64)
        values = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
        if scales is None:
            scales = [Scale.unit(values.shape[1])] * len(blocks)
        seen = None if observed is None else np.concatenate(observed)
        curve = None if curves is None else Curve.stack(curves)
        stacked = None if facts is None else np.stack(facts)
        return cls(values, offsets, OriginScales.stack(scales), targets, known, curve, lower, ratio, seen, stacked)

    @cached_property
    def last_observed(self) -> Ints:
        """(N, F − known) last row up to each row in which the file has the column's value; −1 if there is none."""
        assert self.observed is not None
        rows = np.where(self.observed, np.arange(len(self.values))[:, None], -1)
        blocks = [
            np.maximum.accumulate(rows[start:end])
            for start, end in zip(self.offsets[:-1], self.offsets[1:], strict=True)
        ]
        return np.concatenate(blocks)

    def series(self, origins: Ints) -> Ints:
        """Return the index (N,) of the series of each origin, which has a row before it or from it on."""
        return np.searchsorted(self.offsets, origins, side="right") - 1

    def usable(self, origins: Ints, ends: Ints) -> Bools:
        """Tell of each origin (N,) if a target was observed in the rows from it on to its end (N,), and one before."""
        if self.observed is None:
            return np.ones(len(origins), dtype=np.bool_)
        seen = np.concatenate([np.zeros((1, self.targets), np.int64), self.observed[:, : self.targets].cumsum(axis=0)])
        ahead = seen[ends] > seen[origins]
        before = self.last_observed[origins - 1, : self.targets] >= 0
        usable: Bools = np.any(ahead & before, axis=1)
        return usable

    def past(self, origins: Ints, rows: int) -> Floats:
        """(B,) origins → (B, rows, F) values before them; NaN before a series or its first observed value"""
        before = origins[:, None] + np.arange(-rows, 0)
        start = self.offsets[np.searchsorted(self.offsets, origins - 1, side="right") - 1][:, None]
        padded = before < start
        past: Floats = self.values[np.maximum(before, start)]
        if padded.any():
            past[padded] = np.nan
        if self.observed is not None and rows:
            width = self.observed.shape[1]
            last = self.last_observed[origins - 1][:, None]
            filled = self.values[np.minimum(before[..., None], last), np.arange(width)]
            past[..., :width] = np.where((last < 0) | padded[..., None], np.nan, filled)
        return past

    def future(self, origins: Ints, rows: int, ends: Ints) -> Floats:
        """(B,) origins → (B, rows, F) values from them on

        A target is NaN from its end (B,) on, where it was filled, and where none of its values was observed before the
        origin.
        """
        ahead = origins[:, None] + np.arange(rows)
        beyond = ahead >= ends[:, None]
        ahead = np.minimum(ahead, len(self.values) - 1)
        future: Floats = self.values[ahead]
        if self.observed is not None:
            begun = self.last_observed[origins - 1, None, : self.targets] >= 0
            seen = self.observed[ahead][..., : self.targets] & begun
            future[..., : self.targets] = np.where(seen, future[..., : self.targets], np.nan)
        if beyond.any():
            future[beyond, : self.targets] = np.nan
        return future
