"""A GPU computes the same as a CPU, up to differences by the order of additions."""

from __future__ import annotations

import json

import pytest
import torch

from bilstm_nlp.config import load
from bilstm_nlp.runs import train
from bilstm_nlp.runs.load import load as loaded
from bilstm_nlp.runs.replay import compared
from bilstm_nlp.tasks.base import Answer
from tests.contract import model_of
from tests.samples import FORECASTER

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU of CUDA")


@pytest.mark.parametrize("kind", ["tagger_run", "forecaster_run"])
def test_run_saved_on_a_cpu_answers_alike_on_a_gpu(kind, request, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)  # as in a training with fp32
    run = request.getfixturevalue(kind)
    recorded = json.loads((run / "replay.json").read_text())
    model = loaded(run)
    model_of(model).to("cuda")
    comparison = compared(
        "on a GPU", [Answer(**answer) for answer in recorded["answers"]], model.answers(recorded["inputs"])
    )
    assert comparison.same, comparison


def test_first_epoch_has_the_same_loss_on_a_gpu(tmp_path):
    """Dropout is off, since its masks depend on the device. Differences of early steps grow in later ones."""
    losses = {}
    for device in ("cpu", "auto"):
        overrides = ["encoder.dropout=0", "training.epochs=1", "data.stride=8", f"training.device={device}"]
        list(train.train_epochs(load(FORECASTER, overrides), tmp_path / device))
        history = [json.loads(line) for line in (tmp_path / device / "history.jsonl").read_text().splitlines()]
        losses[device] = history[0]["loss"]
    assert losses["auto"] == pytest.approx(losses["cpu"], rel=1e-2)
