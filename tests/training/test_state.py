"""The state of a training: weights, moments, losses and generators survive it, and other states are refused."""

from __future__ import annotations

from math import inf, nan

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bilstm_nlp.errors import RunError
from bilstm_nlp.training import state as states
from bilstm_nlp.training.loop import fit
from bilstm_nlp.training.protocols import Score
from bilstm_nlp.training.reports import EpochReport, Part
from bilstm_nlp.training.state import Paused, State
from tests.training.toy import Asked, Line, evaluate, points, settings


def trained(make, seed: int) -> tuple[nn.Module, torch.optim.Optimizer, AveragedModel]:
    """Take two steps from weights of this seed: a model, its optimizer and its averaged weights."""
    torch.manual_seed(seed)
    model = nn.Linear(3, 2)
    optimizer = make(model)
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5), use_buffers=False)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
        averaged.update_parameters(model)
    return model, optimizer, averaged


MAKERS = {
    "adam": (lambda model: Adam(model.parameters(), lr=0.1), {"exp_avg", "exp_avg_sq", "step"}),
    "momentum": (lambda model: SGD(model.parameters(), lr=0.1, momentum=0.9), {"momentum_buffer"}),
    "sgd": (lambda model: SGD(model.parameters(), lr=0.1), set()),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_snapshot_survives_restoring_into_another_training(maker):
    make, moments = MAKERS[maker]
    losses = {1: [0.5, 0.1 + 0.2], 2: []}
    saved = states.snapshot(*trained(make, seed=1), losses)
    assert {name.rpartition(".")[2] for name in saved if name.startswith("optimizer.")} == moments
    state, other = State(saved, ()), trained(make, seed=2)
    assert not torch.equal(states.snapshot(*other, {})["model.weight"], saved["model.weight"])
    states.restore(state, *other)
    assert states.losses_before(state) == losses
    again = states.snapshot(*other, states.losses_before(state))
    assert again.keys() == saved.keys()
    for name, value in saved.items():
        assert torch.equal(again[name], value), name
        assert again[name].dtype == value.dtype


def test_later_steps_change_no_snapshot():
    model, optimizer, averaged = trained(MAKERS["adam"][0], seed=1)
    saved = states.snapshot(model, optimizer, averaged, {})
    before = {name: value.clone() for name, value in saved.items()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    averaged.update_parameters(model)
    assert all(torch.equal(saved[name], value) for name, value in before.items())
    assert not torch.equal(model.weight, saved["model.weight"])


def test_restored_generators_draw_the_same_numbers():
    state = State(states.generators(), ())
    drawn = torch.rand(3)
    states.restore_generators(state, rank=0)
    assert torch.equal(torch.rand(3), drawn)
    following = torch.get_rng_state()
    states.restore_generators(state, rank=1)
    assert torch.equal(torch.get_rng_state(), following), "only the first process has saved its generators"


def report(epoch: int, **changes: object) -> EpochReport:
    values = {"loss": 1.0, "score": Score("f1", 0.5, True), "best": epoch == 1, "learning_rate": 0.1}
    return EpochReport(epoch, **(values | {"seconds": 1.0, "sequences": 3} | changes))


@pytest.mark.parametrize(
    ("reports", "part", "problem"),
    [
        ([], None, None),
        ([report(1), report(2)], Part(1, 1.0, 1.0, 1, 1.0), None),
        ([report(2)], None, "reports of the epochs from the first on"),
        ([report(1), report(1)], None, "reports of the epochs from the first on"),
        ([report(1, best=False)], None, "a first epoch that is the best so far"),
        ([report(1, seconds=0.0)], None, "epochs that took some time"),
        ([report(1, seconds=inf)], None, "epochs that took some time"),
        ([report(1, sequences=-1)], None, "epochs that took some time"),
        ([], Part(0, 1.0, 1.0, 1, 1.0), "part of an epoch that took some time"),
        ([], Part(1, 1.0, 0.0, 1, 1.0), "part of an epoch that took some time"),
        ([], Part(1, 1.0, 1.0, -1, 1.0), "part of an epoch that took some time"),
        ([], Part(1, 1.0, 1.0, 1, nan), "part of an epoch that took some time"),
    ],
)
def test_problem_of_a_state_is_described(reports, part, problem):
    assert State(states.generators(), tuple(reports), part).problem() == problem


def test_part_of_an_epoch_needs_generators():
    assert State({}, (), Part(1, 1.0, 1.0, 1, 1.0)).problem() == "the state of the random generators"


@pytest.mark.parametrize(
    ("name", "tensor", "reason"),
    [
        ("model.map.1.bias", torch.zeros(2), "size mismatch for map.1.bias"),
        ("optimizer.9.step", torch.tensor(1.0), "optimizer.9.step of 2 parameters"),
        ("optimizer.x.step", torch.tensor(1.0), "invalid literal"),
        ("optimizer.0.step", torch.tensor(-1.0), "optimizer.0.step of -1"),
        ("optimizer.0.exp_avg", torch.zeros(7), "optimizer.0.exp_avg of shape"),
        ("optimizer.1.exp_avg", torch.tensor(1.0), "optimizer.1.exp_avg of shape"),
        ("optimizer.1.other", torch.zeros(1), "moments of some parameters that others lack"),
    ],
)
def test_state_of_another_training_is_refused_by_name(name, tensor, reason):
    state = next(fit(Line(), points, evaluate, settings())).state
    changed = State({**state.tensors, name: tensor}, state.reports)
    with pytest.raises(RunError, match=rf"^state\.safetensors: expected the state of this training, found .*{reason}"):
        next(fit(Line(), points, evaluate, settings(), changed))


@pytest.mark.parametrize(
    ("name", "tensor"),
    [("x", torch.zeros(1, dtype=torch.float64)), ("1", torch.tensor(1.0).double()), ("1", torch.zeros(4))],
)
def test_impossible_losses_are_refused_by_name(name, tensor):
    state = next(fit(Line(), points, evaluate, settings())).state
    changed = State({**state.tensors, f"losses.{name}": tensor}, state.reports)
    with pytest.raises(RunError, match=rf"^state\.safetensors: expected the losses of epochs, found losses\.{name} of"):
        next(fit(Line(), points, evaluate, settings(), changed))


def test_state_of_other_generators_is_refused_by_name():
    with pytest.raises(Paused) as paused:
        list(fit(Line(), points, evaluate, settings(), stopping=Asked(2)))
    state = paused.value.state
    for tensor in (torch.zeros(3), torch.zeros(3, dtype=torch.uint8)):
        changed = State({**state.tensors, "generator.cpu": tensor}, state.reports, state.part)
        with pytest.raises(RunError, match=r"^state\.safetensors: expected the state of the random generators, found"):
            next(fit(Line(), points, evaluate, settings(), changed))
