"""Sentences read together with their neighbours: what a window holds, and that nothing else is read."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.batches import plan
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.document_windows import alone, in_documents
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.nn.encoder import DocumentEncoder, Dropout, Encoder, Sequences
from bilstm_nlp.nn.tensors import on

often = settings(max_examples=100, deadline=None)

sentences = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3))).map(
    lambda drawn: [
        Sentence(tuple(f"{index}.{position}" for position in range(length)), None, 1, document=document)
        for index, (length, document) in enumerate(sorted(drawn, key=lambda pair: pair[1]))
    ]
)


def encoded(corpus):
    words = WordTable.build(Counter(token for sentence in corpus for token in sentence.tokens), None)
    nothing = np.empty((0, 2), np.float16)
    return TaggingCodec.fit(corpus, words, nothing, scheme="IOB2", file_scheme="IOB2").encode(corpus)


@often
@given(sentences, st.integers(1, 20), st.none() | st.integers(0, 99))
def test_windows_are_the_longest_runs_of_a_document(corpus, tokens, seed):
    generator = None if seed is None else np.random.default_rng(seed)
    together = in_documents(encoded(corpus), tokens, generator)
    windows = [corpus[start:end] for start, end in pairwise(together.firsts)]
    assert [sentence for window in windows for sentence in window] == corpus
    sizes = [sum(len(sentence.tokens) + 1 for sentence in window) - 1 for window in windows]
    assert together.lengths.tolist() == sizes
    for window, size in zip(windows, sizes, strict=True):
        assert window
        assert len(window) == 1 or (size <= tokens and len({sentence.document for sentence in window} - {0}) == 1)
    first = {window[0].document: number for number, window in reversed(list(enumerate(windows)))}
    for number, (window, after) in enumerate(pairwise(windows)):
        if window[0].document == after[0].document != 0 and (seed is None or number != first[window[0].document]):
            assert sizes[number] + 1 + len(after[0].tokens) > tokens


def test_cuts_of_documents_are_drawn_anew():
    corpus = [Sentence(("a",) * 4, None, 1, document=1 + index // 10) for index in range(200)]
    first, second = (in_documents(encoded(corpus), 30, np.random.default_rng(seed)) for seed in (1, 2))
    assert first.firsts.tolist() != second.firsts.tolist()
    assert 4 in first.lengths


@often
@given(sentences.filter(bool), st.integers(1, 20), st.integers(1, 40))
def test_a_layout_maps_tokens_to_cells_and_back(corpus, tokens, most):
    together = in_documents(encoded(corpus), tokens)
    seen = []
    for chosen in plan(together.lengths, most):
        numbers = together.sentences(chosen).tolist()
        seen += numbers
        batch = together.collate(chosen)
        assert batch.lengths.tolist() == [len(corpus[number].tokens) for number in numbers]
        if batch.windows is None:
            assert len(numbers) == len(chosen)
            continue
        width = batch.words.shape[1]
        names = {
            row * width + t: token
            for row, number in enumerate(numbers)
            for t, token in enumerate(corpus[number].tokens)
        }
        names[len(numbers) * width] = "|"
        for window, tokens, length in zip(chosen, batch.windows.tokens, batch.windows.lengths, strict=True):
            run = corpus[together.firsts[window] : together.firsts[window + 1]]
            expected = " | ".join(" ".join(sentence.tokens) for sentence in run).split()
            assert [names[token] for token in tokens[:length].tolist()] == expected
            assert not tokens[length:].any()
        read = batch.windows.tokens.flatten()[batch.windows.cells]
        own = np.arange(len(numbers) * width).reshape(-1, width)
        assert np.array_equal(read[batch.mask], own[batch.mask])
    assert sorted(seen) == list(range(len(corpus)))


def test_a_layout_is_that_of_the_drawn_example():
    corpus = [Sentence(tuple(text), None, 1, document=document) for text, document in (("abc", 1), ("d", 1), ("ef", 2))]
    together = in_documents(encoded(corpus), 10)
    windows = together.collate(np.array([0, 1])).windows
    assert windows.cells.tolist() == [[0, 1, 2], [4, 0, 0], [5, 6, 0]]
    assert windows.tokens.tolist() == [[0, 1, 2, 9, 3], [6, 7, 0, 0, 0]]
    assert windows.lengths.tolist() == [5, 2]
    joined = together.joined(np.array([1, 0])).windows
    assert joined.cells.tolist() == [[0, 1, 5, 6, 7, 9]]
    assert joined.tokens.tolist() == [[0, 1, 0, 0, 0], [2, 3, 4, 6, 5]]
    assert joined.lengths.tolist() == [2, 5]


@often
@given(sentences.filter(bool), st.integers(1, 20), st.integers(1, 40))
def test_sentences_joined_in_one_row_have_the_cells_of_rows(corpus, tokens, most):
    together = in_documents(encoded(corpus), tokens)
    for chosen in plan(together.lengths, most):
        rows, joined = together.collate(chosen), together.joined(chosen)
        assert (joined.mask.all(), joined.lengths.tolist()) == (True, [rows.mask.sum()])
        if rows.windows is None:
            assert np.array_equal(joined.windows.lengths, rows.lengths)
            continue
        assert np.array_equal(joined.windows.cells[0], rows.windows.cells[rows.mask])
        boundary = joined.mask.size
        numbers = np.append(np.where(rows.mask, rows.mask.cumsum().reshape(rows.mask.shape) - 1, -1), boundary)
        assert np.array_equal(joined.windows.tokens, numbers[rows.windows.tokens])
        for name in ("words", "distinct"):
            assert np.array_equal(getattr(joined, name)[0], getattr(rows, name)[rows.mask])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_window_is_read_as_a_sequence_of_its_own(cell):
    torch.manual_seed(0)
    corpus = [
        Sentence(("a",) * length, None, 1, document=1 + (index > 2)) for index, length in enumerate((3, 1, 5, 2, 4))
    ]
    encoder = DocumentEncoder(Encoder(3, 4, cell=cell, layers=2), 3, *2 * [Dropout(0.0, locked=True)])
    torch.nn.init.normal_(encoder.boundary)
    together = in_documents(encoded(corpus), 100)
    batch = on(together.collate(np.array([1, 0])))
    inputs = torch.randn(5, 5, 3)
    states = encoder(Sequences(inputs, batch.lengths, batch.windows))
    for run in ((0, 1), (2, 3, 4)):
        parts, boundary = [inputs[row, : batch.lengths[row]] for row in run], encoder.boundary[None]
        joined = torch.cat([piece for part in parts for piece in (boundary, part)][1:])[None]
        expected = encoder.encoder(Sequences(joined, torch.tensor([joined.shape[1]])))[0]
        start = 0
        for row, part in zip(run, parts, strict=True):
            torch.testing.assert_close(states[row, : len(part)], expected[start : start + len(part)], atol=1e-6, rtol=0)
            start += len(part) + 1
    states.sum().backward()
    assert encoder.boundary.grad is not None
    assert encoder.boundary.grad.abs().sum() > 0


def test_sentences_alone_are_read_as_without_documents():
    corpus = [Sentence(("a",) * length, None, 1) for length in (3, 1)]
    assert alone(encoded(corpus)).collate(np.array([0, 1])).windows is None
    assert in_documents(encoded(corpus), 100).firsts.tolist() == [0, 1, 2]
    inner = Encoder(3, 4)
    sequences = Sequences(torch.randn(2, 3, 3), torch.tensor([3, 1]))
    assert torch.equal(DocumentEncoder(inner, 3, *2 * [Dropout(0.0, locked=True)])(sequences), inner(sequences))
