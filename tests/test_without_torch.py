"""Reading data, configs and results works without torch, and so does predicting with a network that needs none."""

from __future__ import annotations

import json
import math
import pkgutil
import subprocess
import sys

import pytest

import bilstm_nlp

FREE = (
    *("batch", "errors", "tags", "config", "data", "metrics", "reports", "studies", "system", "cli"),
    *("runs", "serving", "tasks"),
)
"""Rooms whose modules need no torch, but for those below."""
WITH_TORCH = {
    "runs": ("parents", "refitting", "reproduce", "tensors", "train"),
    "studies": ("audit", "engines.worker"),
    "tasks": ("initial_vectors", "labelling", "layers", "tagging", "text_layers", "torch_step_network", "trainer"),
    "tasks.classification": ("embedders", "model", "prepared", "preparing", "torch_network"),
    "tasks.forecasting": (
        *("calibration", "leading", "model", "prepared", "preparing", "shrinkage"),
        "torch_network",
    ),
}
"""Modules of these rooms that train, or compute with torch, and folders that hold such modules."""

HIDE = """
import importlib, json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch is hidden", name=name)

sys.meta_path.insert(0, Hidden())
"""
IMPORT = f"""
{HIDE}
failed = {{}}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
json.dump(failed, sys.stdout)
"""

PREDICT = f"""
{HIDE}
from pathlib import Path
import numpy as np
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import config_of
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.request import Request

directory, source = RunDirectory.open(Path(sys.argv[1])), sys.argv[2]
config = config_of(directory)
codec, arrays = directory.read_json("codec.json"), directory.read_arrays("codec.safetensors")
"""

LAST_VALUES = """
from bilstm_nlp.tasks.forecasting.saved import SavedForecaster

class LastValues:
    "Forecasts that repeat where a model begins, with the same margin at every step."
    point, shares, levels = 0, None, (config.interval,)

    def __init__(self, codec):
        self.margins = np.ones((1, len(codec.scales), codec.horizon, len(codec.columns.targets)), np.float32)

    def quantiles(self, batch):
        level = np.broadcast_to(batch.level, (len(batch.past), batch.known.shape[1], batch.level.shape[2]))
        return level[..., None].copy()

saved = SavedForecaster.of(config, codec, arrays, {})
predictor = saved.around(LastValues(saved.codec))
"""

EQUAL_SCORES = """
from bilstm_nlp.tasks.classification.network import BatchScores, softmax
from bilstm_nlp.tasks.classification.saved import SavedClassifier

class EqualScores:
    "The same score for every class."
    has_weights, temperature = False, 1.0

    def __init__(self, classes):
        self.classes = classes

    def state_lengths(self, lengths):
        return lengths

    def scores(self, batch):
        return BatchScores(np.zeros((len(batch.lengths), self.classes), np.float32), None)

    def probabilities(self, scores, temperature=None):
        return softmax(scores.astype(np.float64))

saved = SavedClassifier.of(config, codec, arrays)
predictor = saved.around(EqualScores(len(saved.codec.classes)))
"""

SHOW = """
rows = b"".join(predictor.predictions(Request(source))).decode()
scores = build(config).evaluate(predictor, None)
sections = build(config).report({"test": scores})
json.dump({"rows": rows, "scores": scores, "title": sections[0].title, "torch": "torch" in sys.modules}, sys.stdout)
"""


def modules() -> list[str]:
    """Every module of these rooms that needs no torch."""
    with_torch = tuple(f"bilstm_nlp.{room}.{name}" for room, names in WITH_TORCH.items() for name in names)
    names = [module.name for module in pkgutil.walk_packages(bilstm_nlp.__path__, "bilstm_nlp.")]
    return [
        name
        for name in names
        if name.split(".")[1] in FREE and not any(f"{name}.".startswith(f"{each}.") for each in with_torch)
    ]


def without_torch(program: str, *arguments: object, given: str = "") -> dict:
    """Run a program in a new interpreter, and return the JSON that it writes."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def failures() -> dict[str, str]:
    """Module → why its import fails, in a new interpreter that can't import torch."""
    return without_torch(IMPORT, given=json.dumps(modules()))


@pytest.mark.parametrize("module", modules())
def test_a_module_that_needs_no_torch_imports_none(module, failures):
    assert failures.get(module) is None


def test_a_module_that_needs_torch_fails_without_it():
    names = json.dumps(["bilstm_nlp.nn.model"])
    assert without_torch(IMPORT, given=names) == {"bilstm_nlp.nn.model": "torch is hidden"}


@pytest.mark.slow
def test_forecaster_predicts_and_is_scored_without_torch(forecaster_run):
    done = without_torch(PREDICT + LAST_VALUES + SHOW, forecaster_run, "sample:energy.csv")
    assert not done["torch"]
    assert done["rows"].startswith("unique_id,origin,ds,step,column,forecast,lower,upper\n")
    horizon, baselines = done["scores"]["horizon"], done["scores"]["baselines"]
    assert len(done["rows"].splitlines()) % horizon == 1
    assert done["scores"]["leakage"] == 0
    assert done["scores"]["mse"] > 0
    assert baselines


@pytest.mark.slow
def test_classifier_predicts_and_is_scored_without_torch(classifier_run):
    done = without_torch(PREDICT + EQUAL_SCORES + SHOW, classifier_run, "sample:messages.dev.csv")
    assert not done["torch"]
    classes = len(done["scores"]["per_class"])
    assert done["scores"]["log_loss"] == pytest.approx(math.log(classes))
    assert len(done["rows"].splitlines()) == done["scores"]["sequences"]
