"""Poolings against their formulas."""

from __future__ import annotations

import torch

from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling


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
