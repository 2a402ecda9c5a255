"""Rolling origins row by row, refitting, and a probe that does find leaks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series import Scaler, Series, split_counts
from bilstm_nlp.data.windows import Panel, Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.forecast.backtest import COLUMNS, backtest, leakage, refitting, rolling_origins, tidy
from bilstm_nlp.forecast.baselines import LinearMap, naive
from bilstm_nlp.forecast.intervals import Conformal


def series(length, name="s", columns=("a", "b"), zone=None):
    values = np.random.default_rng(len(name) + length).normal(size=(length, len(columns)))
    dates = pd.date_range("2020-01-01", periods=length, freq="h", tz=zone)
    return Series(name, dates, values, columns, np.arange(length) + 2)


def test_the_table_has_one_row_for_each_value_forecast():
    both = [series(20, "p"), series(15, "qq", zone="Europe/Berlin")]
    intervals = Conformal(0.9, np.array([[1.0], [2.0], [3.0]])).interval

    def forecast(history):
        return naive(history.select(["b"]), 3) + 0.5

    for one in both:
        table = backtest([one], forecast, ["b"], horizon=3, windows=2, step=4, intervals=intervals)
        expected = []
        for origin in (len(one) - 3 - 4, len(one) - 3):
            for step in (1, 2, 3):
                value = one.values[origin - 1, 1] + 0.5
                dates = one.dates[origin - 1], one.dates[origin + step - 1]
                y = one.values[origin + step - 1, 1]
                expected.append((one.id, *dates, step, "b", y, value, value - step, value + step))
        assert tuple(table.columns) == COLUMNS
        assert list(table.itertuples(index=False, name=None)) == expected
        assert table["ds"].dt.tz == one.dates.tz
    together = backtest([both[0], series(16, "r")], forecast, ["b"], horizon=3, windows=2, step=4)
    assert together["unique_id"].tolist() == ["p"] * 6 + ["r"] * 6
    assert together[["lower", "upper"]].isna().all(axis=None)


def test_the_table_survives_csv(tmp_path):
    table = backtest([series(20)], lambda history: naive(history.values, 4), ["a", "b"], horizon=4, windows=3, step=1)
    table.to_csv(tmp_path / "t.csv", index=False)
    again = pd.read_csv(tmp_path / "t.csv", parse_dates=["origin", "ds"])
    pd.testing.assert_frame_equal(again, table, check_dtype=False)


def test_several_columns_keep_their_values():
    """The order of the columns asked for, not that of the series."""
    one = series(20)
    origins = np.array([5, 9])
    forecast = np.arange(2 * 3 * 2.0).reshape(2, 3, 2)
    table = tidy(one, origins, forecast, ["b", "a"])
    for window, step, column in np.ndindex(forecast.shape):
        row = table[
            (table["origin"] == one.dates[origins[window] - 1])
            & (table["step"] == step + 1)
            & (table["column"] == "ba"[column])
        ]
        assert row["forecast"].tolist() == [forecast[window, step, column]]
        assert row["y"].tolist() == [one.values[origins[window] + step, 1 - column]]


def test_histories_end_before_their_origin_and_the_model_is_refitted_as_often_as_asked():
    fits, forecasts = [], []

    def fit(history):
        fits.append((history.id, len(history)))
        fitted_on = len(history)

        def forecast(later):
            forecasts.append((later.id, fitted_on, len(later)))
            return naive(later.values, 2)

        return forecast

    backtest([series(12, "p"), series(10, "qq")], refitting(fit, every=2), ["a", "b"], horizon=2, windows=3, step=1)
    assert fits == [("p", 8), ("p", 10), ("qq", 6), ("qq", 8)]
    assert forecasts == [("p", 8, 8), ("p", 8, 9), ("p", 10, 10), ("qq", 6, 6), ("qq", 6, 7), ("qq", 8, 8)]


def test_origins_are_the_last_that_fit():
    assert rolling_origins(length=20, horizon=3, windows=4, step=5).tolist() == [2, 7, 12, 17]
    with pytest.raises(InputError, match=r"^expected at least 24 rows for 5 origins, found 20$"):
        rolling_origins(20, 3, 5, 5)
    assert rolling_origins(24, 3, 5, 5)[0] == 1
    with pytest.raises(ValueError, match="sizes of at least 1"):
        rolling_origins(20, 3, 5, 0)


def test_a_forecast_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"expected forecasts \(3, 1\), found \(3, 2\)"):
        backtest([series(20)], lambda history: naive(history.values, 3), ["a"], horizon=3, windows=1, step=1)


# --- leakage ---

ORIGIN = 80


def pipeline(fit_scaler_on):
    """Scale, fit a linear map to the training windows, forecast from ORIGIN: with a scaler fitted to these rows."""

    def forecast(one):
        parts = split_counts(len(one), (60, 20, 20))
        scaler = Scaler.fit("standard", one.values[fit_scaler_on])
        panel = Panel.stack([scaler.transform(one.values)], targets=2)
        train = Windows.over(panel, [parts.train], 5, 3)
        fitted = LinearMap.fit((block.past, block.future) for block in train.blocks(16))
        test = Windows.over(panel, [parts.test], 5, 3)
        assert test.rows[0] == ORIGIN
        return scaler.inverse(fitted(test.gather(np.array([0])).past)[0])

    return forecast


def test_the_probe_passes_what_looks_at_the_past_only():
    assert leakage(pipeline(slice(0, 60)), series(100), ORIGIN, np.random.default_rng(0)) == 0


@pytest.mark.parametrize("row", [ORIGIN, ORIGIN + 1, 99])
def test_the_probe_finds_a_single_row_of_the_future(row):
    one = series(100)
    assert leakage(pipeline(slice(0, 100)), one, ORIGIN, np.random.default_rng(0)) > 0.01
    peek = leakage(lambda s: naive(s.values[:ORIGIN], 3) + s.values[row], one, ORIGIN, np.random.default_rng(0))
    assert peek > 1


def test_the_probe_leaves_the_series_alone_and_counts_broken_forecasts():
    one = series(100)
    before = dataclasses.replace(one, values=one.values.copy())
    assert leakage(lambda s: np.full((3, 2), np.nan), one, ORIGIN, np.random.default_rng(0)) == np.inf
    assert np.array_equal(one.values, before.values)
