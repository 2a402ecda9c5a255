"""Sentences read together with their neighbours: what a window holds, and that nothing else is read."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data import context
from bilstm_nlp.data.codec import TaggingCodec, plan
from bilstm_nlp.data.context import alone, in_documents
from bilstm_nlp.data.corpus import Sentence
from bilstm_nlp.data.vocabulary import WordTable
from bilstm_nlp.nn.encoder import DocumentEncoder, Dropout, Encoder, Sequences

often = settings(max_examples=200, deadline=None)

sentences = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 3))).map(
    lambda found: [
        Sentence(tuple(f"{index}.{place}" for place in range(length)), None, 1, document=document)
        for index, (length, document) in enumerate(sorted(found, key=lambda one: one[1]))
    ]
)


def encoded(found, mentions: bool = False):
    words = WordTable.build(Counter(token for sentence in found for token in sentence.tokens), None)
    nothing = np.empty((0, 2), np.float16)
    codec = TaggingCodec.fit(found, words, nothing, scheme="IOB2", file_scheme="IOB2", mentions=mentions)
    return codec.encode(found)


@often
@given(sentences, st.integers(1, 20), st.none() | st.integers(0, 99))
def test_windows_are_runs_of_one_document_that_are_as_long_as_they_may_be(found, tokens, seed):
    generator = None if seed is None else np.random.default_rng(seed)
    together = in_documents(encoded(found), tokens, generator)
    windows = [found[start:end] for start, end in pairwise(together.borders)]
    assert [sentence for window in windows for sentence in window] == found
    sizes = [sum(len(sentence.tokens) + 1 for sentence in window) - 1 for window in windows]
    assert together.lengths.tolist() == sizes
    for window, size in zip(windows, sizes, strict=True):
        assert window
        assert len(window) == 1 or (size <= tokens and len({sentence.document for sentence in window} - {0}) == 1)
    first = {window[0].document: number for number, window in reversed(list(enumerate(windows)))}
    for number, (window, after) in enumerate(pairwise(windows)):
        if window[0].document == after[0].document != 0 and (seed is None or number != first[window[0].document]):
            assert sizes[number] + 1 + len(after[0].tokens) > tokens


def test_cuts_are_drawn_anew_and_sentences_are_read_alone_now_and_then():
    found = [Sentence(("a",) * 4, None, 1, document=1 + index // 10) for index in range(200)]
    one, other = (in_documents(encoded(found), 30, np.random.default_rng(seed)) for seed in (1, 2))
    assert one.borders.tolist() != other.borders.tolist()
    assert 4 in one.lengths


@often
@given(sentences.filter(bool), st.integers(1, 20), st.integers(1, 40))
def test_a_batch_says_where_each_token_is_read_and_what_each_window_reads(found, tokens, most):
    together = in_documents(encoded(found), tokens)
    seen = []
    for chosen in plan(together.lengths, most):
        numbers = together.sentences(chosen).tolist()
        seen += numbers
        batch = together.collate(chosen)
        assert batch.lengths.tolist() == [len(found[number].tokens) for number in numbers]
        if batch.windows is None:
            assert len(numbers) == len(chosen)
            continue
        width = batch.words.shape[1]
        names = {
            row * width + t: token for row, number in enumerate(numbers) for t, token in enumerate(found[number].tokens)
        }
        names[len(numbers) * width] = "|"
        for window, cells, length in zip(chosen, batch.windows.cells, batch.windows.lengths, strict=True):
            run = found[together.borders[window] : together.borders[window + 1]]
            expected = " | ".join(" ".join(sentence.tokens) for sentence in run).split()
            assert [names[cell] for cell in cells[:length].tolist()] == expected
            assert not cells[length:].any()
        read = batch.windows.cells.flatten()[batch.windows.places]
        own = torch.arange(len(numbers) * width).view(-1, width)
        assert torch.equal(read[batch.mask], own[batch.mask])
    assert sorted(seen) == list(range(len(found)))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_window_is_read_as_one_sequence_and_other_windows_have_no_influence(cell):
    torch.manual_seed(0)
    found = [
        Sentence(("a",) * length, None, 1, document=1 + (index > 2)) for index, length in enumerate((3, 1, 5, 2, 4))
    ]
    encoder = DocumentEncoder(Encoder(3, 4, cell=cell, layers=2), 3, *2 * [Dropout(0.0, locked=True)])
    torch.nn.init.normal_(encoder.boundary)
    together = in_documents(encoded(found), 100)
    batch = together.collate(np.array([1, 0]))
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
    found = [Sentence(("a",) * length, None, 1) for length in (3, 1)]
    assert alone(encoded(found)).collate(np.array([0, 1])).windows is None
    assert in_documents(encoded(found), 100).borders.tolist() == [0, 1, 2]
    inner = Encoder(3, 4)
    sequences = Sequences(torch.randn(2, 3, 3), torch.tensor([3, 1]))
    assert torch.equal(DocumentEncoder(inner, 3, *2 * [Dropout(0.0, locked=True)])(sequences), inner(sequences))


# --- other mentions of a word ---


@often
@given(sentences.filter(bool), st.integers(1, 20), st.integers(1, 40), st.none() | st.integers(0, 99))
def test_windows_of_a_document_are_in_one_batch(found, tokens, most, seed):
    together = in_documents(encoded(found, mentions=True), tokens)
    generator = None if seed is None else np.random.default_rng(seed)
    batches = together.plan(most, generator)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(together.lengths)))
    documents = [[found[sentence].document for sentence in together.borders[batch]] for batch in batches]
    for document in {sentence.document for sentence in found} - {0}:
        assert sum(document in batch for batch in documents) == 1
    for batch, names in zip(batches, documents, strict=True):
        padded = len(batch) * together.lengths[batch].max()
        assert padded <= most or len(batch) == 1 or len({*names}) == 1 != names[0] + 1


def test_a_document_that_is_too_large_for_a_batch_is_in_parts(monkeypatch):
    monkeypatch.setattr(context, "WHOLE", 30)
    found = [Sentence(("a",) * 9, None, 1, document=1 + index // 8) for index in range(16)]
    together = in_documents(encoded(found, mentions=True), 10)
    assert [windows.tolist() for windows in together.documents()] == [
        [0, 1, 2], [3, 4, 5], [6, 7], [8, 9, 10], [11, 12, 13], [14, 15]
    ]  # fmt: skip


def test_plans_are_drawn_anew():
    found = [Sentence(("a",) * 4, None, 1, document=1 + index // 3) for index in range(60)]
    together = in_documents(encoded(found, mentions=True), 10)
    plans = [[batch.tolist() for batch in together.plan(40, np.random.default_rng(seed))] for seed in (1, 1, 2)]
    assert plans[0] == plans[1] != plans[2]


words = st.lists(
    st.tuples(
        st.lists(st.sampled_from(["King", "KING", "king", "Paris", "x", "ß", "SS"]), min_size=1), st.integers(0, 3)
    )
)


@often
@given(words.filter(bool), st.randoms(use_true_random=False))
def test_mentions_are_equal_for_one_word_of_one_document_alone(found, generator):
    sentences = [
        Sentence(tuple(tokens), None, 1, document=document)
        for tokens, document in sorted(found, key=lambda one: one[1])
    ]
    chosen = list(range(len(sentences)))
    generator.shuffle(chosen)
    batch = encoded(sentences, mentions=True).collate(np.array(chosen))
    assert not batch.mentions[~batch.mask].any()
    assert (batch.mentions[batch.mask] > 0).all()
    keys = {}
    for row, number in enumerate(chosen):
        sentence = sentences[number]
        for token, mention in zip(sentence.tokens, batch.mentions[row].tolist(), strict=False):
            keys.setdefault((sentence.document or -number - 1, token.lower()), set()).add(mention)
    assert all(len(mentions) == 1 for mentions in keys.values())
    assert len(set.union(*keys.values())) == len(keys)
