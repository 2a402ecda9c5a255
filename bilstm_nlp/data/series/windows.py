"""Windows over series: look-back before an origin, horizon from it. Index arithmetic; nothing is copied but a batch.

An origin is the first row that is forecast. A window belongs to a part when all its targets lie in that part; its
look-back may reach into the rows before the part, as it would on the day of the forecast.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.series.series import Ints
from bilstm_nlp.errors import InputError

Values = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Panel:
    """Series one after the other in one array: first the target columns, last those whose future is known."""

    values: Values
    """(N, F)"""
    offsets: Ints
    """(S + 1,) where each series begins."""
    targets: int
    """Columns that are forecast."""
    known: int = 0
    """Columns known ahead: calendar, holidays, prices. They are part of the look-back too."""

    def __post_init__(self) -> None:
        if not 1 <= self.targets <= self.values.shape[1] - self.known or self.known < 0:
            width = self.values.shape[1]
            raise ValueError(f"expected targets and known among {width} columns, found {self.targets} and {self.known}")

    @classmethod
    def stack(cls, blocks: Sequence[Values], targets: int, known: int = 0) -> Panel:
        """From the (T, F) values of each series; one series is taken as it is, several are copied once."""
        offsets = np.cumsum([0, *map(len, blocks)], dtype=np.int64)
        return cls(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), offsets, targets, known)

    def last(self, look_back: int) -> Values:
        """(S, L, F) the end of each series, to forecast from. Raises `InputError` if one is shorter."""
        lengths = np.diff(self.offsets)
        if lengths.min() < look_back:
            short = int(lengths.argmin())
            raise InputError(f"series {short + 1}: expected at least {look_back} rows, found {lengths[short]}")
        taken: Values = self.values[self.offsets[1:, None] + np.arange(-look_back, 0)]
        return taken


@dataclass(frozen=True, eq=False)
class WindowArrays:
    """B windows."""

    past: Values
    """(B, L, F) all columns."""
    future: Values
    """(B, H, C) the target columns."""
    known: Values
    """(B, H, K) the columns known ahead."""


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows over a panel, in the order of series and dates."""

    panel: Panel
    look_back: int
    horizon: int
    origins: Ints
    """(N,) row of the panel where each horizon begins."""

    @classmethod
    def over(cls, panel: Panel, parts: Sequence[slice], look_back: int, horizon: int, stride: int = 1) -> Windows:
        """The windows of one part of each series (rows of that series), an origin every `stride` rows.

        Raises `InputError` if no series has room for one; `counts` tells which of several have none.
        """
        if min(look_back, horizon, stride) < 1:
            raise ValueError(f"expected sizes of at least 1, found {look_back}, {horizon}, {stride}")
        found = []
        for start, end, part in zip(panel.offsets[:-1], panel.offsets[1:], parts, strict=True):
            first, stop, _ = part.indices(int(end - start))
            found.append(start + np.arange(max(first, look_back), stop - horizon + 1, stride, dtype=np.int64))
        origins = np.concatenate(found)
        if len(origins) == 0:
            longest = max(part.stop - part.start for part in parts)
            raise InputError(
                f"expected a part with {horizon} rows to forecast and {look_back} rows before them, "
                f"found no such window in parts of at most {longest} rows"
            )
        return cls(panel, look_back, horizon, origins)

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def series(self) -> Ints:
        """(N,) number of each window's series."""
        return np.searchsorted(self.panel.offsets, self.origins, side="right") - 1

    @property
    def rows(self) -> Ints:
        """(N,) the origin of each window as a row of its series."""
        rows: Ints = self.origins - self.panel.offsets[self.series]
        return rows

    @property
    def counts(self) -> Ints:
        """(S,) windows of each series."""
        return np.bincount(self.series, minlength=len(self.panel.offsets) - 1)

    def __getitem__(self, number: int) -> tuple[Values, Values]:
        """Window `number` as views: past (L, F), future (H, C)."""
        origin, values = self.origins[number], self.panel.values
        return (
            values[origin - self.look_back : origin],
            values[origin : origin + self.horizon, : self.panel.targets],
        )

    def gather(self, chosen: Ints) -> WindowArrays:
        """The windows `chosen`, in this order, copied into arrays of their own."""
        origins, values = self.origins[chosen, None], self.panel.values
        ahead = origins + np.arange(self.horizon)
        first_known = values.shape[1] - self.panel.known
        return WindowArrays(
            past=values[origins + np.arange(-self.look_back, 0)],
            future=values[:, : self.panel.targets][ahead],
            known=values[:, first_known:][ahead],
        )

    def blocks(self, size: int) -> Iterator[WindowArrays]:
        """All windows in order, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield self.gather(np.arange(start, min(start + size, len(self))))
