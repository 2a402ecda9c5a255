"""Windows over series: a look-back before an origin, a horizon from it on.

An origin is the first row to forecast. A window belongs to a part if all its targets lie in that part. Its look-back
may reach into the rows before the part, as it would on the day of the forecast. Windows are row numbers only; values
are copied a batch at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Ints, Values
from bilstm_nlp.errors import InputError


@dataclass(frozen=True, eq=False)
class Panel:
    """A stack of series in one array: the target columns first, the columns known ahead last.

    Raises `ValueError` if there are fewer columns than these roles need.
    """

    values: Values
    """(N, F)"""
    offsets: Ints
    """(S + 1,) first row of each series, and N."""
    targets: int
    """Number of columns to forecast."""
    known: int = 0
    """Number of columns known ahead: calendar, holidays, prices. The look-back has them too."""

    def __post_init__(self) -> None:
        if not 1 <= self.targets <= self.values.shape[1] - self.known or self.known < 0:
            width = self.values.shape[1]
            raise ValueError(f"expected targets and known among {width} columns, found {self.targets} and {self.known}")

    @classmethod
    def stack(cls, blocks: Sequence[Values], targets: int, known: int = 0) -> Panel:
        """Stack the values (T, F) of each series. A single series is not copied."""
        offsets = np.cumsum([0, *map(len, blocks)], dtype=np.int64)
        return cls(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), offsets, targets, known)

    def last(self, look_back: int) -> Values:
        """Return the last rows (S, L, F) of each series. Raises `InputError` if a series is shorter."""
        lengths = np.diff(self.offsets)
        if lengths.min() < look_back:
            shortest = int(lengths.argmin())
            raise InputError(f"series {shortest + 1}: expected at least {look_back} rows, found {lengths[shortest]}")
        past: Values = self.values[self.offsets[1:, None] + np.arange(-look_back, 0)]
        return past


@dataclass(frozen=True, eq=False)
class WindowArrays:
    """The values of B windows."""

    past: Values
    """(B, L, F) all columns over the look-back."""
    future: Values
    """(B, H, C) the target columns over the horizon."""
    known: Values
    """(B, H, K) the columns known ahead, over the horizon."""


@dataclass(frozen=True, eq=False)
class Windows:
    """N windows over a panel, in the order of series and dates.

    >>> panel = Panel.stack([np.arange(10.0)[:, None]], targets=1)
    >>> windows = Windows.over(panel, [slice(6, 10)], look_back=3, horizon=2)
    >>> windows.rows.tolist()
    [6, 7, 8]
    >>> windows.gather(np.array([0])).past[0, :, 0].tolist()
    [3.0, 4.0, 5.0]
    """

    panel: Panel
    look_back: int
    horizon: int
    origins: Ints
    """(N,) row of the panel where each horizon begins."""

    @classmethod
    def over(cls, panel: Panel, parts: Sequence[slice], look_back: int, horizon: int, stride: int = 1) -> Windows:
        """Make the windows of one part of each series, with an origin every `stride` rows.

        A part is a slice of its series' rows. Raises `InputError` if no part has room for a window; `counts` tells
        which parts have none.
        """
        if min(look_back, horizon, stride) < 1:
            raise ValueError(f"expected sizes of at least 1, found {look_back}, {horizon}, {stride}")
        blocks = []
        for start, end, part in zip(panel.offsets[:-1], panel.offsets[1:], parts, strict=True):
            first, stop, _ = part.indices(int(end - start))
            blocks.append(start + np.arange(max(first, look_back), stop - horizon + 1, stride, dtype=np.int64))
        origins = np.concatenate(blocks)
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
        """(N,) index of each window's series."""
        return np.searchsorted(self.panel.offsets, self.origins, side="right") - 1

    @property
    def rows(self) -> Ints:
        """(N,) each window's origin, as a row of its series."""
        rows: Ints = self.origins - self.panel.offsets[self.series]
        return rows

    @property
    def counts(self) -> Ints:
        """(S,) number of windows in each series."""
        return np.bincount(self.series, minlength=len(self.panel.offsets) - 1)

    def gather(self, numbers: Ints) -> WindowArrays:
        """Copy the values of these windows, in this order."""
        origins, values = self.origins[numbers, None], self.panel.values
        ahead = origins + np.arange(self.horizon)
        first_known = values.shape[1] - self.panel.known
        return WindowArrays(
            past=values[origins + np.arange(-self.look_back, 0)],
            future=values[:, : self.panel.targets][ahead],
            known=values[:, first_known:][ahead],
        )

    def blocks(self, size: int) -> Iterator[WindowArrays]:
        """Yield the values of all windows in order, at most `size` windows at a time."""
        for start in range(0, len(self), size):
            yield self.gather(np.arange(start, min(start + size, len(self))))
