"""Attention against a loop over positions. Padding and blocks change nothing, and an untrained block hardly acts."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bilstm_nlp.nn import attention
from bilstm_nlp.nn.attention import AdditiveAttention, MultiHeadAttention

D = 6
KINDS = [lambda: AdditiveAttention(D, 5), lambda: MultiHeadAttention(D, 3), lambda: MultiHeadAttention(D, 1)]
NAMES = ["additive", "three heads", "one head"]


@pytest.fixture(params=KINDS, ids=NAMES)
def block(request) -> AdditiveAttention | MultiHeadAttention:
    return trained(request.param())


def trained(block):
    """Draw the same large weights each time, as after training."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in block.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return block.eval()


def ragged(*lengths: int, steps: int | None = None) -> tuple[Tensor, Tensor]:
    """Draw (B, T, D) states, with large values at padding, and return them with their (B,) lengths."""
    generator = torch.Generator().manual_seed(1)
    states = torch.randn(len(lengths), steps or max(lengths), D, generator=generator)
    for row, length in enumerate(lengths):
        states[row, length:] = 1e4 * torch.arange(1, D + 1) ** 2
    return states, torch.tensor(lengths)


# --- the reference: a loop over positions ---


def softmax(scores: list[float]) -> np.ndarray:
    powers = [math.exp(score - max(scores)) for score in scores]
    return np.array([power / sum(powers) for power in powers])


