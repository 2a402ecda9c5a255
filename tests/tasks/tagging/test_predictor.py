"""From labels to sentences that can be written: tags of the files' scheme, entities in their place in the text."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.corpus import Sentence, sentence_of_text
from bilstm_nlp.tags import Span, convert
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.model import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.stream import ChunkSize
from bilstm_nlp.tasks.tagging.tagged_sentences import text_of

CORPUS = "Ann I-PER\nLee I-PER\nleft O\nEU I-ORG\nNATO B-ORG\n. O\n"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory) -> Tagger:
    return untrained(tmp_path_factory, {"kind": "none"})


@pytest.fixture(scope="module")
def reader_of_documents(tmp_path_factory) -> Tagger:
    return untrained(tmp_path_factory, {"kind": "document", "tokens": 20})


def untrained(tmp_path_factory, context: dict[str, object]) -> Tagger:
    """One that was never trained, and whose tags keep to no rules: IOBES, for files in IOB1."""
    path = tmp_path_factory.mktemp("tagger") / "x.conll"
    path.write_text(CORPUS)
    values = {
        "task": "tagging",
        "data": {"train": str(path), "dev": str(path), "file_scheme": "IOB1", "scheme": "IOBES"},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}},
        "context": context,
        "encoder": {"hidden": 4},
        "head": {"kind": "crf", "constrained": False},
    }
    prepared = build(parse(values, "test")).prepare()
    codec, model = prepared.codec, prepared.model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    return Tagger(model, codec, column_format(prepared.config))


def test_tags_are_those_of_the_entities_in_the_files_scheme(tagger):
    generator = np.random.default_rng(0)
    sentences = [
        Sentence(tuple(generator.choice(["Ann", "Lee", "left", "EU", "."], length).tolist()), None, 1)
        for length in (7, 0, 3, 1, 12, 0, 40)
    ]
    filled = [sentence for sentence in sentences if sentence.tokens]
    expected, broken = {}, 0
    decoded = decode(tagger.model, tagger.codec, tagger.codec.encode(filled))
    for sentence, (tags, _) in zip(filled, decoded, strict=True):
        expected[sentence.tokens] = tuple(convert(tags, "IOBES", "IOB1"))
        broken += tags != convert(tags, "IOBES", "IOBES")
    assert broken
    found = list(tagger.stream(sentences))
    assert [one.sentence for one in found] == sentences
    assert any(one.entities for one in found)
    for one, bare in zip(found, tagger._tagged(sentences, tags=False), strict=True):
        assert one.tags == expected.get(one.sentence.tokens, ())
        assert (bare.entities, bare.tags) == (one.entities, ())


def test_a_stream_of_documents_is_read_as_a_whole_corpus_is(reader_of_documents, monkeypatch):
    """Though it is cut into chunks: a document is not."""
    tagger, generator = reader_of_documents, np.random.default_rng(0)
    monkeypatch.setattr("bilstm_nlp.tasks.tagging.predictor.CHUNK", ChunkSize(4, 40))
    documents = [0, 0, *np.repeat(np.arange(1, 26), generator.integers(1, 5, 25)).tolist()]
    lengths = generator.integers(1, 9, len(documents))
    sentences = [
        Sentence(
            tuple(generator.choice(["Ann", "Lee", "left", "EU", "."], length).tolist()), None, 1, document=document
        )
        for document, length in zip(documents, lengths, strict=True)
    ]
    found = [one.entities for one in tagger.stream(sentences, confidence=True)]
    whole = [one.entities for one in tagger._tagged(sentences, confidence=True)]
    alone = [one.entities for sentence in sentences for one in tagger.stream([sentence], confidence=True)]
    for entities, expected in zip(found, whole, strict=True):
        assert [(one.start, one.end, one.type) for one in entities] == [
            (one.start, one.end, one.type) for one in expected
        ]
        assert [one.score for one in entities] == pytest.approx([one.score for one in expected], abs=1e-6)
    assert [one.score for entities in found for one in entities] != [
        one.score for entities in alone for one in entities
    ]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=6), st.data())
def test_spans_have_their_place_in_the_text(tokens, data):
    start = data.draw(st.integers(0, len(tokens) - 1))
    span = Span("X", start, data.draw(st.integers(start + 1, len(tokens))))
    text, places = text_of(Sentence(tuple(tokens), None, 1))
    first, last = places(span)
    assert text == " ".join(tokens)
    assert text[first:last] == " ".join(tokens[span.start : span.end])
    assert first == sum(len(token) + 1 for token in tokens[:start])


def test_spans_of_text_keep_what_stands_between_their_tokens():
    text, places = text_of(sentence_of_text("  EU\u00a0\u3000rejects it."))
    assert [text[slice(*places(Span("X", *span)))] for span in ((0, 2), (1, 2), (2, 4))] == [
        "EU\u00a0\u3000rejects",
        "rejects",
        "it.",
    ]
