"""Windows over series: a look-back before an origin, a horizon from it on.

An origin is the first row to forecast. A window belongs to a part if all its targets lie in that part, or in training
the first of them; targets beyond the part are NaN. Its look-back may reach into the rows before the part, as it would
on the day of the forecast. Windows are row numbers only; values are copied and scaled a batch at a time.

No window sees what comes after its origin. A gap that is open at the origin is filled from the rows before it, even if
the file's later rows have filled it otherwise. A series that was not in training is scaled by the rows before the
origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bilstm_nlp.batch import Ints, Values
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.transform import Units
from bilstm_nlp.errors import InputError

BLOCK = 256
"""Windows gathered at a time where no gradient is needed."""


@dataclass(frozen=True, eq=False)
class WindowArrays:
    """The values of B windows, scaled, and their scale."""

    past: Values
    """(B, L, F) float32: all columns over the look-back; NaN before the series, and before a column's first value."""
    future: Values
    """(B, H, C) float32: the target columns over the horizon; NaN where the file lacks the value."""
    known: Values
    """(B, H, K) float32: the columns known ahead, over the horizon."""
    units: Units
    """The way back to own units, of the targets."""
    facts: Values | None = None
    """(B, C, P) float32: the facts of each target's series; None if there are none."""


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
    left_out: Ints
    """(S,) number of windows of each series that have no target to score, or no past to forecast it from."""
    ends: Ints
    """(S,) row of the panel at which each series' part ends: targets from it on are NaN."""

    @classmethod
    def over(
        cls,
        panel: Panel,
        parts: Sequence[slice],
        look_back: int,
        horizon: int,
        stride: int = 1,
        min_past: int | None = None,
        min_future: int | None = None,
    ) -> Windows:
        """Make the windows of one part of each series, with an origin every `stride` rows.

        A part is a slice of its series' rows. `min_past` is the least number of rows before an origin, by default the
        look-back; `min_future` the least number of the part's rows from it on, by default the horizon. Windows are left
        out, and counted, if every target over the horizon was filled, or every target over the past.
        Raises `InputError` if no window remains; `counts` tells which parts have none.
        """
        least = look_back if min_past is None else min_past
        least_ahead = horizon if min_future is None else min_future
        if min(look_back, horizon, stride, least, least_ahead) < 1:
            raise ValueError(f"expected sizes of at least 1, found {look_back}, {horizon}, {stride}")
        blocks, ends = [], []
        for start, end, part in zip(panel.offsets[:-1], panel.offsets[1:], parts, strict=True):
            first, stop, _ = part.indices(int(end - start))
            last = stop - least_ahead
            if panel.known:  # columns known ahead must be there for the whole horizon
                last = min(last, int(end - start) - horizon)
            blocks.append(start + np.arange(max(first, least), last + 1, stride, dtype=np.int64))
            ends.append(start + stop)
        origins, part_ends = np.concatenate(blocks), np.array(ends)
        if len(origins) == 0:
            longest = max(part.stop - part.start for part in parts)
            raise InputError(
                f"expected a part with {least_ahead} rows to forecast and {least} rows before them, "
                f"found no such window in parts of at most {longest} rows"
            )
        usable = panel.usable(origins, np.minimum(origins + horizon, part_ends[panel.series(origins)]))
        if not usable.any():
            raise InputError(
                f"expected a window with an observed target before its origin and one after it, "
                f"found none in {len(origins)} windows: the file lacks these values"
            )
        left_out = np.bincount(panel.series(origins[~usable]), minlength=len(ends))
        return cls(panel, look_back, horizon, origins[usable], left_out, part_ends)

    @classmethod
    def at(
        cls, panel: Panel, origins: Sequence[Ints], look_back: int, horizon: int, min_past: int | None = None
    ) -> Windows:
        """Make the windows with these origins of each series, each a row (N,) of its series, in this order.

        Raises `InputError` if an origin has no room for look-back and horizon.
        """
        blocks, least = [], look_back if min_past is None else min_past
        for start, end, rows in zip(panel.offsets[:-1], panel.offsets[1:], origins, strict=True):
            wrong = rows[(rows < least) | (rows + horizon > end - start)]
            if len(wrong):
                before, after = wrong[0], end - start - wrong[0]
                expected = f"expected {least} rows before an origin and {horizon} from it on"
                raise InputError(f"{expected}, found {before} and {after}")
            blocks.append(start + rows)
        none = np.zeros(len(panel.offsets) - 1, np.int64)
        return cls(panel, look_back, horizon, np.concatenate(blocks), none, panel.offsets[1:])

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def series(self) -> Ints:
        """(N,) index of each window's series."""
        return self.panel.series(self.origins)

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
        """Copy and scale the values of these windows, in this order."""
        panel, origins = self.panel, self.origins[numbers]
        scale, targets = self.scale(numbers), range(panel.targets)
        series = panel.series(origins)
        curve = None if panel.curves is None else panel.curves.of_windows(series)
        ahead = scale.apply(panel.future(origins, self.horizon, self.ends[series])).astype(np.float32)
        return WindowArrays(
            past=scale.apply(panel.past(origins, self.look_back)).astype(np.float32),
            future=ahead[..., : panel.targets],
            known=ahead[..., ahead.shape[2] - panel.known :],
            units=Units(scale.select(targets), curve, panel.lower),
            facts=None if panel.facts is None else panel.facts[series].astype(np.float32),
        )

    def scale(self, numbers: Ints) -> Scale:
        """Return the scale (B, 1, F) of these windows."""
        origins = self.origins[numbers]
        series = self.panel.series(origins)
        scale = self.panel.scales.at(series, origins - self.panel.offsets[series])
        if not self.panel.ratio:
            return scale
        targets = self.panel.targets
        past = np.abs(self.panel.past(origins, self.look_back)[..., :targets])
        known = ~np.isnan(past)
        size = np.where(known, past, 0).sum(axis=1, keepdims=True) / np.maximum(known.sum(axis=1, keepdims=True), 1)
        return scale.with_first(Scale(np.zeros_like(size), np.where(size > 0, size, 1.0)))

    def past(self, numbers: Ints, rows: int) -> Values:
        """Return the scaled values (B, rows, F) before these windows' origins.

        Before the first value of a column, that value is repeated; 0 stands for a column without any.
        """
        past = self.scale(numbers).apply(self.panel.past(self.origins[numbers], rows)).astype(np.float32)
        missing = np.isnan(past)
        if missing.any():
            first = np.take_along_axis(past, np.argmin(missing, axis=1)[:, None], axis=1)
            past = np.nan_to_num(np.where(missing, first, past))
        return past

    def blocks(self, size: int) -> Iterator[WindowArrays]:
        """Yield the values of all windows in order, at most `size` windows at a time."""
        for start in range(0, len(self), size):
            yield self.gather(np.arange(start, min(start + size, len(self))))
