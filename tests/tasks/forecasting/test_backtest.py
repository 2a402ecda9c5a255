"""Rolling origins, and the probe for leakage."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.data.series.baselines import LinearMap, naive
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import split_counts
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.backtest import leakage, rolling_origins


def test_rolling_origins_are_the_last_that_fit():
    assert rolling_origins(length=20, horizon=3, windows=4, step=5).tolist() == [2, 7, 12, 17]
    with pytest.raises(InputError, match=r"^expected at least 24 rows for 5 origins, found 20$"):
        rolling_origins(20, 3, 5, 5)
    assert rolling_origins(24, 3, 5, 5)[0] == 1
    with pytest.raises(InputError, match="sizes of at least 1"):
        rolling_origins(20, 3, 5, 0)


# --- leakage ---

ORIGIN = 80


def pipeline(fit_scaler_on):
    """Make a forecast from ORIGIN by a linear map, with a scale fitted to these rows."""

    def forecast(values):
        parts = split_counts(len(values), (60, 20, 20))
        scale = Scale.fit("standard", values[fit_scaler_on])
        panel = Panel.stack([scale.apply(values)], targets=2)
        train = Windows.over(panel, [parts.train], 5, 3)
        fitted = LinearMap.fit((block.past, block.future) for block in train.blocks(16))
        test = Windows.over(panel, [parts.test], 5, 3)
        assert test.rows[0] == ORIGIN
        return scale.undo(fitted(test.gather(np.array([0])).past)[0])

    return forecast


VALUES = np.random.default_rng(1).normal(size=(100, 2))


def test_the_probe_is_0_for_the_past_alone():
    assert leakage(pipeline(slice(0, 60)), VALUES, ORIGIN, np.random.default_rng(0)) == 0


@pytest.mark.parametrize("row", [ORIGIN, ORIGIN + 1, 99])
def test_the_probe_detects_a_single_row_of_the_future(row):
    assert leakage(pipeline(slice(0, 100)), VALUES, ORIGIN, np.random.default_rng(0)) > 0.01
    peek = leakage(lambda values: naive(values[:ORIGIN], 3) + values[row], VALUES, ORIGIN, np.random.default_rng(0))
    assert peek > 1


def test_the_probe_keeps_the_series_and_reports_nan():
    before = VALUES.copy()
    assert leakage(lambda values: np.full((3, 2), np.nan), VALUES, ORIGIN, np.random.default_rng(0)) == np.inf
    assert np.array_equal(VALUES, before)
