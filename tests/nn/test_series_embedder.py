"""The input and output ends for series: channels, patches, pooling, objectives, the head."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.batch import WindowBatch
from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass
from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling
from bilstm_nlp.nn.regression_head import AbsoluteError, HuberError, PinballError, RegressionHead, SquaredError
from bilstm_nlp.nn.series_embedder import IndependentChannels, JointChannels, PatchReader, SeriesEmbedder, StepReader

B, L, H, C, EXTRA, K = 3, 10, 4, 2, 3, 5


def batch(**changes: torch.Tensor | None) -> WindowBatch:
    generator = torch.Generator().manual_seed(0)
    values = {
        "past": torch.randn(B, L, C + EXTRA, generator=generator),
        "level": torch.randn(B, 1, C, generator=generator),
        "scale": torch.rand(B, 1, C, generator=generator) + 0.5,
        "known": torch.randn(B, H, K, generator=generator),
        "future": torch.randn(B, H, C, generator=generator),
    }
    return WindowBatch(**(values | changes))


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("level", (B, 1, C + 1), r"WindowBatch\.scale must be \(3, 1, 3\), got \(3, 1, 2\)"),
        ("scale", (B, C), r"WindowBatch\.scale must be \(3, 1, 2\), got \(3, 2\)"),
        ("known", (B + 1, H, K), r"WindowBatch\.known must be \(3, 4, 5\), got \(4, 4, 5\)"),
        ("future", (B, H + 1, C), r"WindowBatch\.future must be \(3, 4, 2\), got \(3, 5, 2\)"),
        ("past", (B, L), r"must be \(B, L, F\), \(B, 1, C\), \(B, H, K\), got \(3, 10\)"),
        ("past", (B, L, 1), "must hold the 2 targets, got 1 columns"),
    ],
)
def test_wrong_shapes_of_a_window_batch_are_named(name, shape, message):
    with pytest.raises(ValueError, match=message):
        batch(**{name: torch.zeros(shape)})


def test_independent_channels_put_each_target_beside_other_columns():
    channels, windows = IndependentChannels(C + EXTRA, C), batch()
    sequences, known = channels.sequences(windows), channels.known(windows)
    assert channels.features == sequences.shape[2]
    for b in range(B):
        for c in range(C):
            row = b * C + c
            assert torch.equal(sequences[row, :, 0], windows.past[b, :, c])
            assert torch.equal(sequences[row, :, 1:], windows.past[b, :, C:])
            assert torch.equal(known[row], windows.known[b])
    outputs = torch.randn(B * C, H, 1, 2)
    forecast = channels.forecast(outputs)
    for b in range(B):
        for c in range(C):
            assert torch.equal(forecast[b, :, c], outputs[b * C + c, :, 0])


@pytest.mark.parametrize(("length", "stride"), [(3, 3), (4, 2), (4, 3), (1, 1), (10, 5), (12, 4)])
def test_patches_end_with_the_newest_step_and_repeat_the_oldest(length, stride):
    reader = PatchReader(2, length, stride, 3)
    sequences = torch.randn(2, L, 2)
    patches = []
    end = L
    while end > 0 and (not patches or end - length + stride > 0):
        steps = [max(step, 0) for step in range(end - length, end)]
        patches.insert(0, sequences[:, steps].transpose(1, 2).flatten(1))
        end -= stride
    torch.testing.assert_close(reader(sequences), reader.projection(torch.stack(patches, 1)))


def test_poolings_equal_their_formulas():
    states = torch.randn(3, 5, 8)
    assert torch.equal(LastPooling()(states), states[:, 4])
    assert torch.equal(BothEndsPooling(4)(states), torch.cat([states[:, 4, :4], states[:, 0, 4:]], 1))
    assert torch.equal(BothEndsPooling(8)(states), states[:, 4])  # one direction
    torch.testing.assert_close(MeanPooling()(states), sum(states[:, t] for t in range(5)) / 5)
    attention = AttentionPooling(8)
    weights = torch.stack([attention.query(attention.projection(states[:, t]).tanh())[:, 0] for t in range(5)], 1).exp()
    expected = sum(states[:, t] * (weights[:, t] / weights.sum(1))[:, None] for t in range(5))
    torch.testing.assert_close(attention(states), expected)


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
    head = RegressionHead(LastPooling(), made_by, None, channels, objective, horizon=H)
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
        RegressionHead(LastPooling(), made_by, added, channels, objective, horizon=H) for added in (None, bypass)
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
