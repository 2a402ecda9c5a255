"""Other mentions of a word: against a loop over tokens."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.nn.encoder import DocumentEncoder, Dropout, Encoder, Sequences
from bilstm_nlp.nn.mentions import OtherMentions


def test_a_token_has_the_mean_of_its_others():
    torch.manual_seed(0)
    states = torch.randn(3, 4, 5, dtype=torch.double)
    mentions = torch.tensor([[1, 2, 1, 3], [2, 1, 0, 0], [4, 0, 0, 0]])
    found = OtherMentions()(states, mentions)
    assert torch.equal(found[..., :5], states)
    cells = [(row, column) for row in range(3) for column in range(4)]
    for cell in cells:
        others = [states[one] for one in cells if one != cell and mentions[one] == mentions[cell] > 0]
        expected = sum(others) / len(others) if others else torch.zeros(5, dtype=torch.double)
        torch.testing.assert_close(found[cell][5:], expected)


def test_its_gradient_is_right():
    states = torch.randn(2, 3, 2, dtype=torch.double, requires_grad=True)
    mentions = torch.tensor([[1, 2, 1], [1, 3, 0]])
    assert torch.autograd.gradcheck(lambda states: OtherMentions()(states, mentions), states)


def test_an_encoder_that_needs_mentions_says_so():
    encoder = DocumentEncoder(Encoder(3, 4), 3, *2 * [Dropout(0.0, locked=True)], OtherMentions())
    assert encoder.outputs == 16
    sequences = Sequences(torch.randn(2, 3, 3), torch.tensor([3, 1]))
    with pytest.raises(ValueError, match="needs sequences with mentions"):
        encoder(sequences)
    assert encoder(sequences._replace(mentions=torch.tensor([[1, 2, 1], [3, 0, 0]]))).shape == (2, 3, 16)
