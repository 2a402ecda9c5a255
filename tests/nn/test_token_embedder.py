"""The input end for text: frozen rows, word dropout, spellings."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.nn.token_embedder import UNKNOWN, CharacterCnn, CharacterLstm, WordVectors


def table(**options) -> WordVectors:
    torch.manual_seed(0)
    return WordVectors(torch.randn(4, 3), torch.randn(2, 3).half(), **options)


def test_words_beyond_the_trained_rows_have_frozen_vectors():
    vectors = table().eval()
    embedded = vectors(torch.tensor([[2, 4, 5, 0]]))
    assert torch.equal(embedded[0, 0], vectors.table.weight[2])
    assert torch.equal(embedded[0, 1:3], vectors.frozen.float())


def test_only_trained_rows_have_gradients_and_are_saved():
    vectors = table()
    vectors.eval()(torch.tensor([[2, 4]])).sum().backward()
    assert vectors.table.weight.grad.abs().sum(1).gt(0).tolist() == [False, False, True, False]
    assert list(vectors.state_dict()) == ["table.weight"]


def test_word_dropout_acts_in_training_and_spares_padding():
    vectors = table(word_dropout=0.5)
    words = torch.full((1, 200), 2)
    words[0, 100:] = 0
    embedded = vectors(words)[0]
    unknown = (embedded == vectors.table.weight[UNKNOWN]).all(1)
    assert 20 < unknown[:100].sum() < 80
    assert not unknown[100:].any()
    assert torch.equal(vectors.eval()(words)[0, :100], vectors.table.weight[2].expand(100, 3))


def test_tables_of_different_width_are_named():
    with pytest.raises(ValueError, match=r"\(V, D\) and \(E, D\)\. Got \(4, 3\), \(2, 5\)"):
        WordVectors(torch.zeros(4, 3), torch.zeros(2, 5))


@pytest.mark.parametrize("reader", [CharacterCnn(9, 4, 5), CharacterCnn(9, 4, 5, width=4), CharacterLstm(9, 4, 5)])
def test_longer_spellings_in_the_batch_change_nothing(reader):
    words = torch.tensor([[3, 4, 0, 0, 0, 0], [5, 6, 7, 8, 2, 3], [2, 0, 0, 0, 0, 0]])
    together = reader(words)
    for row, length in enumerate([2, 6, 1]):
        torch.testing.assert_close(together[row], reader(words[row : row + 1, :length])[0], atol=1e-6, rtol=0)


def test_character_cnn_equals_the_maximum_over_windows():
    torch.manual_seed(0)
    reader = CharacterCnn(9, 4, 5, width=3)
    word = [3, 4, 5, 2]
    padded = torch.cat([torch.zeros(2, 4), reader.embedding(torch.tensor(word)), torch.zeros(2, 4)])
    windows = [padded[i : i + 3] for i in range(len(word) + 2)]
    answers = torch.stack([(reader.convolution.weight * w.T).sum((1, 2)) + reader.convolution.bias for w in windows])
    torch.testing.assert_close(reader(torch.tensor([word]))[0], answers.amax(0))


def convolved(reader: CharacterCnn, characters: torch.Tensor) -> torch.Tensor:
    """(U, C) → (U, F) by a convolution over character vectors."""
    width = reader.convolution.kernel_size[0]
    answers = reader.convolution(reader.embedding(characters).transpose(1, 2))
    lengths = (characters > 0).sum(1)
    beyond = torch.arange(answers.shape[2]) >= (lengths + width - 1)[:, None]
    return answers.masked_fill(beyond[:, None], float("-inf")).amax(2)


@pytest.mark.parametrize("width", [1, 2, 3, 5])
def test_character_cnn_and_its_gradients_equal_a_convolution(width):
    torch.manual_seed(width)
    reader = CharacterCnn(20, 6, 7, width=width).double()
    lengths = torch.randint(1, 9, (40, 1))
    characters = torch.randint(1, 20, (40, 8)) * (torch.arange(8) < lengths)
    weights = torch.randn(40, 7, dtype=torch.float64)
    responses, expected = reader(characters), convolved(reader, characters)
    torch.testing.assert_close(responses, expected)
    parameters = list(reader.parameters())
    gradients = torch.autograd.grad((responses * weights).sum(), parameters)
    torch.testing.assert_close(gradients, torch.autograd.grad((expected * weights).sum(), parameters))
    with torch.no_grad():
        torch.testing.assert_close(reader(characters), responses.detach())
