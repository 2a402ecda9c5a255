"""Forecasts by methods of statistics: ETS, Theta and ARIMA, each fitted anew at each origin. Owns statsforecast.

A method sees the rows of a series up to the origin, as a model does: missing values are filled, and a gap that is open
at the origin has the last value before it. Rows before a column's first value do not count. A fit without a usable
result is replaced by a repeated season, and recorded.
"""

from __future__ import annotations

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import NormalDist
from typing import Any, Literal, assert_never

import numpy as np
import pandas as pd

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.errors import InputError

logger = logging.getLogger(__name__)

Method = Literal["ets", "theta", "arima"]
METHODS: tuple[Method, ...] = ("ets", "theta", "arima")

FITS_PER_PROCESS = 200
"""Fits for which a further process is worth its start."""
NAMED = 5
"""Replaced forecasts that a warning names."""
FEW_ROWS = 10
"""Rows that a failed fit is blamed on."""


def title(method: Method) -> str:
    """Return the name of a method in reports.

    >>> title("theta")
    'Theta'
    """
    match method:
        case "ets":
            return "ETS"
        case "theta":
            return "Theta"
        case "arima":
            return "ARIMA"
        case unknown:
            assert_never(unknown)


def method_names(names: Sequence[str]) -> tuple[Method, ...]:
    """Return the methods of these names, each once. Raises `InputError` for another name.

    >>> method_names(["theta", "ets", "theta"])
    ('theta', 'ets')
    """
    chosen: dict[Method, None] = {}
    for name in [names] if isinstance(names, str) else names:
        known = [method for method in METHODS if method == name]
        if not known:
            raise InputError(f"baselines (--baselines): expected some of {', '.join(METHODS)}, found {name!r}")
        chosen |= dict.fromkeys(known)
    return tuple(chosen)


def check_installed(methods: Sequence[Method]) -> None:
    """Raise `InputError` if there are methods and statsforecast is not installed."""
    if problem := lacking_package(methods):
        raise InputError(problem)


def lacking_package(methods: Sequence[Method]) -> str | None:
    """Describe the lack of statsforecast; `None` if it is installed or there are no methods."""
    if not methods or find_spec("statsforecast") is not None:
        return None
    advice = "pip install 'bilstm-nlp[baselines]'"
    return f"baselines: expected the package statsforecast for {', '.join(methods)}, found none; {advice}"


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
    named = "; ".join(
        f"series {each.series!r}, column {each.column!r} after {each.origin}: {each.reason}"
        for each in replaced[:NAMED]
    )
    more = f"; and {len(replaced) - NAMED} more" if len(replaced) > NAMED else ""
    logger.warning(
        "%s: %d forecasts repeat the last season, or the last value, instead: %s%s",
        *(title(method), len(replaced), named, more),
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
        jobs = self.jobs or max(1, min(os.cpu_count() or 1, total // FITS_PER_PROCESS))
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
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn"))
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
        fit = partial(_fitted, method, self.season, horizon, tuple(levels))
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
        """Yield the result of each fit, in order."""
        results = map(fit, pasts) if self._pool is None else self._pool.map(fit, pasts, chunksize=8)
        for result in results:
            self.done += 1
            if self.watch is not None:
                self.watch(f"{self.done:,} of {self.total:,} fits")
            yield result


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


def repeated_season(past: Floats, season: int, horizon: int, levels: Sequence[float]) -> Floats:
    """Repeat the last season of the past (T,), or its last value if it is shorter, with normal intervals.

    The result (1 + 2L, H) has the forecast, the lower borders and the upper borders. The deviation of k seasons ahead
    is √k times that of one (Hyndman and Athanasopoulos 2021, 5.5).

    >>> repeated_season(np.array([1.0, 2.0, 1.0]), 2, 3, [])
    array([[2., 1., 2.]])
    """
    season = season if len(past) >= season else 1
    steps = np.arange(horizon)
    point = past[len(past) - season + steps % season]
    errors = past[season:] - past[:-season]
    with np.errstate(over="ignore"):
        deviation = math.sqrt(float((errors**2).mean())) if len(errors) else 0.0
    widths = [NormalDist().inv_cdf((1 + level) / 2) * deviation * np.sqrt(steps // season + 1) for level in levels]
    return np.stack([point, *(point - width for width in widths), *(point + width for width in widths)])


def _fitted(method: Method, season: int, horizon: int, levels: tuple[float, ...], past: Floats) -> Floats | str:
    """Fit a method to the past (T,) and return its forecast and borders (1 + 2L, H), or the reason why there is none.

    A border never crosses the forecast: some are simulated.
    """
    percents = [100 * level for level in levels]
    # Intervals of Theta reseed the generator that all of numpy's users share.
    state = np.random.get_state()  # noqa: NPY002
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = _model(method, season).forecast(y=past, h=horizon, level=percents or None)
    except Exception as error:  # of any kind: the fits share no rules
        few = len(past) <= FEW_ROWS
        return f"{len(past)} rows are too few" if few else f"{type(error).__name__}: {' '.join(str(error).split())}"
    finally:
        np.random.set_state(state)  # noqa: NPY002
    point = np.asarray(result["mean"], np.float64)
    lows, highs = (
        [np.asarray(result[f"{side}-{percent}"], np.float64) for percent in percents] for side in ("lo", "hi")
    )
    path = np.stack([point, *(np.minimum(low, point) for low in lows), *(np.maximum(high, point) for high in highs)])
    return path if np.isfinite(path).all() else "a forecast that is not a number"


def _model(method: Method, season: int) -> Any:
    """Make a method's untrained model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that statsforecast imports
        from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta
    match method:
        case "ets":
            return AutoETS(season_length=season)
        case "theta":
            return DynamicOptimizedTheta(season_length=season)
        case "arima":
            return AutoARIMA(season_length=season)
        case unknown:
            assert_never(unknown)
