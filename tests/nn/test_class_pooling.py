"""Poolings of ragged sequences: each against a plain twin that pools one sequence alone, and unmoved by padding."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.nn.class_pooling import AttentiveState, BothEnds, LastState, MaxState, MeanState

HIDDEN = 3
LENGTHS = torch.tensor([5, 1, 3])


def attended(layer: AttentiveState, states: torch.Tensor) -> torch.Tensor:
    """(T, D) → (D,) by the equations of the paper."""
    scores = [
        layer.query.weight[0] @ torch.tanh(layer.projection.weight @ state + layer.projection.bias) for state in states
    ]
    raised = [score.exp() for score in scores]
    return sum(share / sum(raised) * state for share, state in zip(raised, states, strict=True))


KINDS = {
    "last": (LastState(2 * HIDDEN), lambda layer, states: states[-1]),
    "both-ends": (
        BothEnds(2 * HIDDEN, HIDDEN),
        lambda layer, states: torch.cat([states[-1, :HIDDEN], states[0, HIDDEN:]]),
    ),
    "mean": (MeanState(2 * HIDDEN), lambda layer, states: states.mean(0)),
    "max": (MaxState(2 * HIDDEN), lambda layer, states: states.max(0).values),
    "attention": (AttentiveState(2 * HIDDEN), attended),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pooling_is_that_of_each_sequence_alone(kind):
    layer, twin = KINDS[kind]
    states = torch.randn(3, 5, 2 * HIDDEN)
    for index, length in enumerate(LENGTHS.tolist()):
        states[index, length:] = 1e6
    pooled = layer(states, LENGTHS)
    for index, length in enumerate(LENGTHS.tolist()):
        torch.testing.assert_close(pooled[index], twin(layer, states[index, :length]))


@pytest.mark.parametrize("kind", KINDS)
def test_padding_moves_neither_vector_nor_gradient(kind):
    layer, _ = KINDS[kind]
    states = torch.randn(3, 5, 2 * HIDDEN, requires_grad=True)
    nothing = states.detach().clone()
    for index, length in enumerate(LENGTHS.tolist()):
        nothing[index, length:] = float("nan")
    torch.testing.assert_close(layer(nothing, LENGTHS), layer(states, LENGTHS).detach())
    layer(states, LENGTHS).sum().backward()
    for index, length in enumerate(LENGTHS.tolist()):
        assert (states.grad[index, length:] == 0).all()


def test_both_ends_with_one_direction_are_the_last_state():
    states = torch.randn(3, 5, HIDDEN)
    assert torch.equal(BothEnds(HIDDEN, HIDDEN)(states, LENGTHS), LastState(HIDDEN)(states, LENGTHS))


def test_attention_weights_sum_to_one_over_real_steps():
    weights = AttentiveState(4).weights(torch.randn(3, 5, 4), LENGTHS)
    torch.testing.assert_close(weights.sum(1), torch.ones(3))
    for row, length in zip(weights, LENGTHS.tolist(), strict=True):
        assert (row[:length] > 0).all()
        assert (row[length:] == 0).all()
