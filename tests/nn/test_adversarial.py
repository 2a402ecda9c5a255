"""Adversarial training against its formula, sequence by sequence."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from bilstm_nlp.config import parse
from bilstm_nlp.nn.adversarial import Adversarial
from bilstm_nlp.nn.encoder import Encoder, Sequences
from bilstm_nlp.nn.model import Loss, Model
from bilstm_nlp.tasks.trainer import settings

LENGTHS = [4, 1, 3]


@dataclass
class Batch:
    x: Tensor
    y: Tensor
    lengths: Tensor


class Embedder(nn.Module):
    outputs = 3

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Linear(2, 3)

    def forward(self, batch: Batch) -> Sequences:
        return Sequences(self.map(batch.x), batch.lengths)


class Head(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.map = nn.Linear(inputs, 1)

    def loss(self, states: Tensor, batch: Batch) -> Loss:
        inside = torch.arange(states.shape[1]) < batch.lengths[:, None]
        errors = (self.map(states)[..., 0] - batch.y).square().masked_fill(~inside, 0.0)
        return Loss(errors.sum(), batch.lengths.sum())


@pytest.fixture
def case():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.double)
    model = Model(Embedder(), Encoder(3, 4), None, Head(8))
    batch = Batch(torch.randn(3, 4, 2), torch.randn(3, 4), torch.tensor(LENGTHS))
    yield model, batch
    torch.set_default_dtype(torch.float)


def alone(model: Model, inputs: Tensor, batch: Batch, row: int) -> Tensor:
    """Compute the loss of one sequence of (T, D) inputs, without padding."""
    length = LENGTHS[row]
    states = model.encoder(Sequences(inputs[None, :length], torch.tensor([length])))
    return (model.head.map(states)[0, :, 0] - batch.y[row, :length]).square().sum()


def test_half_of_the_loss_is_at_the_moved_inputs(case):
    model, batch = case
    loss = Adversarial(model, 0.1)(batch)
    halves = []
    for row, length in enumerate(LENGTHS):
        inputs = model.embedder.map(batch.x[row]).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(alone(model, inputs, batch, row), inputs)
        move = 0.1 * length**0.5 * gradient / gradient.norm()
        assert float(move[:length].square().sum(1).mean() ** 0.5) == pytest.approx(0.1)
        read = model.embedder.map(batch.x[row])
        halves += [alone(model, read, batch, row) / 2, alone(model, read + move, batch, row) / 2]
        assert halves[-1] > halves[-2]
    torch.testing.assert_close(loss.total, sum(halves))
    assert int(loss.weight) == sum(LENGTHS)
    expected = torch.autograd.grad(sum(halves), list(model.parameters()), retain_graph=True)
    for gradient, wanted in zip(torch.autograd.grad(loss.total, list(model.parameters())), expected, strict=True):
        torch.testing.assert_close(gradient, wanted)


def test_a_zero_gradient_moves_nothing(case):
    model, batch = case
    nn.init.zeros_(model.head.map.weight)
    loss = Adversarial(model, 0.1)(batch)
    torch.testing.assert_close(loss.total, model(batch).total)
    loss.total.backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_a_frozen_embedder_moves_its_inputs_like_a_trained_one(case):
    model, batch = case
    before = Adversarial(model, 0.1)(batch).total
    model.embedder.requires_grad_(False)
    loss = Adversarial(model, 0.1)(batch)
    torch.testing.assert_close(loss.total, before)
    loss.total.backward()
    assert model.head.map.weight.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in model.embedder.parameters())


def test_a_config_chooses_adversarial_training(case):
    model, _ = case
    values = {"task": "tagging", "data": {"train": "x", "dev": "y"}}
    assert settings(parse(values, "test")).objective(model) is model
    wrapped = settings(parse(values | {"training": {"adversarial": 0.3}}, "test")).objective(model)
    assert isinstance(wrapped, Adversarial)
    assert (wrapped.model, wrapped.size) == (model, 0.3)
    assert {*wrapped.parameters()} == {*model.parameters()}
