from __future__ import annotations

import gzip
import io
import sys
from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp import tags
from bilstm_nlp.data.text.formats.corpus import (
    ColumnFormat,
    Repair,
    Sentence,
    TaggedCorpus,
    checked,
    converted,
    line_of,
    read,
    sentences_of,
)
from bilstm_nlp.data.text.formats.corpus_parts import fraction_of, hold_out
from bilstm_nlp.data.text.tokenizer import CHARACTERS
from bilstm_nlp.errors import DataError

often = settings(max_examples=100, deadline=None)

COLUMNS = "-DOCSTART- O\n\nEU B-ORG\nsays O\n\nIt O\n"
JSONL = '{"tokens": ["EU", "says"], "tags": ["B-ORG", "O"]}\n{"tokens": ["It"], "tags": ["O"]}\n'


def written(tmp_path, name: str, content: str) -> str:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return str(path)


@pytest.mark.parametrize("name", ["x.conll", "x.txt", "x", "x.bmes.gz", "x.jsonl", "x.jsonl.gz", "x.ndjson"])
def test_corpora_are_told_apart_by_name(tmp_path, name):
    source = written(tmp_path, name, JSONL if "json" in name else COLUMNS)
    corpus = read(source, ColumnFormat())
    assert corpus.source == source
    assert [(sentence.tokens, sentence.tags) for sentence in corpus.sentences] == [
        (("EU", "says"), ("B-ORG", "O")),
        (("It",), ("O",)),
    ]


def test_samples_are_corpora():
    corpus = read("sample:news.dev.conll", ColumnFormat())
    assert checked(corpus, "IOB2", "error") == (corpus, [])


@pytest.mark.parametrize("content", ["", "\n\r\n", "\ufeff", "-DOCSTART- O\n\n", "# c\n", " \t\n"])
def test_a_file_without_sentences_is_refused(tmp_path, content):
    source = written(tmp_path, "x.conll", content)
    with pytest.raises(DataError) as error:
        read(source, ColumnFormat(comment="#"))
    assert str(error.value) == f"{source}: expected at least one sentence, found none"


def test_empty_records_are_no_sentences_of_a_corpus(tmp_path):
    source = written(tmp_path, "x.jsonl", '{"text": " ", "spans": []}\n{"tokens": ["a"], "tags": ["O"]}\n')
    assert [sentence.line for sentence in read(source, ColumnFormat()).sentences] == [2]


def test_every_line_of_text_is_a_sentence(tmp_path):
    source = written(tmp_path, "x.txt", "\ufeffI can't.\r\n\r\n  \nU.S.\u2028x")
    sentences = list(sentences_of(source, "auto", ColumnFormat()))
    assert [(sentence.line, sentence.text, sentence.tokens) for sentence in sentences] == [
        (1, "I can't.", ("I", "ca", "n't", ".")),
        (2, "", ()),
        (3, "  ", ()),
        (4, "U.S.\u2028x", ("U.S.", "x")),
    ]
    assert next(sentences_of(source, "text", ColumnFormat(cut=CHARACTERS))).tokens == tuple("Ican't.")


@pytest.mark.parametrize(
    ("reads", "content", "tokens"),
    [
        ("auto", "EU says", [("EU", "says")]),
        ("text", "EU says", [("EU", "says")]),
        ("tokens", "don't  stop\tU.S. .\n\n10\u00a0000", [("don't", "stop", "U.S.", "."), (), ("10\u00a0000",)]),
        ("conll", COLUMNS, [("EU", "says"), ("It",)]),
        ("conll", "EU\nsays\n", [("EU", "says")]),
        ("jsonl", JSONL, [("EU", "says"), ("It",)]),
        ("jsonl", '{"text": "EU says"}', [("EU", "says")]),
        ("conll", "", []),
    ],
)
def test_streams_from_standard_input_need_no_tags(monkeypatch, reads, content, tokens):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    sentences = list(sentences_of("-", reads, ColumnFormat(tag=None)))
    assert [sentence.tokens for sentence in sentences] == tokens
    assert all(sentence.tags is None for sentence in sentences)


