"""Rows to forecast in the file of the past: used, checked, and refused beside a second file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from tests.tasks.forecasting.test_task import HORIZON, ROWS, fitted, table


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory) -> Forecaster:
    """An untrained forecaster of two targets, with a column known ahead."""
    prepared = fitted(tmp_path_factory.mktemp("known"), targets=["load", "wind"], known=["holiday"])[0]
    prepared.calibrate()
    return prepared.predictor()


def joined(rows: int) -> pd.DataFrame:
    """Return the table with so many rows to forecast after it."""
    ahead = table(ROWS + rows)[ROWS:].assign(holiday=lambda values: (values.index % 2).astype(float))
    frame = pd.concat([table(), ahead])
    frame.loc[ROWS:, ["load", "wind"]] = np.nan
    return frame


@pytest.mark.parametrize("horizon", [2, HORIZON, 10])
def test_rows_with_empty_targets_equal_a_second_table(forecaster, tmp_path, horizon):
    frame = joined(max(horizon, HORIZON))
    expected = forecaster.forecast(table(), frame[ROWS:], horizon=horizon)
    pd.testing.assert_frame_equal(forecaster.forecast(frame, horizon=horizon), expected)
    frame.to_csv(tmp_path / "frame.csv", index=False)
    from_file = forecaster.forecast(tmp_path / "frame.csv", horizon=horizon)
    assert from_file["forecast"].tolist() == expected["forecast"].tolist()
    frame.loc[ROWS:, "holiday"] = 1 - frame["holiday"][ROWS:]
    other = forecaster.forecast(frame, horizon=horizon)
    assert other["forecast"].tolist() != expected["forecast"].tolist()


def test_rows_to_forecast_beside_known_are_refused(forecaster):
    message = "expected none beside 4 rows of columns known ahead after the last value in frame, found known; leave out"
    with pytest.raises(InputError, match=message):
        forecaster.forecast(joined(HORIZON), joined(HORIZON)[ROWS:])


def test_too_few_rows_to_forecast_are_refused_with_the_date(forecaster):
    with pytest.raises(InputError, match="found none for 2024-03-13 15:00:00"):
        forecaster.forecast(joined(HORIZON - 1))


def test_more_rows_to_forecast_than_the_horizon_are_said(forecaster, caplog):
    assert len(forecaster.forecast(joined(9))) == 2 * HORIZON
    assert "frame, and 4 are forecast; give horizon (--horizon) for more" in caplog.text


def test_backtest_of_a_table_with_rows_to_forecast_ends_before_them(forecaster):
    expected = forecaster.backtest(table(), windows=2)
    pd.testing.assert_frame_equal(forecaster.backtest(joined(HORIZON), windows=2), expected)
