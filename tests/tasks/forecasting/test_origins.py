"""Other horizons than that of training, and several levels: the first steps, rolling on, and the order of borders."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.torch_network import head_of
from tests.tasks.forecasting.test_task import HORIZON, ROWS, fitted, table

TARGETS = ["load", "wind"]


def calibrated(folder: Path, frame: pd.DataFrame | None = None, **data: object) -> Forecaster:
    prepared = fitted(folder, frame, **data)[0]
    prepared.calibrate()
    return prepared.predictor()


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Forecaster:
    """A forecaster of two targets, without columns known ahead."""
    return calibrated(tmp_path_factory.mktemp("plain"), targets=TARGETS)


@pytest.fixture(scope="module")
def with_known(tmp_path_factory) -> Forecaster:
    """A forecaster of two targets, with a column known ahead and the calendar."""
    return calibrated(tmp_path_factory.mktemp("known"), targets=TARGETS, known=["holiday"], calendar="cyclic")


def points(result: pd.DataFrame) -> np.ndarray:
    """Return the forecasts of one series (H, C)."""
    return result["forecast"].to_numpy().reshape(-1, len(TARGETS))


# --- shorter horizons ---


def test_shorter_horizon_has_the_first_steps_exactly(plain):
    whole = plain.forecast(table())
    for horizon in range(1, HORIZON + 1):
        expected = whole[whole["step"] <= horizon].reset_index(drop=True)
        pd.testing.assert_frame_equal(plain.forecast(table(), horizon=horizon), expected, check_exact=True)


def test_shorter_horizon_needs_known_of_all_trained_steps(with_known):
    known = table(ROWS + HORIZON)[ROWS:]
    whole = with_known.forecast(table(), known)
    expected = whole[whole["step"] <= 2].reset_index(drop=True)
    pd.testing.assert_frame_equal(with_known.forecast(table(), known, horizon=2), expected, check_exact=True)
    with pytest.raises(InputError, match="as the model reads all 4 at once, found none for 2024-03-13 14:00:00"):
        with_known.forecast(table(), known[:2], horizon=2)


@pytest.mark.parametrize("horizon", [0, -1, 2.0, "3", True, 10**9])
def test_impossible_horizons_are_refused(plain, horizon):
    with pytest.raises(InputError, match="horizon: expected a whole number of steps from 1 to 100000, found"):
        plain.forecast(table(), horizon=horizon)


# --- longer horizons ---


def by_hand(forecaster: Forecaster, steps: int, known: pd.DataFrame | None = None) -> np.ndarray:
    """Append forecasts to the table, and forecast again, until there are so many steps. The last block ends there."""
    rows = pd.concat([table(), table(ROWS + steps)[ROWS:] if known is None else known])
    rolled, done = np.empty((steps, len(TARGETS))), 0
    while done < steps:
        offset = min(done, steps - HORIZON)
        past = rows[: ROWS + offset].copy()
        past.loc[ROWS:, TARGETS] = rolled[:offset]
        ahead = None if known is None else rows[ROWS + offset : ROWS + offset + HORIZON]
        rolled[done : offset + HORIZON] = points(forecaster.forecast(past, ahead))[done - offset :]
        done = offset + HORIZON
    return rolled


@pytest.mark.parametrize("steps", [HORIZON + 1, 2 * HORIZON, 3 * HORIZON - 1])
def test_longer_horizon_equals_a_loop_by_hand(plain, steps):
    result = plain.forecast(table(), horizon=steps)
    np.testing.assert_allclose(points(result), by_hand(plain, steps), rtol=1e-12)
    assert result["step"].tolist() == np.repeat(np.arange(1, steps + 1), 2).tolist()
    assert result["ds"].tolist() == np.repeat(pd.date_range("2024-03-13 12:00", periods=steps, freq="h"), 2).tolist()
    assert set(result["origin"]) == {pd.Timestamp("2024-03-13 11:00")}


def test_longer_horizon_reads_known_columns_up_to_its_end(with_known):
    known = table(ROWS + 11)[ROWS:].assign(holiday=lambda rows: (rows.index % 3 == 0).astype(float))
    result = with_known.forecast(table(), known, horizon=11)
    np.testing.assert_allclose(points(result), by_hand(with_known, 11, known), rtol=1e-12)
    with pytest.raises(InputError, match="found none for 2024-03-13 22:00:00"):
        with_known.forecast(table(), known[:-1], horizon=11)


def test_longer_horizon_widens_by_the_variance_of_whole_horizons(plain):
    trained, result = plain.forecast(table()), plain.forecast(table(), horizon=11)
    pd.testing.assert_frame_equal(result[: HORIZON * 2], trained, check_exact=True)
    for column in TARGETS:
        rows = result[result["column"] == column]
        for side in ("lower", "upper"):
            width = (rows[side] - rows["forecast"]).abs().to_numpy()
            expected = [width[step] for step in range(HORIZON)]
            for step in range(HORIZON, 11):
                blocks, within = divmod(step, HORIZON)
                expected.append(max(expected[-1], np.sqrt(blocks * width[HORIZON - 1] ** 2 + width[within] ** 2)))
            np.testing.assert_allclose(width, expected, rtol=1e-9)


def test_longer_horizon_warns_once_that_intervals_are_extrapolated(plain, caplog):
    with caplog.at_level(logging.WARNING):
        plain.forecast(table(), horizon=3 * HORIZON)
    assert [record.message for record in caplog.records] == [
        "steps 5 to 12: forecast from forecasts, as the model was trained for 4 steps; their intervals are "
        "extrapolated, not calibrated"
    ]


def test_longer_horizon_is_refused_with_observed_columns(tmp_path):
    forecaster = calibrated(tmp_path, targets=["load"], observed=["wind"])
    with pytest.raises(InputError, match=r"at most the 4 steps .* observed columns \(wind\) is unknown, found 5"):
        forecaster.forecast(table(), horizon=5)
    assert len(forecaster.forecast(table(), horizon=3)) == 3


@pytest.mark.parametrize("transform", ["log1p", "box-cox", "ratio"])
def test_longer_horizon_keeps_signs_with_transforms(tmp_path, transform):
    """The variance is added in the transform's units: in own units, a lower border would fall below 0."""
    counts = table()[["date", "load"]].assign(load=lambda rows: np.floor(np.abs(rows["load"] - 50)))
    forecaster = calibrated(tmp_path, counts, transform=transform, lower=0)
    result = forecaster.forecast(counts, horizon=40, levels=[0.5, 0.95])
    borders = result[["lower_95", "lower_50", "forecast", "upper_50", "upper_95"]].to_numpy()
    assert np.isfinite(borders).all()
    assert (np.diff(borders, axis=1) >= 0).all()
    assert borders.min() >= 0
    hand = pd.concat([counts, result[["ds", "forecast"]][:36].set_axis(["date", "load"], axis=1)])
    np.testing.assert_allclose(forecaster.forecast(hand)["forecast"], result["forecast"][36:], rtol=1e-6)


