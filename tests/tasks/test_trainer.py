"""The settings of the training loop are those of the config."""

from __future__ import annotations

import pytest
from torch import nn

from bilstm_nlp.config import parse
from bilstm_nlp.nn.adversarial import Adversarial
from bilstm_nlp.nn.model import Model
from bilstm_nlp.tasks.trainer import objective, optimizer_maker, schedule, settings
from bilstm_nlp.training import loop
from bilstm_nlp.training.optimizers import SGD, Adam, AdamW
from bilstm_nlp.training.protocols import Score


def config(**training: object):
    return parse({"seed": 7, "data": {"train": "x", "dev": "y"}, "training": training}, "a test")


@pytest.mark.parametrize(
    ("optimizer", "kind", "expected"),
    [
        ({"kind": "adamw", "learning_rate": 0.5, "betas": [0.5, 0.75], "weight_decay": 0.25}, AdamW, [0.25, 0.0]),
        ({"kind": "adam", "learning_rate": 0.5, "betas": [0.5, 0.75]}, Adam, [0.0, 0.0]),
        ({"kind": "sgd", "learning_rate": 0.5, "momentum": 0.75, "weight_decay": 0.125}, SGD, [0.125, 0.0]),
    ],
)
def test_the_config_chooses_the_optimizer(optimizer, kind, expected):
    made = optimizer_maker(config(optimizer=optimizer).training)(nn.Linear(2, 3))
    assert type(made) is kind
    assert [group["weight_decay"] for group in made.param_groups] == expected
    assert [parameter.dim() for group in made.param_groups for parameter in group["params"]] == [2, 1]
    for group in made.param_groups:
        assert group["lr"] == 0.5
        assert group["momentum"] == 0.75 if kind is SGD else group["betas"] == (0.5, 0.75)


@pytest.mark.parametrize(
    ("values", "factors"),
    [
        ({"kind": "constant", "warmup": 2}, [0.5, 1.0, 1.0]),
        ({"kind": "linear", "warmup": 1}, [1.0, 0.75, 0.0]),
        ({"kind": "cosine", "warmup": 1}, [1.0, pytest.approx(0.8535534), pytest.approx(0.0)]),
        ({"kind": "inverse-time", "decay": 0.5}, [1.0, 1 / 1.5, 1 / 3]),
        ({"kind": "plateau", "factor": 0.5, "patience": 1}, [1.0, 0.5, 0.25]),
    ],
)
def test_the_config_chooses_the_schedule(values, factors):
    factor = schedule(config(epochs=5, schedule=values).training)
    scores = [Score("f1", value, True) for value in (0.5, 0.4, 0.3)]
    assert [factor(epochs, scores[:count]) for epochs, count in ((1, 1), (2, 2), (5, 3))] == factors


def test_settings_are_those_of_the_config():
    own = settings(config(epochs=3, clip=0.5, patience=2, average=0.9, device="cpu", batch_tokens=64))
    assert (own.seed, own.epochs, own.clip, own.patience, own.average, own.device) == (7, 3, 0.5, 2, 0.9, "cpu")
    assert (own.precision, own.batch_setting) == ("fp32", "training.batch_tokens (now 64)")


def test_a_clip_of_0_is_no_clip():
    assert settings(config(clip=0)).clip is None


def test_a_size_above_0_makes_the_objective_adversarial():
    model = Model(nn.Identity(), nn.Identity(), None, nn.Identity())
    assert objective(0.0) is loop.identity
    assert isinstance(objective(0.5)(model), Adversarial)
