"""Forecasts by methods of statistics from origins of series, beside those of a model.

A method sees the rows of a series up to the origin, as a model does: missing values are filled, and a gap that is open
at the origin has the last value before it. Rows before a column's first value do not count. A fit without a usable
result is replaced by a repeated season, and recorded.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.statistical import Method, check_installed, fitted, repeated_season, title
from bilstm_nlp.errors import WorkerError, listed
from bilstm_nlp.system.processes import cores, follow_parent, threads_of_libraries

logger = logging.getLogger(__name__)

FITS_PER_PROCESS = 200
"""Fits for which a further process is worth its start."""


@dataclass(frozen=True)
class Replaced:
    """A forecast that a repeated season, or a repeated value, takes the place of."""

    series: str
    origin: pd.Timestamp | int
    """The last date of the past."""
    column: str
    reason: str


def warn_of_replaced(method: Method, replaced: Sequence[Replaced]) -> None:
    """Say how many forecasts of a method were replaced, name some and give the reasons."""
    if not replaced:
        return
    named = [f"series {each.series!r}, column {each.column!r} after {each.origin}: {each.reason}" for each in replaced]
    logger.warning(
        "%s: no usable fit in %d cases, which repeat the last season or value: %s",
        *(title(method), len(replaced), listed(named, "; ")),
    )


@dataclass(frozen=True, eq=False)
class MethodForecasts:
    """The forecasts (H, C) of a method from N origins, in own units, with the borders of L levels."""

    point: Floats
    """(N, H, C); 0 for a column without a value before the origin."""
    lower: Floats
    """(L, N, H, C)"""
    upper: Floats
    """(L, N, H, C)"""
    replaced: list[Replaced]


@dataclass(frozen=True)
class Methods:
    """A choice of methods to forecast with beside a model, and of the way to fit them."""

    names: tuple[Method, ...] = ()
    jobs: int | None = 1
    """Processes to fit with; `None` for as many as the fits are worth."""
    watch: Callable[[str], None] | None = None
    """Told after each fit how many are done, such as "7 of 96 fits"."""

    def fitter(self, fits: int, season: int) -> Fitter:
        """Return a fitter for so many fits of each method, with a season of so many rows; say how many they are.

        Raises `InputError` if there are methods and statsforecast is not installed.
        """
        check_installed(self.names)
        total = fits * len(self.names)
        jobs = self.jobs or max(1, min(cores(), total // FITS_PER_PROCESS))
        if total:
            shared = f", by {jobs} processes" if jobs > 1 else ""
            logger.info("%s: %d fits, season %d%s", ", ".join(map(title, self.names)), total, season, shared)
        return Fitter(season, jobs, total, self.watch)


NO_METHODS = Methods()


@dataclass
class Fitter:
    """A context in which methods are fitted, by one process or several. The results do not depend on their number."""

    season: int
    jobs: int
    total: int
    watch: Callable[[str], None] | None
    done: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    _pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Fitter:
        if self.jobs > 1:
            # A fork would copy the threads' locks.
            context = get_context("spawn")
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=follow_parent)
            self._stack.callback(self._pool.shutdown, cancel_futures=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def forecasts(
        self,
        method: Method,
        windows: Sequence[tuple[Series, int]],
        targets: Sequence[str],
        horizon: int,
        levels: Sequence[float],
        lower: float | None = None,
    ) -> MethodForecasts:
        """Forecast `horizon` rows of N windows, each a series and its origin, with intervals of these levels.

        `lower`: the least value of a forecast.
        """
        pasts = [past for each, row in windows for past in pasts_of(each, row, targets)]
        shape = (len(windows), len(targets), 1 + 2 * len(levels), horizon)
        paths, replaced = np.zeros((len(pasts), *shape[2:])), []
        known = [index for index, past in enumerate(pasts) if past is not None]
        fit = partial(fitted, method, self.season, horizon, tuple(levels))
        for index, result in zip(known, self._map(fit, [pasts[index] for index in known]), strict=True):
            past = pasts[index]
            assert past is not None
            if isinstance(result, str):
                each, row = windows[index // len(targets)]
                column = targets[index % len(targets)]
                replaced.append(Replaced(each.id, each.dates[row - 1], column, result))
                result = repeated_season(past, self.season, horizon, levels)
            paths[index] = result if lower is None else np.maximum(result, lower)
        self.done += len(pasts) - len(known)
        # (N, C, 1 + 2L, H) to (1 + 2L, N, H, C)
        point, *borders = paths.reshape(shape).transpose(2, 0, 3, 1)
        empty = np.empty((0, *point.shape))
        lows, highs = np.array(borders[: len(levels)]), np.array(borders[len(levels) :])
        return MethodForecasts(point, lows if levels else empty, highs if levels else empty, replaced)

    def _map(self, fit: Callable[[Floats], Floats | str], pasts: Sequence[Any]) -> Iterator[Floats | str]:
        """Yield the result of each fit, in order. Raises `WorkerError` if a process died."""
        with threads_of_libraries(1):  # of processes that start now
            results = map(fit, pasts) if self._pool is None else self._pool.map(fit, pasts, chunksize=8)
        try:
            for result in results:
                self.done += 1
                if self.watch is not None:
                    self.watch(f"{self.done:,} of {self.total:,} fits")
                yield result
        except BrokenProcessPool:
            raise WorkerError("a process that fits baselines died; fewer --jobs need less memory") from None


def pasts_of(series: Series, row: int, columns: Sequence[str]) -> list[Floats | None]:
    """Return the rows of each column from its first value up to an origin; `None` for a column without a value there.

    Values after the last observed one are that value, as the file's later rows may have filled them otherwise.

    >>> days = pd.date_range("2024-01-01", periods=4)
    >>> values, seen = np.array([[0.0], [2.0], [4.0], [6.0]]), np.array([[False], [True], [False], [True]])
    >>> series = Series("shop", days, values, ("sales",), np.arange(4), seen)
    >>> pasts_of(series, 3, ["sales"])[0].tolist()
    [2.0, 2.0]
    """
    part = series[:row]
    result: list[Floats | None] = []
    for column, seen in zip(part.select(columns).T, part.observed_of(columns).T, strict=True):
        rows = np.flatnonzero(seen)
        result.append(column[np.minimum(np.arange(rows[0], row), rows[-1])] if len(rows) else None)
    return result
