"""The encoder against the gate equations, written out; padding; dropout; initial states."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bilstm_nlp.nn.encoder import Dropout, Encoder, Reversal, Sequences


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(
    x: np.ndarray, weights: dict[str, np.ndarray], start: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """(T, D) → (T, H): compute the gates step by step."""
    hidden = weights["weight_hh_l0"].shape[1]
    h, c = start or (np.zeros(hidden), np.zeros(hidden))
    states = []
    for step in x:
        gates = weights["weight_ih_l0"] @ step + weights["bias_ih_l0"] + weights["weight_hh_l0"] @ h
        gates = gates + weights["bias_hh_l0"]
        i, f, g, o = gates.reshape(4, hidden)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.stack(states)


def gru_by_hand(x: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    hidden = weights["weight_hh_l0"].shape[1]
    h = np.zeros(hidden)
    states = []
    for step in x:
        r_x, z_x, n_x = (weights["weight_ih_l0"] @ step + weights["bias_ih_l0"]).reshape(3, hidden)
        r_h, z_h, n_h = (weights["weight_hh_l0"] @ h + weights["bias_hh_l0"]).reshape(3, hidden)
        z = sigmoid(z_x + z_h)
        h = (1 - z) * np.tanh(n_x + sigmoid(r_x + r_h) * n_h) + z * h
        states.append(h)
    return np.stack(states)


@pytest.mark.parametrize(("cell", "by_hand"), [("lstm", lstm_by_hand), ("gru", gru_by_hand)])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_states_equal_the_gate_equations(cell, by_hand, bidirectional, layers):
    torch.manual_seed(0)
    encoder = Encoder(5, 4, cell=cell, layers=layers, bidirectional=bidirectional)
    x = torch.randn(1, 7, 5)
    states = x[0].numpy()
    for layer in encoder.layers:
        weights = [
            {name: value.detach().numpy() for name, value in direction.named_parameters()}
            for direction in layer.directions
        ]
        read = [by_hand(states, weights[0])]
        if bidirectional:
            read.append(by_hand(states[::-1], weights[1])[::-1])
        states = np.concatenate(read, axis=1)
    np.testing.assert_allclose(encoder(Sequences(x, torch.tensor([7])))[0].detach().numpy(), states, atol=1e-5)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_padding_has_no_influence(cell):
    torch.manual_seed(0)
    encoder = Encoder(3, 4, cell=cell, layers=2)
    lengths = torch.tensor([6, 2, 4])
    x = torch.randn(3, 9, 3)
    batched = encoder(Sequences(x, lengths))
    for row, length in enumerate(lengths.tolist()):
        alone = encoder(Sequences(x[row : row + 1, :length], torch.tensor([length])))
        torch.testing.assert_close(batched[row, :length], alone[0], atol=1e-6, rtol=0)


def test_reversal_stays_within_lengths_and_has_an_inverse():
    x = torch.arange(10.0).view(2, 5, 1)
    reversal = Reversal(torch.tensor([3, 5]), 5)
    assert reversal.read(x).squeeze(2).t().tolist() == [[2, 1, 0, 3, 4], [9, 8, 7, 6, 5]]
    assert torch.equal(reversal.inverse(reversal.read(x)), x)


def test_gradients_of_a_reversal_pass_gradcheck():
    x = torch.randn(3, 5, 2, dtype=torch.double, requires_grad=True)
    reversal = Reversal(torch.tensor([3, 5, 1]), 5)
    assert torch.autograd.gradcheck(reversal.read, x)
    assert torch.autograd.gradcheck(reversal.inverse, x.detach().transpose(0, 1).requires_grad_())


@pytest.mark.parametrize("locked", [False, True])
@pytest.mark.parametrize("probability", [0.05, 1 / 3, 0.5, 0.9])
def test_dropout_drops_the_right_fraction_and_keeps_the_mean(locked, probability):
    torch.manual_seed(0)
    dropped = Dropout(probability, locked=locked)(torch.ones(301, 7, 101))
    drawn = dropped[:, :1] if locked else dropped
    assert torch.equal(drawn.expand_as(dropped), dropped)
    deviation = math.sqrt(probability * (1 - probability) / drawn.numel())
    assert (drawn == 0).double().mean().item() == pytest.approx(probability, abs=5 * deviation)
    assert drawn.unique().tolist() == pytest.approx([0, 1 / (1 - probability)], rel=1e-3)
    # Numbers are independent: neighbours agree as often as any two numbers do.
    zeros = (drawn == 0).flatten().double()
    alike = probability**2
    both = (zeros[1:] * zeros[:-1]).mean().item()
    assert both == pytest.approx(alike, abs=5 * math.sqrt(alike * 3 / len(zeros)))


def test_dropout_masks_differ_between_calls_and_repeat_by_seed():
    ones, dropout = torch.ones(4, 6, 50), Dropout(0.5, locked=False)
    torch.manual_seed(1)
    first, second = dropout(ones), dropout(ones)
    torch.manual_seed(1)
    assert torch.equal(dropout(ones), first)
    assert not torch.equal(first, second)


def test_dropout_of_0_of_1_and_in_evaluation():
    ones = torch.ones(2, 3, 5)
    for locked in (False, True):
        assert torch.equal(Dropout(0.0, locked=locked)(ones), ones)
        assert torch.equal(Dropout(1.0, locked=locked)(ones), torch.zeros(2, 3, 5))
        assert torch.equal(Dropout(0.5, locked=locked).eval()(ones), ones)


def test_input_dropout_is_independent_of_dropout_between_layers():
    def unread(encoder: Encoder) -> int:
        """Count the input features, of 50 in each of 8 sequences, that have no gradient."""
        torch.manual_seed(0)
        x = torch.randn(8, 6, 50, requires_grad=True)
        encoder.train()(Sequences(x, torch.full((8,), 6))).square().sum().backward()
        assert x.grad is not None
        return int((x.grad == 0).all(dim=1).sum())

    assert unread(Encoder(50, 4, layers=2, dropout=0.5)) == 0
    assert 100 < unread(Encoder(50, 4, layers=2, input_dropout=0.5)) < 300


def test_random_initial_states_differ_between_passes():
    x, lengths = torch.randn(2, 3, 5), torch.tensor([3, 3])
    for cell in ("lstm", "gru"):
        random = Encoder(5, 4, cell=cell, initial_state="random").eval()
        assert not torch.equal(random(Sequences(x, lengths)), random(Sequences(x, lengths)))
        zeros = Encoder(5, 4, cell=cell).eval()
        assert torch.equal(zeros(Sequences(x, lengths)), zeros(Sequences(x, lengths)))


def test_two_layers_with_random_initial_states_equal_the_equations():
    """Two stacked bidirectional layers, each direction of each with states drawn from N(0, 1), as in the article."""
    torch.manual_seed(0)
    encoder = Encoder(3, 4, layers=2, initial_state="random")
    x, lengths = torch.randn(1, 6, 3), torch.tensor([6])
    torch.manual_seed(1)
    encoded = encoder(Sequences(x, lengths))[0].detach().numpy()
    torch.manual_seed(1)
    states = x[0].numpy()
    for layer in encoder.layers:
        read = []
        for direction, backward in zip(layer.directions, (False, True), strict=True):
            weights = {name: value.detach().numpy() for name, value in direction.named_parameters()}
            start = (torch.randn(1, 1, 4).numpy()[0, 0], torch.randn(1, 1, 4).numpy()[0, 0])
            seen = lstm_by_hand(states[::-1] if backward else states, weights, start)
            read.append(seen[::-1] if backward else seen)
        states = np.concatenate(read, axis=1)
    np.testing.assert_allclose(encoded, states, atol=1e-5)
