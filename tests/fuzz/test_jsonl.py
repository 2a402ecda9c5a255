"""JSON Lines: any bytes give sentences or a refusal, and what is written is read again."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import read, sentences_of
from bilstm_nlp.data.text.output import TaggedSentence, writer
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import SCHEMES
from tests.fuzz.files import check_message, files, packed, result_or_refusal

RECORDS = [
    {"tokens": ["EU", "rejects", "北"], "tags": ["B-ORG", "O", "S-LOC"], "document": "a"},
    {"text": "EU rejects it.", "spans": [[0, 2, "ORG"], {"start": 3, "end": 10, "label": "ACT"}], "document": 7},
    {"tokens": [{"text": "a"}, {"text": "b"}], "text": "a b", "labels": [{"start": 0, "end": 3, "labels": ["X"]}]},
    {"text": "", "entities": []},
    {"tokens": ["x"], "ner_tags": ["O"], "text": None},
]
LINES = "\n".join(json.dumps(record, ensure_ascii=number % 2 == 0) for number, record in enumerate(RECORDS)) + "\n"
KEYS = ["tokens", "tags", "text", "spans", "entities", "label", "labels", "start", "end", "type", "document"]
PIECES = [f'"{key}": '.encode() for key in KEYS]
PIECES += [
    b'"tokens": [], ',
    b'"text": "x", "text": 3, ',
    b'[0, 2, "X"]',
    b'["X"]',
    b"[]",
    b"}\n{",
    b'"\\ud83d\\ude00"',
]
CONTENTS = files([LINES.encode(), *(json.dumps(record).encode() for record in RECORDS)], PIECES)
FORMATS = st.builds(
    ColumnFormat,
    token=st.sampled_from([0, 0, "text", "tokens", "\0"]),
    tag=st.sampled_from([-1, -1, "tags", "labels", "\u2028", None]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1", "utf-7", "unicode_escape"]),
    cut=st.sampled_from([WORDS, CHARACTERS]),
    spans_as=st.sampled_from(SCHEMES),
)


ARRAYS = files([json.dumps(RECORDS, indent=1).encode(), *(json.dumps([record]).encode() for record in RECORDS)], PIECES)


@given(CONTENTS, FORMATS)
def test_any_bytes_are_a_corpus_or_refused(folder, content, format):
    check(folder / "x.jsonl", content, format)


@given(ARRAYS | CONTENTS, FORMATS)
def test_any_array_is_a_corpus_or_refused(folder, content, format):
    check(folder / "x.json", content, format)


def check(path: Path, content: bytes, format: ColumnFormat) -> None:
    """Check that a file gives whole sentences, one line of refusal, or several complaints."""
    path.write_bytes(content)
    corpus = result_or_refusal(lambda: read(str(path), format))
    complaints: list[DataError] = []
    patient = result_or_refusal(lambda: read(str(path), format, complaints.append))
    for complaint in complaints:
        check_message(complaint)
    assert (corpus is None) == (patient is None or bool(complaints))
    for sentence in corpus.sentences if corpus else ():
        assert sentence.tokens
        assert all(token.encode() for token in sentence.tokens)
        assert (sentence.tags is None) == (format.tag is None)
        assert sentence.tags is None or (
            len(sentence.tags) == len(sentence.tokens) and all(tag.encode() for tag in sentence.tags)
        )
        assert (sentence.text is None) == (sentence.offsets is None)
        assert sentence.offsets is None or tuple(sentence.text[a:b] for a, b in sentence.offsets) == sentence.tokens


@given(packed(CONTENTS), FORMATS)
def test_any_stream_is_written_in_every_format_or_refused(folder, content, format):
    path = folder / "x.jsonl.gz"
    path.write_bytes(content)
    sentences = result_or_refusal(lambda: list(sentences_of(str(path), "jsonl", format.without_tags())))
    for sentence in sentences or ():
        tagged = TaggedSentence(sentence, sentence.text or " ".join(sentence.tokens), ("O",) * len(sentence.tokens), ())
        for kind in ("text", "conll", "jsonl", "csv"):
            result_or_refusal(lambda kind=kind, tagged=tagged: writer(kind)(1, tagged).encode())


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
TOKENS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5)


@given(st.lists(TOKENS, min_size=1, max_size=4), st.booleans())
def test_written_jsonl_is_read_again(folder, content, packs):
    """Tokens and tags may hold anything, line ends too."""
    texts = [
        TaggedSentence(Sentence(tuple(t for t, _ in pairs), None, 1), "", tuple(tag for _, tag in pairs), ())
        for pairs in content
    ]
    written = "".join(writer("jsonl")(number, each) for number, each in enumerate(texts, 1)).encode()
    path = folder / ("y.jsonl.gz" if packs else "y.jsonl")
    path.write_bytes(gzip.compress(written, 1) if packs else written)
    got = read(str(path), ColumnFormat()).sentences
    assert [(each.tokens, each.tags) for each in got] == [(each.sentence.tokens, each.tags) for each in texts]
    assert [each.line for each in got] == list(range(1, len(texts) + 1))
