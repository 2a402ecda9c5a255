"""Methods of statistics: ETS, Theta and ARIMA, fitted to the past of a column. Owns statsforecast."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from statistics import NormalDist
from typing import Any, Literal, assert_never

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.errors import InputError

Method = Literal["ets", "theta", "arima"]
METHODS: tuple[Method, ...] = ("ets", "theta", "arima")

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


def fitted(method: Method, season: int, horizon: int, levels: tuple[float, ...], past: Floats) -> Floats | str:
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
        return _reason(past, f"{type(error).__name__}: {' '.join(str(error).split())}")
    finally:
        np.random.set_state(state)  # noqa: NPY002
    point = np.asarray(result["mean"], np.float64)
    lows, highs = (
        [np.asarray(result[f"{side}-{percent}"], np.float64) for percent in percents] for side in ("lo", "hi")
    )
    path = np.stack([point, *(np.minimum(low, point) for low in lows), *(np.maximum(high, point) for high in highs)])
    return path if np.isfinite(path).all() else _reason(past, "a forecast that is not a number")


def _reason(past: Floats, otherwise: str) -> str:
    """Return the reason of a failed fit: a short past, or another."""
    rows = "1 row is" if len(past) == 1 else f"{len(past)} rows are"
    return f"{rows} too few" if len(past) <= FEW_ROWS else otherwise


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