def by_hand(block, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, D) states of one sentence → (T, D) states and (heads, T, T) weights."""
    p = {name: value.detach().double().numpy() for name, value in block.named_parameters()}
    normed = [
        (s - s.mean()) / np.sqrt(((s - s.mean()) ** 2).mean() + 1e-5) * p["norm.weight"] + p["norm.bias"]
        for s in states.astype(np.float64)
    ]
    rows, all_weights = [], []
    for state, n in zip(states, normed, strict=True):
        if isinstance(block, AdditiveAttention):
            scores = []
            for other in normed:
                hidden = np.tanh(p["query.weight"] @ n + p["query.bias"] + p["key.weight"] @ other)
                scores.append(float(p["score.weight"][0] @ hidden))
            weights = [softmax(scores)]
            context = sum(weight * other for weight, other in zip(weights[0], normed, strict=True))
        else:
            size, weights, contexts = D // block.heads, [], []
            for head in range(block.heads):
                query, key, value = (
                    p["projection.weight"][kind * D + head * size : kind * D + (head + 1) * size] for kind in range(3)
                )
                scores = [float((query @ n) @ (key @ other)) / math.sqrt(size) for other in normed]
                weights.append(softmax(scores))
                contexts.append(sum(w * (value @ other) for w, other in zip(weights[-1], normed, strict=True)))
            context = np.concatenate(contexts)
        rows.append(state + p["output.weight"] @ context + p["output.bias"])
        all_weights.append(weights)
    return np.array(rows), np.array(all_weights).transpose(1, 0, 2)


@torch.no_grad()
def test_states_and_weights_equal_a_loop_over_positions(block):
    states, lengths = ragged(5, 1, 3, 7)
    read, weights = block(states, lengths), block.weights(states, lengths)
    assert read.shape == states.shape
    assert weights.shape == (4, block.heads, 7, 7)
    for row, length in enumerate(lengths.tolist()):
        expected, expected_weights = by_hand(block, states[row, :length].numpy())
        np.testing.assert_allclose(read[row, :length].numpy(), expected, atol=1e-4)
        np.testing.assert_allclose(weights[row, :, :length, :length].numpy(), expected_weights, atol=1e-5)


# --- padding ---


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), more=st.integers(0, 6), kind=st.sampled_from(KINDS))
@torch.no_grad()
def test_batching_and_padding_change_nothing(lengths, more, kind):
    block = trained(kind())
    states, counts = ragged(*lengths, steps=max(lengths) + more)
    read, weights = block(states, counts), block.weights(states, counts)
    assert torch.isfinite(read).all()
    for row, length in enumerate(lengths):
        alone = states[row : row + 1, :length], counts[row : row + 1]
        # Weights as large as these make states of some 30, which rounding moves in proportion.
        torch.testing.assert_close(read[row, :length], block(*alone)[0], atol=1e-5, rtol=1e-5)
        real = weights[row, :, :length]
        torch.testing.assert_close(real[..., :length], block.weights(*alone)[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(real[..., :length].sum(-1), torch.ones(block.heads, length), atol=1e-5, rtol=0)
        assert (weights[row, ..., length:] == 0).all()


def test_a_row_of_padding_alone_is_finite(block):
    states, lengths = ragged(4, 2)
    lengths = torch.tensor([4, 0])
    states.requires_grad_()
    read = block(states, lengths)
    read[0].sum().backward()
    assert torch.isfinite(read).all()
    assert torch.isfinite(block.weights(states, lengths)).all()
    assert torch.isfinite(states.grad).all()


# --- training ---


def test_every_parameter_gets_a_gradient_and_padding_none(block):
    states, lengths = ragged(5, 2, 7)
    states.requires_grad_()
    read = block(states, lengths)
    sum(read[row, :length].square().sum() for row, length in enumerate(lengths.tolist())).backward()
    for name, parameter in block.named_parameters():
        assert parameter.grad is not None, name
        # A softmax ignores a shift of all scores. No parameter may cause such a shift only.
        assert parameter.grad.abs().sum() > 1e-3, name
    for row, length in enumerate(lengths.tolist()):
        assert (states.grad[row, length:] == 0).all()
        assert (states.grad[row, :length] != 0).all()


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_an_untrained_block_hardly_changes_the_states(kind):
    torch.manual_seed(0)
    states, lengths = torch.randn(8, 12, D), torch.full((8,), 12)
    block = kind()
    moved = block(states, lengths) - states
    assert 0 < moved.norm() < 0.2 * states.norm()
    weights = block.weights(states, lengths)
    assert weights.max() < 0.9, "an untrained position must not attend to a single other position"


def test_dropout_acts_in_training_only():
    states, lengths = ragged(6, 3)
    block = MultiHeadAttention(D, 2, dropout=0.5)
    assert not torch.equal(block(states, lengths)[0], block(states, lengths)[0])
    block.eval()
    assert torch.equal(block(states, lengths), block(states, lengths))


# --- blocks of queries ---


@pytest.mark.parametrize("numbers", [1, 3 * 7 * 5 * 2, 3 * 7 * 5 * 3 + 4])
def test_blocks_of_queries_change_nothing(numbers, monkeypatch):
    """With one query a block, and with blocks that do not divide the sentence's length."""
    states, lengths = ragged(5, 2, 7)
    results = []
    for limit in (10**9, numbers):
        monkeypatch.setattr(attention, "BLOCK", limit)
        block = trained(AdditiveAttention(D, 5)).train()
        assert len(block.blocks(states)) == (1 if limit == 10**9 else math.ceil(7 / max(1, limit // (3 * 7 * 5))))
        leaf = states.clone().requires_grad_()
        read, weights = block(leaf, lengths), block.weights(leaf, lengths)
        (read[:, :2].square().sum() + weights[0].square().sum()).backward()
        results.append([read, weights, leaf.grad, *(parameter.grad for parameter in block.parameters())])
    for whole, blocked in zip(*results, strict=True):
        torch.testing.assert_close(whole, blocked, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("grad", [True, False])
def test_memory_of_long_sentences_is_bounded_by_blocks(grad, monkeypatch):
    """There are three queries a block, and nothing of a block is saved for the backward pass."""
    states, lengths = ragged(40, 33)
    monkeypatch.setattr(attention, "BLOCK", 2 * 40 * 5 * 3)
    block = AdditiveAttention(D, 5)
    largest, saved_tensors = [], []
    weigh = block.block_weights
    monkeypatch.setattr(
        block, "block_weights", lambda *arguments: largest.append(arguments[0].shape[1]) or weigh(*arguments)
    )
    with (
        torch.set_grad_enabled(grad),
        torch.autograd.graph.saved_tensors_hooks(
            lambda saved: saved_tensors.append(saved) or saved, lambda saved: saved
        ),
    ):
        block(states, lengths)
    assert largest == [3] * 13 + [1]
    # The hidden layers of all pairs alone would have so many numbers.
    assert sum({tensor.data_ptr(): tensor.numel() for tensor in saved_tensors}.values()) < 2 * 40 * 40 * 5


@pytest.mark.parametrize("heads", [4, 0, -2, 7])
def test_heads_that_do_not_divide_the_inputs_are_refused(heads):
    with pytest.raises(ValueError, match=re.escape(f"'heads' must divide the 6 inputs. Got {heads}.")):
        MultiHeadAttention(D, heads)
