"""Forecasts by methods of statistics against statsforecast called by hand, and what they must not see."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.method_forecasts import Fitter, MethodForecasts, Methods, pasts_of, warn_of_replaced
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.statistical import Method
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import WorkerError

SEASON, HORIZON = 4, 3


@pytest.fixture
def models():
    """The models of statsforecast, by method, with a season of 4."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imported = pytest.importorskip("statsforecast.models")
    return {
        "ets": imported.AutoETS(season_length=SEASON),
        "theta": imported.DynamicOptimizedTheta(season_length=SEASON),
        "arima": imported.AutoARIMA(season_length=SEASON),
    }


def quarters(rows: int = 28, gaps: tuple[int, ...] = (), name: str = "shop") -> Series:
    """Make a series with a trend and a season; the values of `gaps` are filled by 1000."""
    time = np.arange(rows)
    noise = np.random.default_rng(5).normal(scale=2, size=rows)
    values = (100 + 2 * time + 9 * (time % SEASON) + noise)[:, None]
    observed = ~np.isin(time, gaps)[:, None]
    values[~observed] = 1000
    dates = pd.date_range("2015-01-01", periods=rows, freq="QS")
    return Series(name, dates, values, ("sales",), time + 2, observed)


def forecasts(method: Method, windows, *, jobs: int = 1, lower: float | None = None, levels=(0.8,)) -> MethodForecasts:
    with Methods((method,), jobs).fitter(len(windows), SEASON) as fitter:
        return fitter.forecasts(method, windows, ["sales"], HORIZON, levels, lower)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ets", "theta", pytest.param("arima", marks=pytest.mark.slow)])
def test_forecasts_are_those_of_statsforecast_by_hand(models, method):
    series = quarters()
    result = forecasts(method, [(series, 20), (series, 25)], levels=(0.8, 0.95))
    for number, origin in enumerate((20, 25)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            by_hand = models[method].forecast(y=series.values[:origin, 0], h=HORIZON, level=[80, 95])
        assert result.point[number, :, 0].tolist() == pytest.approx(by_hand["mean"], rel=1e-12)
        for level, percent in enumerate((80, 95)):
            assert result.lower[level, number, :, 0].tolist() == pytest.approx(np.asarray(by_hand[f"lo-{percent}"]))
            assert result.upper[level, number, :, 0].tolist() == pytest.approx(np.asarray(by_hand[f"hi-{percent}"]))
    assert result.point.shape == (2, HORIZON, 1)
    assert result.replaced == []


def test_an_open_gap_has_the_last_value_before_it():
    series = quarters(gaps=(0, 1, 5, 18, 19))
    known = series.values[:, 0]
    assert pasts_of(series, 20, ["sales"])[0].tolist() == [*known[2:18], known[17], known[17]]
    assert pasts_of(series, 21, ["sales"])[0].tolist() == [*known[2:21]]  # the gap is closed: as the file fills it
    assert pasts_of(series, 2, ["sales"]) == [None]


def test_a_column_without_a_past_is_not_fitted(models):
    result = forecasts("theta", [(quarters(gaps=tuple(range(15))), 12)])
    assert not result.point.any()
    assert result.replaced == []


def test_rows_after_the_origin_change_nothing(models, tmp_path):
    frame = pd.DataFrame({"date": pd.date_range("2015-01-01", periods=28, freq="QS"), "sales": quarters().values[:, 0]})
    frame.loc[[7, 18, 19], "sales"] = np.nan
    results = []
    for change in (0, 1000):
        changed = frame.copy()
        changed.loc[20:, "sales"] += change
        changed.to_csv(tmp_path / "sales.csv", index=False)
        series = read(str(tmp_path / "sales.csv"), TableFormat(missing="interpolate")).series[0]
        results.append([forecasts(method, [(series, 20)]) for method in ("ets", "theta")])
    for before, after in zip(*results, strict=True):
        assert before.point.tolist() == after.point.tolist()
        assert before.lower.tolist() == after.lower.tolist()
    assert forecasts("theta", [(series, 22)]).point.max() > 900  # later origins do see them


def test_pasts_that_are_too_short_repeat_and_are_named(models, caplog):
    series = quarters(gaps=(0,))
    result = forecasts("ets", [(series, 2), (series, 6), (series, 24)])
    values = series.values[:, 0]
    assert result.point[0, :, 0].tolist() == [values[1]] * 3
    assert result.point[1, :, 0].tolist() == values[2:5].tolist()
    assert [each.origin for each in result.replaced] == [series.dates[1], series.dates[5]]
    caplog.clear()
    warn_of_replaced("ets", result.replaced)
    assert caplog.messages == [
        "ETS: no usable fit in 2 cases, which repeat the last season or value: "
        "series 'shop', column 'sales' after 2015-04-01 00:00:00: 1 row is too few; "
        "series 'shop', column 'sales' after 2016-04-01 00:00:00: 5 rows are too few"
    ]


@pytest.mark.parametrize(("method", "unit"), [("ets", 1e153), ("theta", 1e100)])
def test_forecasts_that_are_no_numbers_are_replaced(models, method, unit):
    series = quarters()
    huge = replace(series, values=series.values * unit)
    result = forecasts(method, [(huge, 24)])
    assert np.isfinite(result.point).all()
    assert [each.reason for each in result.replaced] == ["a forecast that is not a number"]
    assert result.point[0, :, 0].tolist() == huge.values[20:23, 0].tolist()


def test_forecasts_keep_to_the_lower_bound(models):
    falling = replace(quarters(), values=np.linspace(10, 0.5, 28)[:, None])
    free, bound = (forecasts("ets", [(falling, 28)], lower=lower) for lower in (None, 0.4))
    assert free.lower.min() < 0.4
    assert bound.lower.min() == 0.4
    assert bound.point.tolist() == np.maximum(free.point, 0.4).tolist()


def test_intervals_leave_the_shared_generator_alone(models):
    np.random.seed(11)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(11)  # noqa: NPY002
    forecasts("theta", [(quarters(), 24)])
    assert np.random.random() == expected  # noqa: NPY002


@pytest.mark.slow
def test_several_processes_give_the_same_forecasts(models):
    told: list[str] = []
    series = quarters()
    windows = [(series, row) for row in range(8, 26)]
    alone = forecasts("theta", windows)
    with Methods(("theta",), 2, told.append).fitter(len(windows), SEASON) as fitter:
        shared = fitter.forecasts("theta", windows, ["sales"], HORIZON, (0.8,))
    assert shared.point.tolist() == alone.point.tolist()
    assert shared.upper.tolist() == alone.upper.tolist()
    assert told == [f"{number} of 18 fits" for number in range(1, 19)]


@pytest.mark.slow
def test_a_process_that_dies_is_named():
    with Fitter(SEASON, jobs=2, total=1, watch=None) as fitter:
        results = fitter._map(os._exit, [1])
        with pytest.raises(WorkerError, match=r"^a process that fits baselines died; fewer --jobs need less memory$"):
            next(results)
