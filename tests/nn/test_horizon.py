"""Decoders of all steps ahead against their formulas."""

from __future__ import annotations

import torch

from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass


def test_a_linear_decoder_maps_pooled_states_and_known_columns():
    torch.manual_seed(0)
    decoder = DirectDecoder(3, horizon=4, outputs=2, known=5)
    pooled, known = torch.randn(6, 3), torch.randn(6, 4, 5)
    expected = decoder.projection(torch.cat([pooled, known.flatten(1)], 1))
    torch.testing.assert_close(decoder(pooled, known).flatten(1), expected)


def test_a_decoder_with_a_hidden_layer_is_a_perceptron():
    torch.manual_seed(0)
    decoder = DirectDecoder(3, horizon=4, outputs=2, hidden=7)
    first, _, second = decoder.projection
    pooled = torch.randn(6, 3)
    forecasts = decoder(pooled, torch.zeros(6, 4, 0))
    torch.testing.assert_close(forecasts, second(first(pooled).relu()).view(6, 4, 2))


def test_dropout_of_a_decoder_acts_in_training_only():
    torch.manual_seed(0)
    decoder, pooled, known = DirectDecoder(30, 4, 1, dropout=0.5), torch.randn(6, 30), torch.zeros(6, 4, 0)
    assert not torch.equal(decoder(pooled, known), decoder(pooled, known))
    decoder.eval()
    assert torch.equal(decoder(pooled, known), decoder(pooled, known))


def test_a_bypass_starts_at_zero_and_is_shared_by_targets():
    torch.manual_seed(0)
    bypass, past = LinearBypass(5, 3), torch.randn(2, 5, 4)
    assert not bypass(past).any()
    torch.nn.init.normal_(bypass.projection.weight)
    together = bypass(past)
    assert together.shape == (2, 3, 4)
    for target in range(4):
        torch.testing.assert_close(together[..., target : target + 1], bypass(past[..., target : target + 1]))
