"""Streams in chunks: every sentence once, in order, in bounded memory, and before an error all sentences before it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.tasks.tagging.stream import ChunkSize, Reading, chunks

often = settings(max_examples=100, deadline=None)

sentences = st.lists(st.integers(0, 6)).map(
    lambda lengths: [Sentence(("a",) * length, None, line) for line, length in enumerate(lengths, 1)]
)


@often
@given(sentences, st.integers(1, 4), st.integers(1, 8))
def test_a_chunk_ends_with_the_sentence_that_fills_it(stream, most, tokens):
    parts = list(chunks(iter(stream), ChunkSize(most, tokens)))
    assert [sentence for part in parts for sentence in part] == stream

    def is_full(part):
        return len(part) >= most or sum(len(sentence.tokens) for sentence in part) >= tokens

    assert all(is_full(part) for part in parts[:-1])
    assert not any(is_full(part[:-1]) for part in parts)
    assert all(parts)


@often
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2))), st.integers(1, 4), st.integers(1, 8))
def test_documents_are_cut_only_beyond_twice_a_chunk(stream, most, tokens):
    size = ChunkSize(most, tokens)
    stream = [
        Sentence(("a",) * length, None, line, document=document)
        for line, (length, document) in enumerate(sorted(stream, key=lambda pair: pair[1]), 1)
    ]
    parts = list(chunks(iter(stream), size, documents=True))
    assert [sentence for part in parts for sentence in part] == stream

    def size_of(part):
        return len(part), sum(len(sentence.tokens) for sentence in part)

    for part, after in pairwise(parts):
        assert size.full(*size_of(part))
        if part[-1].document == after[0].document != 0:
            count, length = size_of(part)
            assert count >= 2 * most or length >= 2 * tokens
    for part in parts:
        count, length = size_of(part[:-1])
        assert count < 2 * most
        assert length < 2 * tokens
        for cut in range(1, len(part)):
            cut_here = part[cut - 1].document != part[cut].document or part[cut].document == 0
            assert not (cut_here and size.full(*size_of(part[:cut])))


@often
@given(sentences, st.integers(1, 4))
def test_sentences_before_an_error_come_first(stream, most):
    def broken():
        yield from stream
        raise DataError("x", "y", "z", 7)

    got = []
    with pytest.raises(DataError, match=r"^x:7: expected y, found z$"):
        got.extend(chunks(broken(), ChunkSize(most, 8)))
    assert [sentence for part in got for sentence in part] == stream


def reading(path, content: str, reads="text", draws: bool = False) -> Reading:
    path.write_text(content)
    return Reading(str(path), reads, ColumnFormat(tag=None), ChunkSize(2, 100), "", draws, False)


def test_chunks_know_the_number_of_their_first_sentence(tmp_path):
    got = list(reading(tmp_path / "x.txt", "a\nb\n\nc\nd\n").chunks())
    assert [(chunk.first, [sentence.text for sentence in chunk.sentences]) for chunk in got] == [
        (1, ["a", "b"]),
        (3, ["", "c"]),
        (5, ["d"]),
    ]
    assert not any(chunk.drawn for chunk in got)


def test_only_the_first_chunk_with_tokens_is_drawn_from(tmp_path):
    got = reading(tmp_path / "x.txt", "\n\n\na\nb\nc\n", draws=True).chunks()
    assert [chunk.drawn for chunk in got] == [False, True, False]
    blank, got = reading(tmp_path / "x.txt", "\n\n\n", draws=True).chunks(), []
    with pytest.raises(InputError, match=r"^--plot: expected a sentence with tokens to draw, found none$"):
        got.extend(blank)
    assert len(got) == 2