@pytest.mark.parametrize(
    ("reads", "content", "before"),
    [
        ("text", b"a\nb\n\xff\n", [("a",), ("b",)]),
        ("conll", b"a O\n\nb O\n\n\xff O\n", [("a",), ("b",)]),
        ("conll", b"a O\n\nb O\n\nc\n", [("a",), ("b",)]),
        ("jsonl", b'{"text": "a"}\n{"text": "b"}\n{"text":', [("a",), ("b",)]),
    ],
)
def test_sentences_before_a_bad_line_are_yielded(monkeypatch, reads, content, before):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    stream, sentences = sentences_of("-", reads, ColumnFormat(tag=None)), []
    with pytest.raises(DataError, match=r"^standard input:[35]: expected "):
        sentences.extend(stream)
    assert [sentence.tokens for sentence in sentences] == before


def test_streams_read_no_further_than_they_must(monkeypatch):
    """An endless input: a sentence is there once its blank line is."""

    class Endless(io.RawIOBase):
        blocks = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.blocks += 1
            buffer[:5] = b"a O\n\n"
            return 5

    raw = Endless()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))
    stream = sentences_of("-", "conll", ColumnFormat())
    assert [next(stream).line for _ in range(3)] == [1, 3, 5]
    assert raw.blocks <= 4


# --- checked ---


def corpus_of(*sequences: str, lines: tuple[int, ...] = ()) -> TaggedCorpus:
    return TaggedCorpus(
        "x.conll", [Sentence(("w",) * len(tags.split()), tuple(tags.split()), 1, lines=lines) for tags in sequences]
    )


def test_broken_tags_are_an_error_at_their_line():
    corpus = corpus_of("O O I-PER", lines=(4, 5, 7))
    with pytest.raises(DataError) as error:
        checked(corpus, "IOB2", "error")
    assert str(error.value) == (
        'x.conll:7: expected tags that keep to IOB2, or data.on_invalid_tags = "repair", '
        "found I-PER follows O; in IOB2 an entity begins with B-PER"
    )


@pytest.mark.parametrize("on_invalid", ["error", "repair"])
def test_tags_of_no_scheme_have_no_repair(on_invalid):
    with pytest.raises(
        DataError, match=r"x\.conll:2: .* found PER is no tag of IOB2, which has O and B-, I- with a type"
    ):
        checked(corpus_of("O PER", lines=(1, 2)), "IOB2", on_invalid)


def test_repairs_are_listed_with_their_lines():
    corpus, repairs = checked(corpus_of("O B-X O", "B-X M-X M-Y", lines=(3, 5, 6)), "BMES", "repair")
    assert [sentence.tags for sentence in corpus.sentences] == [("O", "S-X", "O"), ("B-X", "E-X", "S-Y")]
    assert repairs == [Repair(5, "B-X", "S-X"), Repair(5, "M-X", "E-X"), Repair(6, "M-Y", "S-Y")]


def test_a_corpus_is_converted_to_another_scheme():
    corpus = corpus_of("O I-X I-X B-X", lines=(1, 2, 3, 4))
    assert converted(corpus, "IOB1", "BMES").sentences[0].tags == ("O", "B-X", "E-X", "S-X")
    assert converted(corpus, "IOB1", "IOB1") is corpus


@pytest.mark.parametrize("on_invalid", ["error", "repair"])
def test_missing_tags_are_an_error(on_invalid):
    corpus = TaggedCorpus("x.jsonl", [Sentence(("a",), ("O",), 1), Sentence(("b",), None, 2)])
    with pytest.raises(DataError, match=r"^x\.jsonl:2: expected a tag for every token, found a sentence without tags$"):
        checked(corpus, "IOB2", on_invalid)


