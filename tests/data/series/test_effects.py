"""Effects of columns known ahead: estimated from changes, subtracted from the past and added to the forecast."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.data.series.effects import LEAST_CHANGES, fit_effects
from bilstm_nlp.data.series.normalisation import Theta
from bilstm_nlp.data.series.series import Columns, Parts, Series, SeriesSet

DRAW = np.random.default_rng(4)
PROMOTIONS = (DRAW.random((120, 2)) < 0.2).astype(np.float64)
WALK = np.cumsum(DRAW.normal(size=(120, 1)), axis=0)


def test_effects_on_two_targets_are_recovered():
    effects = np.array([[3.0, -1.0], [5.0, 2.0]])
    targets = np.arange(120.0)[:, None] * [1, 2] + PROMOTIONS @ effects
    np.testing.assert_allclose(fit_effects([targets], [PROMOTIONS]), effects)


def test_effects_of_several_series_are_estimated_together_whatever_their_levels():
    targets = [1000 + WALK + 4 * PROMOTIONS[:, :1], -5 * WALK + 4 * PROMOTIONS[:, :1]]
    estimated = fit_effects(targets, [PROMOTIONS[:, :1]] * 2)
    assert estimated.item() == pytest.approx(4, abs=1.5)


def test_missing_target_changes_no_effect():
    targets = np.arange(120.0)[:, None] + 3 * PROMOTIONS[:, :1]
    targets[50] = np.nan
    np.testing.assert_allclose(fit_effects([targets], [PROMOTIONS[:, :1]]), [[3.0]])


def test_column_without_effect_or_changes_has_none():
    law = (np.arange(120) >= 60).astype(np.float64)[:, None]
    assert LEAST_CHANGES > 1
    assert fit_effects([WALK + 9 * law], [law]).tolist() == [[0.0]]
    assert fit_effects([WALK], [np.ones((120, 1))]).tolist() == [[0.0]]
    without = [
        fit_effects([walk], [PROMOTIONS])[:, 0] == 0 for walk in np.cumsum(DRAW.normal(size=(40, 120, 1)), axis=1)
    ]
    assert np.mean(without) > 0.8


def codec_for(linear: bool) -> tuple[SeriesCodec, Series]:
    """Fit a codec to a level of 50 with noise and promotions, which raise it by 20 and 10."""
    values = 50 + DRAW.normal(size=(120, 1)) + PROMOTIONS @ [[20.0], [10.0]]
    columns = ("y", "first", "second")
    dates = pd.date_range("2024-01-01", periods=120, freq="D")
    series = Series("a", dates, np.concatenate([values, PROMOTIONS], axis=1), columns, np.arange(2, 122))
    parts = Parts(slice(0, 100), slice(100, 110), slice(110, 120))
    codec = SeriesCodec.fit(
        SeriesSet("a.csv", [series], columns, "D"),
        [parts],
        Columns(("y",), (), ("first", "second")),
        calendar="none",
        normalisation="theta",
        scaler="standard",
        look_back=28,
        horizon=10,
        levels=(0.9,),
        transform="none",
        lower=None,
        theta=Theta(1, 0.0),
        linear_effects=linear,
    )
    return codec, series


def test_forecast_to_begin_at_knows_the_promotions():
    errors = {}
    for linear in (False, True):
        codec, series = codec_for(linear)
        windows = codec.windows([series], [slice(100, 120)])
        batch = codec.batch(windows, np.arange(len(windows)))
        errors[linear] = np.abs(batch.level - batch.future).mean() * codec.scales["a"].size[0]
    assert errors[True] < 2
    assert errors[False] > 3 * errors[True]


def test_known_value_raises_the_level_of_its_step_alone():
    codec, series = codec_for(True)
    arrays = codec.windows([series], [slice(100, 110)]).gather(np.array([0]))
    other = arrays.known.copy()
    other[:, 4, 0] += 1
    before, after = (codec.collate(arrays.past, known, None).level for known in (arrays.known, other))
    difference = (after - before)[0, :, 0]
    assert difference[4] * codec.scales["a"].size[0] == pytest.approx(20, abs=1)
    assert np.delete(difference, 4).tolist() == [0.0] * 9


def test_negated_window_has_negated_levels():
    codec, series = codec_for(True)
    arrays = codec.windows([series], [slice(100, 110)]).gather(np.array([0]))
    past = arrays.past.copy()
    past[..., :1] *= -1
    mirrored = codec.collate(past, arrays.known, None, sign=np.full((1, 1, 1), -1, np.float32))
    batch = codec.collate(arrays.past, arrays.known, None)
    np.testing.assert_allclose(mirrored.level, -batch.level, atol=1e-5)
    np.testing.assert_allclose(mirrored.past[..., 0], -batch.past[..., 0], atol=1e-5)


def test_effects_are_kept_in_the_codec_file():
    codec, _ = codec_for(True)
    assert codec.effects is not None
    np.testing.assert_array_equal(codec_of(codec_json(codec)).effects, codec.effects)
    assert "effects" not in codec_json(codec_for(False)[0])
