"""Objectives against their formulas, and the head that forecasts in the units of the values."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.nn.categories import FactEmbedding
from bilstm_nlp.nn.channels import IndependentChannels, JointChannels
from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass
from bilstm_nlp.nn.pooling import LastPooling
from bilstm_nlp.nn.regression_head import (
    AbsoluteError,
    HuberError,
    PinballError,
    RegressionHead,
    SquaredError,
    observed_loss,
)
from bilstm_nlp.nn.series_embedder import SeriesEmbedder, StepReader
from tests.nn.windows import EXTRA, B, C, H, K, L, batch


def test_objectives_equal_their_formulas():
    generator = torch.Generator().manual_seed(1)
    forecasts, values = (torch.randn(2, 3, generator=generator) * 2 for _ in range(2))
    errors = [f - v for f, v in zip(forecasts.flatten().tolist(), values.flatten().tolist(), strict=True)]
    assert float(SquaredError().loss(forecasts[..., None], values)) == pytest.approx(sum(e * e for e in errors))
    assert float(AbsoluteError().loss(forecasts[..., None], values)) == pytest.approx(sum(map(abs, errors)))
    huber = sum(e * e / 2 if abs(e) <= 0.7 else 0.7 * (abs(e) - 0.35) for e in errors)
    assert float(HuberError(0.7).loss(forecasts[..., None], values)) == pytest.approx(huber, rel=1e-5)
    levels = (0.1, 0.5, 0.8)
    quantiles = torch.randn(2, 3, 3, generator=generator)
    pinball = sum(
        level * max(v - q, 0) + (1 - level) * max(q - v, 0)
        for v, row in zip(values.flatten().tolist(), quantiles.view(-1, 3).tolist(), strict=True)
        for level, q in zip(levels, row, strict=True)
    )
    assert float(PinballError(levels).loss(quantiles, values)) == pytest.approx(pinball / 3, rel=1e-5)


def test_the_quantiles_minimise_the_pinball_loss():
    sample = torch.randn(20_001, generator=torch.Generator().manual_seed(2))
    levels = [0.1, 0.5, 0.9]
    objective = PinballError(levels)
    best = torch.quantile(sample, torch.tensor(levels))
    loss = objective.loss(best.expand(len(sample), 3), sample)
    for index in range(3):
        for step in (-0.1, 0.1):
            moved = best.clone()
            moved[index] += step
            assert objective.loss(moved.expand(len(sample), 3), sample) > loss


def test_quantiles_never_cross():
    arranged = PinballError([0.05, 0.5, 0.95]).arrange(torch.randn(100, 3) * 50)
    assert (arranged.diff(dim=-1) >= 0).all()
    with pytest.raises(ValueError, match=r"'levels' must be ascending between 0 and 1. Got \[0.5, 0.1\]"):
        PinballError([0.5, 0.1])


@pytest.mark.parametrize("channels", [JointChannels(C + EXTRA, C), IndependentChannels(C + EXTRA, C)], ids=type)
@pytest.mark.parametrize("hidden", [None, 6])
@pytest.mark.parametrize("objective", [SquaredError(), PinballError([0.1, 0.9])], ids=lambda o: str(o.outputs))
def test_the_head_forecasts_in_the_units_of_the_values(channels, hidden, objective):
    torch.manual_seed(0)
    windows = batch()
    embedder = SeriesEmbedder(channels, StepReader(channels.features))
    states, lengths, _ = embedder(windows)
    assert lengths.tolist() == [L] * len(states)
    made_by = DirectDecoder(states.shape[2], H, channels.targets * objective.outputs, known=K, hidden=hidden)
    head = RegressionHead(LastPooling(), made_by, None, channels, objective, levels=(0.9,), margins=(1, 1, H, C))
    forecast = head.decode(states, windows)
    assert forecast.shape == (B, H, C, objective.outputs)
    # Scaling and shifting a window scales and shifts its forecast.
    moved = head.decode(states, batch(scale=windows.scale * 2, level=windows.level * 2 + 1))
    torch.testing.assert_close(moved, forecast * 2 + 1)
    loss = head.loss(states, windows)
    assert float(loss.total.detach()) == pytest.approx(float(objective.loss(forecast, windows.future).detach()))
    assert int(loss.weight) == B * H * C
    with pytest.raises(ValueError, match="needs a batch with its future"):
        head.loss(states, batch(future=None))


@pytest.mark.parametrize("channels", [JointChannels(C + EXTRA, C), IndependentChannels(C + EXTRA, C)], ids=type)
def test_a_bypass_adds_a_map_of_the_look_back(channels):
    torch.manual_seed(0)
    windows = batch()
    states, _, _ = SeriesEmbedder(channels, StepReader(channels.features))(windows)
    objective = PinballError([0.1, 0.5, 0.9])
    made_by = DirectDecoder(states.shape[2], H, channels.targets * objective.outputs, known=K)
    bypass = LinearBypass(L, H)
    plain, head = (
        RegressionHead(LastPooling(), made_by, added, channels, objective, levels=(0.9,), margins=(1, 1, H, C))
        for added in (None, bypass)
    )
    before = plain.decode(states, windows)
    assert torch.equal(head.decode(states, windows), before)
    torch.nn.init.normal_(bypass.projection.weight)
    torch.nn.init.normal_(bypass.projection.bias)
    forecast = head.decode(states, windows)
    for b in range(B):
        for c in range(C):
            added = bypass.projection.weight @ windows.past[b, :, c] + bypass.projection.bias
            expected = before[b, :, c] + added[:, None] * windows.scale[b, 0, c]
            torch.testing.assert_close(forecast[b, :, c], expected)


def test_missing_values_have_no_loss_and_no_gradient():
    forecasts = torch.tensor([[[1.0], [2.0]]], requires_grad=True)
    loss = observed_loss(SquaredError(), forecasts, torch.tensor([[3.0, float("nan")]]))
    assert (loss.total.item(), loss.weight.item()) == (4.0, 1)
    loss.total.backward()
    assert forecasts.grad is not None
    assert forecasts.grad.tolist() == [[[-4.0], [0.0]]]


@pytest.mark.parametrize("channels", [JointChannels(C + EXTRA, C), IndependentChannels(C + EXTRA, C)], ids=type)
def test_facts_join_the_steps_of_their_own_target(channels):
    facts = torch.arange(B * C * 2.0).view(B, C, 2)
    embedder = SeriesEmbedder(channels, StepReader(channels.features), FactEmbedding(channels, 2, []))
    inputs = embedder(batch(facts=facts)).inputs
    assert inputs.shape[2] == embedder.outputs
    joined = inputs[..., channels.features :]
    expected = facts.flatten(1) if isinstance(channels, JointChannels) else facts.flatten(0, 1)
    assert torch.equal(joined, expected[:, None].expand_as(joined))
