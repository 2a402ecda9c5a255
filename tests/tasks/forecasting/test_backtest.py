"""Rolling origins, the table of their forecasts, and a probe that does find leaks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.baselines import LinearMap, naive
from bilstm_nlp.data.series.series import Scaler, split_counts
from bilstm_nlp.data.series.windows import Panel, Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.backtest import COLUMNS, leakage, rolling_origins, tidy


def test_the_table_has_one_row_for_each_value_forecast(tmp_path):
    generator = np.random.default_rng(0)
    dates = pd.date_range("2020-01-01", periods=20, freq="h", tz="Europe/Berlin")
    values, origins = generator.normal(size=(20, 2)), np.array([5, 9])
    point, lower, upper = generator.normal(size=(3, 2, 3, 2))
    table = tidy("s", dates, values, origins, ["b", "a"], point, lower, upper)
    expected = [
        (
            "s",
            dates[origins[window] - 1],
            dates[origins[window] + step],
            step + 1,
            "ba"[column],
            values[origins[window] + step, column],
            *(found[window, step, column] for found in (point, lower, upper)),
        )
        for window, step, column in np.ndindex(point.shape)
    ]
    assert tuple(table.columns) == COLUMNS
    assert list(table.itertuples(index=False, name=None)) == expected
    assert table["ds"].dt.tz == dates.tz
    table = table.assign(origin=table["origin"].dt.tz_localize(None), ds=table["ds"].dt.tz_localize(None))
    table.to_csv(tmp_path / "t.csv", index=False)
    again = pd.read_csv(tmp_path / "t.csv", parse_dates=["origin", "ds"])
    pd.testing.assert_frame_equal(again, table, check_dtype=False)


def test_origins_are_the_last_that_fit():
    assert rolling_origins(length=20, horizon=3, windows=4, step=5).tolist() == [2, 7, 12, 17]
    with pytest.raises(InputError, match=r"^expected at least 24 rows for 5 origins, found 20$"):
        rolling_origins(20, 3, 5, 5)
    assert rolling_origins(24, 3, 5, 5)[0] == 1
    with pytest.raises(ValueError, match="sizes of at least 1"):
        rolling_origins(20, 3, 5, 0)


# --- leakage ---

ORIGIN = 80


def pipeline(fit_scaler_on):
    """Scale, fit a linear map to the training windows, forecast from ORIGIN: with a scaler fitted to these rows."""

    def forecast(values):
        parts = split_counts(len(values), (60, 20, 20))
        scaler = Scaler.fit("standard", values[fit_scaler_on])
        panel = Panel.stack([scaler.transform(values)], targets=2)
        train = Windows.over(panel, [parts.train], 5, 3)
        fitted = LinearMap.fit((block.past, block.future) for block in train.blocks(16))
        test = Windows.over(panel, [parts.test], 5, 3)
        assert test.rows[0] == ORIGIN
        return scaler.inverse(fitted(test.gather(np.array([0])).past)[0])

    return forecast


VALUES = np.random.default_rng(1).normal(size=(100, 2))


def test_the_probe_passes_what_looks_at_the_past_only():
    assert leakage(pipeline(slice(0, 60)), VALUES, ORIGIN, np.random.default_rng(0)) == 0


@pytest.mark.parametrize("row", [ORIGIN, ORIGIN + 1, 99])
def test_the_probe_finds_a_single_row_of_the_future(row):
    assert leakage(pipeline(slice(0, 100)), VALUES, ORIGIN, np.random.default_rng(0)) > 0.01
    peek = leakage(lambda values: naive(values[:ORIGIN], 3) + values[row], VALUES, ORIGIN, np.random.default_rng(0))
    assert peek > 1


def test_the_probe_leaves_the_series_alone_and_counts_broken_forecasts():
    before = VALUES.copy()
    assert leakage(lambda values: np.full((3, 2), np.nan), VALUES, ORIGIN, np.random.default_rng(0)) == np.inf
    assert np.array_equal(VALUES, before)