def test_each_series_of_a_panel_is_rolled_on_by_itself(tmp_path):
    panel = pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": table()["date"], "y": table()["load"] * factor})
            for name, factor in (("a", 1.0), ("b", 7.0))
        ]
    )
    forecaster = calibrated(tmp_path, panel)
    together = forecaster.forecast(panel, horizon=9)
    for name in "ab":
        alone = forecaster.forecast(panel[panel["unique_id"] == name], horizon=9)
        rows = together[together["unique_id"] == name].reset_index(drop=True)
        numbers = ["forecast", "lower", "upper"]
        np.testing.assert_allclose(alone[numbers], rows[numbers], rtol=1e-5)


@pytest.mark.parametrize("horizon", [2, 7])
def test_backtest_of_another_horizon_equals_forecasts_of_cut_tables(plain, horizon):
    frame = table()
    result = plain.backtest(frame, windows=2, step=5, horizon=horizon)
    rows = max(HORIZON, horizon)
    for origin in (ROWS - rows - 5, ROWS - rows):
        at = result[result["origin"] == frame["date"][origin - 1]].reset_index(drop=True)
        pd.testing.assert_frame_equal(
            at.drop(columns=["part", "y"]), plain.forecast(frame[:origin], horizon=horizon), rtol=1e-9
        )
        assert at["y"].tolist() == frame[TARGETS][origin : origin + horizon].to_numpy().ravel().tolist()


# --- levels ---


def test_levels_have_columns_of_their_own_in_order(plain):
    result = plain.forecast(table(), levels=[0.95, 0.8, 0.5, 0.8])
    names = ["lower_50", "upper_50", "lower_80", "upper_80", "lower_95", "upper_95"]
    assert list(result.columns)[5:] == ["forecast", *names]
    single = plain.forecast(table())
    for name in ("lower", "upper"):
        assert result[f"{name}_80"].tolist() == single[name].tolist()
    back = plain.backtest(table(), windows=1, levels=[0.9])
    assert list(back.columns)[-4:] == ["y", "forecast", "lower_90", "upper_90"]


def test_levels_are_nested_even_if_margins_cross(tmp_path):
    forecaster = calibrated(tmp_path, targets=TARGETS)
    head_of(forecaster.network.model).margins[1] = 9.0  # of the level 0.8
    result = forecaster.forecast(table(), levels=[0.8, 0.9, 0.95], horizon=3 * HORIZON)
    borders = ["lower_95", "lower_90", "lower_80", "forecast", "upper_80", "upper_90", "upper_95"]
    assert (np.diff(result[borders].to_numpy(), axis=1) >= 0).all()
    assert result["lower_95"].tolist() == result["lower_80"].tolist()


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([0.7], r"level: expected one that the run is calibrated for \(0.5, 0.8, .*\), found 0.7"),
        ([80], r"level: expected one that the run is calibrated for \(0.5, 0.8, .*\), found 80"),
        ([], r"levels: expected numbers between 0 and 1, such as \[0.8, 0.95\], found \[\]"),
        (0.8, r"levels: expected numbers between 0 and 1, such as \[0.8, 0.95\], found 0.8"),
        (["0.8"], r"levels: expected numbers between 0 and 1, such as \[0.8, 0.95\], found '0.8'"),
    ],
)
def test_levels_that_are_not_calibrated_are_refused(plain, levels, message):
    with pytest.raises(InputError, match=message):
        plain.forecast(table(), levels=levels)