LETTERS = {"IOB1": "BI", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU", "BMES": "BMES"}


@st.composite
def some_tags(draw):
    """A scheme, and sentences of its tags in any order."""
    scheme = draw(st.sampled_from(tags.SCHEMES))
    tag = st.sampled_from(["O", *(f"{letter}-{kind}" for letter in LETTERS[scheme] for kind in "XY")])
    return draw(st.lists(st.lists(tag, min_size=1), min_size=1)), scheme


@often
@given(some_tags())
def test_repair_keeps_entities_and_lists_every_change(drawn):
    sequences, scheme = drawn
    before = corpus_of(*map(" ".join, sequences))
    after, repairs = checked(before, scheme, "repair")
    assert checked(after, scheme, "error") == (after, [])
    changes = 0
    for old, new in zip(before.sentences, after.sentences, strict=True):
        assert tags.spans(old.tags, scheme) == tags.spans(new.tags, scheme)
        changes += sum(a != b for a, b in zip(old.tags, new.tags, strict=True))
        if not tags.violations(old.tags, scheme):
            assert new is old
    assert len(repairs) == changes
    legal = not any(tags.violations(sentence.tags, scheme) for sentence in before.sentences)
    if legal:
        assert checked(before, scheme, "error") == (before, [])
    else:
        with pytest.raises(DataError, match="expected tags that keep to"):
            checked(before, scheme, "error")


def test_a_token_has_the_line_of_its_row():
    assert line_of(Sentence(("a", "b"), None, 7), 1) == 7
    assert line_of(Sentence(("a", "b"), None, 7, lines=range(7, 9)), 1) == 8
    assert line_of(Sentence(("a", "b"), None, 7, lines=(7, 12)), 1) == 12


# --- fractions and folds ---


line_number = attrgetter("line")


def numbered(count: int) -> TaggedCorpus:
    """Make a corpus of so many sentences, seven in a document."""
    sentences = [Sentence((str(line),), ("O",), line, document=line // 7) for line in range(1, count + 1)]
    return TaggedCorpus("a test", sentences)


def lines(corpus: TaggedCorpus) -> list[int]:
    return [sentence.line for sentence in corpus.sentences]


@given(st.integers(1, 200), st.floats(0.01, 1), st.floats(0.01, 1))
def test_smaller_fractions_are_subsets_of_larger_ones(count, one_fraction, other_fraction):
    small, large = sorted((one_fraction, other_fraction))
    if int(small * count + 1e-9) == 0:
        with pytest.raises(DataError, match=rf"data\.fraction = .* of the {count}, found none"):
            fraction_of(numbered(count), small)
        return
    chosen = [lines(fraction_of(numbered(count), fraction)) for fraction in (small, large, 1.0)]
    assert set(chosen[0]) <= set(chosen[1]) <= set(chosen[2])
    for lines_of_fraction, fraction in zip(chosen, (small, large, 1.0), strict=True):
        assert lines_of_fraction == sorted(lines_of_fraction)
        assert len(lines_of_fraction) == int(fraction * count + 1e-9)
    assert chosen[2] == list(range(1, count + 1))


def test_a_fraction_is_spread_over_the_whole_corpus():
    chosen = lines(fraction_of(numbered(1000), 0.1))
    assert np.histogram(chosen, 5, (1, 1001))[0].min() > 8


def test_held_out_folds_add_up_to_the_corpus():
    corpus = numbered(100)
    held_out = []
    for fold in range(1, 6):
        others, out = hold_out(corpus, fold, 5)
        assert sorted([*others.sentences, *out.sentences], key=line_number) == corpus.sentences
        assert [others.sentences, out.sentences] == [sorted(part.sentences, key=line_number) for part in (others, out)]
        held_out += out.sentences
    assert sorted(held_out, key=line_number) == corpus.sentences


def test_more_folds_than_sentences_are_refused():
    with pytest.raises(DataError, match="at least 101 sentences, one a fold, found 100"):
        hold_out(numbered(100), 1, 101)
