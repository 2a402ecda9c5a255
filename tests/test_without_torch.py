"""Reading data, configs and results works without torch, and so does predicting with a network that needs none."""

from __future__ import annotations

import json
import math
import pkgutil
import subprocess
import sys

import pytest

import bilstm_nlp
from tests.tasks.labelling.machines import machine_config

FREE = (
    *("batch", "errors", "tags", "config", "data", "metrics", "reports", "studies", "system", "cli"),
    *("runs", "serving", "tasks"),
)
"""Rooms whose modules need no torch, but for those below."""
WITH_TORCH = {
    "runs": ("parents", "refitting", "reproduce", "tensors", "train"),
    "studies": ("audit", "engines.worker"),
    "tasks": ("initial_vectors", "layers", "text_layers", "torch_step_network", "trainer"),
    "tasks.classification": ("embedders", "model", "prepared", "preparing", "torch_network"),
    "tasks.labelling": ("model", "prepared", "preparing"),
    "tasks.tagging": ("class_weights", "inheritance", "model", "prepared", "preparing"),
    "tasks.forecasting": (
        *("calibration", "leading", "model", "prepared", "preparing", "shrinkage"),
        "torch_network",
    ),
}
"""Modules of these rooms that train, or compute with torch, and folders that hold such modules."""
CHAIN = [f"bilstm_nlp.nn.crf.{name}" for name in ("best_paths", "chain", "compiled", "posterior", "sums")]
"""All that decoding needs of a CRF."""

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

STEPS = """
from bilstm_nlp.nn.crf.chain import ChainScores

class SteadyScores:
    "The same score for every tag, of which each likes to follow itself."
    heads, temperature, callers = 0, 1.0, 1

    def __init__(self, tags):
        self.chain = ChainScores(np.zeros(tags), np.zeros(tags), np.eye(tags)).to(np.float32)

    def emissions(self, batch, *, attention=False):
        return Emissions(np.zeros((*batch.mask.shape, len(self.chain.start)), np.float32), None)
"""

TAGGER = f"""
from bilstm_nlp.tasks.step_network import Emissions
from bilstm_nlp.tasks.tagging.saved import SavedTagger
{STEPS}
saved = SavedTagger.of(config, codec, arrays, {{}})
predictor = saved.around(SteadyScores(len(saved.codec.tags)))
"""

LABELLER = f"""
from bilstm_nlp.tasks.labelling.saved import SavedLabeller
from bilstm_nlp.tasks.step_network import Emissions
{STEPS}
saved = SavedLabeller.of(config, codec)
predictor = saved.around(SteadyScores(len(saved.codec.labels)))
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
    return CHAIN + [
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


@pytest.mark.slow
def test_tagger_predicts_and_is_scored_without_torch(tagger_run):
    done = without_torch(PREDICT + TAGGER + SHOW, tagger_run, "sample:news.test.conll")
    assert not done["torch"]
    assert len(done["rows"].splitlines()) == done["scores"]["sentences"]
    assert 0 < done["scores"]["token_accuracy"] < 1
    assert done["scores"]["calibration"]["temperature"] == 1


@pytest.mark.slow
def test_labeller_predicts_and_is_scored_without_torch(tmp_path):
    from bilstm_nlp.runs.train import train_epochs

    list(train_epochs(machine_config(tmp_path, training={"epochs": 1}), tmp_path / "run"))
    done = without_torch(PREDICT + LABELLER + SHOW, tmp_path / "run", tmp_path / "dev.csv")
    assert not done["torch"]
    assert len(done["rows"].splitlines()) == 1 + done["scores"]["steps"]
    labels = {row.split(",")[2] for row in done["rows"].splitlines()[1:]}
    assert len(labels) == 1  # the first of equal labels
