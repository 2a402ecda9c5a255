"""A forecaster that is loaded has the scores that it had when it was trained."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.runs.evaluate import evaluate
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.train import train


@pytest.fixture(scope="module")
def sales(tmp_path_factory):
    """Two series with a column known ahead, whose effect on the target is large, and a region."""
    rng = np.random.default_rng(0)
    frames = []
    for name, region in (("a", "north"), ("b", "south")):
        promotion = (rng.random(60) < 0.3).astype(int)
        values = 10 + 5 * promotion + np.arange(60) % 4 + rng.normal(0, 0.1, 60)
        days = pd.date_range("2024-01-01", periods=60)
        frames.append(
            pd.DataFrame({"shop": name, "day": days, "sales": values, "promotion": promotion, "region": region})
        )
    path = tmp_path_factory.mktemp("sales") / "sales.csv"
    pd.concat(frames).to_csv(path, index=False)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "inputs", "changed"),
    [
        ({"known": ["promotion"]}, {"effects": "linear", "normalisation": "theta"}, 'effects": [['),
        ({"known": ["promotion"], "static": ["region"]}, {}, '"static": {'),
        ({"known": ["promotion"], "categorical": ["promotion"]}, {}, '"categories": {"promotion"'),
        ({"transform": "box-cox", "lower": 0}, {"normalisation": "theta", "trend_smoothing": 0.5}, '"curves": {"a"'),
        ({"transform": "ratio", "min_past": 4}, {"rows": 5}, '"min_past": 4'),
    ],
)
def test_loaded_forecaster_has_the_scores_of_its_training(sales, tmp_path, data, inputs, changed):
    roles = {"id_column": "shop", "targets": ["sales"], "look_back": 8, "horizon": 4, "season": 4}
    config = parse(
        {
            "task": "forecasting",
            "data": {"file": str(sales), **roles, **data},
            "input": {"reader": {"kind": "steps"}, **inputs},
            "encoder": {"hidden": 4},
            "training": {"epochs": 1, "steps": 10},
        },
        "test",
    )
    train(config, tmp_path / "run")
    assert changed in json.dumps(json.loads((tmp_path / "run" / "codec.json").read_text()))
    before = json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]
    after = evaluate(open_run(tmp_path / "run"))
    assert after["mae"] == pytest.approx(before["mae"], rel=1e-6)
    assert after["interval"] == pytest.approx(before["interval"], rel=1e-6)
