"""Tagged sentences: tags of the files' scheme, entities at their place in the text, and inputs in Python."""

from __future__ import annotations

import doctest
import json

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.output import Entity
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import load_tagger
from bilstm_nlp.tags import convert
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.sentence_tagger import SentenceTagger
from bilstm_nlp.tasks.tagging.stream import ChunkSize

CORPUS = "Ann I-PER\nLee I-PER\nleft O\nEU I-ORG\nNATO B-ORG\n. O\n"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory) -> Tagger:
    return untrained(tmp_path_factory, {"kind": "none"})


@pytest.fixture(scope="module")
def reader_of_documents(tmp_path_factory) -> Tagger:
    return untrained(tmp_path_factory, {"kind": "document", "tokens": 20})


@pytest.fixture(scope="module")
def attentive(tmp_path_factory) -> Tagger:
    return untrained(tmp_path_factory, {"kind": "none"}, {"kind": "additive"})


def untrained(tmp_path_factory, context: dict[str, object], attention: dict[str, object] | None = None) -> Tagger:
    """Make an untrained tagger whose tags follow no rules: IOBES, for files in IOB1."""
    path = tmp_path_factory.mktemp("tagger") / "x.conll"
    path.write_text(CORPUS)
    values = {
        "task": "tagging",
        "data": {"train": str(path), "dev": str(path), "file_scheme": "IOB1", "scheme": "IOBES"},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}},
        "context": context,
        "encoder": {"hidden": 4},
        "attention": attention or {"kind": "none"},
        "head": {"kind": "crf", "constrained": False},
    }
    prepared = build(parse(values, "test")).prepare()
    codec, model = prepared.codec, prepared.model
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    return Tagger(prepared.network, codec, column_format(prepared.config))


def test_tags_spell_the_entities_in_the_files_scheme(tagger):
    generator = np.random.default_rng(0)
    sentences = [
        Sentence(tuple(generator.choice(["Ann", "Lee", "left", "EU", "."], length).tolist()), None, 1)
        for length in (7, 0, 3, 1, 12, 0, 40)
    ]
    filled = [sentence for sentence in sentences if sentence.tokens]
    expected, broken = {}, 0
    decoded = decode(tagger.network, tagger.codec, tagger.codec.encode(filled))
    for sentence, (tags, _) in zip(filled, decoded, strict=True):
        expected[sentence.tokens] = tuple(convert(tags, "IOBES", "IOB1"))
        broken += tags != convert(tags, "IOBES", "IOBES")
    assert broken
    stream = list(tagger.stream(sentences))
    assert [tagged.sentence for tagged in stream] == sentences
    assert any(tagged.entities for tagged in stream)
    for tagged, bare in zip(stream, tagger.tagged(sentences, tags=False), strict=True):
        assert tagged.tags == expected.get(tagged.sentence.tokens, ())
        assert (bare.entities, bare.tags) == (tagged.entities, ())


def test_a_stream_of_documents_equals_the_whole_corpus(reader_of_documents, monkeypatch):
    """The stream is cut into chunks between documents only."""
    tagger, generator = reader_of_documents, np.random.default_rng(0)
    monkeypatch.setattr("bilstm_nlp.tasks.tagging.sentence_tagger.CHUNK", ChunkSize(4, 40))
    documents = [0, 0, *np.repeat(np.arange(1, 26), generator.integers(1, 5, 25)).tolist()]
    lengths = generator.integers(1, 9, len(documents))
    sentences = [
        Sentence(
            tuple(generator.choice(["Ann", "Lee", "left", "EU", "."], length).tolist()), None, 1, document=document
        )
        for document, length in zip(documents, lengths, strict=True)
    ]
    streamed = [tagged.entities for tagged in tagger.stream(sentences, confidence=True)]
    whole = [tagged.entities for tagged in tagger.tagged(sentences, confidence=True)]
    alone = [tagged.entities for sentence in sentences for tagged in tagger.stream([sentence], confidence=True)]
    for entities, expected in zip(streamed, whole, strict=True):
        assert [(tagged.start, tagged.end, tagged.type) for tagged in entities] == [
            (tagged.start, tagged.end, tagged.type) for tagged in expected
        ]
        assert [tagged.score for tagged in entities] == pytest.approx([tagged.score for tagged in expected], abs=1e-6)
    assert [tagged.score for entities in streamed for tagged in entities] != [
        tagged.score for entities in alone for tagged in entities
    ]


# --- Python ---


def test_a_string_is_one_text(tagger):
    text = "Ann Lee left EU"
    assert tagger.tag(text) == tagger.tag([text])[0]
    assert all(isinstance(entity, Entity) for entity in tagger.tag(text))
    assert tagger.tag(["Ann Lee left EU"] * 2) == [tagger.tag(text)] * 2
    assert tagger.tag("") == tagger.tag(" \u3000\n") == tagger.tag([]) == []


def test_lists_of_tokens_are_sentences(tagger):
    cut, whole = tagger.tag([["Ann", "Lee", "left", "EU"], "Ann Lee left EU"])
    assert cut == whole
    assert tagger.tag([[], ["New York"]])[0] == []
    assert tagger.tag(tokens for tokens in (("Ann", "Lee", "left", "EU"),)) == [whole]


@pytest.mark.parametrize(
    "text",
    [
        "  EU\u00a0\u3000rejects\tit. ",
        "\U0001f600 Ann\r\nLee 👩‍👩‍👧 left\u2028EU",
        "e\u0301tat 𝕬nn\u200bLee",
        "\n\n",
        "\ud800 EU",
    ],
)
def test_positions_are_those_of_the_text(tagger, text):
    """Also beside odd blanks, astral characters, combining marks and half surrogates."""
    (tagged,) = tagger.stream([text], confidence=True)
    assert tagged.text == text
    offsets = tagged.sentence.offsets
    assert "".join(text[start:end] for start, end in offsets) == "".join(text.split())
    for entity in tagger.tag(text):
        assert text[entity.start : entity.end] == entity.text
        assert (entity.start, entity.end) == (offsets[entity.first][0], offsets[entity.last - 1][1])
        assert 0 <= entity.score <= 1


def test_some_texts_of_the_positions_have_entities(tagger):
    assert sum(len(entities) for entities in tagger.tag(["  EU\u00a0\u3000rejects\tit. ", "\U0001f600 Ann\r\nLee"])) > 0


def test_other_inputs_are_refused(tagger, attentive):
    with pytest.raises(InputError, match=r"^tag: expected a text, a list of texts, or a list of lists of tokens"):
        tagger.tag(7)
    with pytest.raises(InputError, match=r"^tag: input 2: expected a text or a list of tokens, found bytes$"):
        tagger.tag(["EU", b"UN"])
    with pytest.raises(InputError, match=r"^stream: input 1, token 2: expected a string, found None$"):
        list(tagger.stream([["EU", None]]))
    with pytest.raises(InputError, match=r"^attention: expected a text or a list of tokens, found None$"):
        attentive.attention(None)
    with pytest.raises(InputError, match=r"^attention: expected a model trained with attention\.kind"):
        tagger.attention("EU")


def test_attention_takes_a_text_or_its_tokens(attentive):
    tokens, weights = attentive.attention("Ann left .")
    assert (tokens, weights.shape) == (("Ann", "left", "."), (1, 3, 3))
    again, same = attentive.attention(["Ann", "left", "."])
    assert again == tokens
    np.testing.assert_array_equal(same, weights)
    assert attentive.attention("")[1].shape == (1, 0, 0)


def test_repr_names_types_tags_and_known_scores(tagger):
    assert repr(tagger) == "<Tagger: ORG, PER; 9 tags in IOBES>"
    scored = Tagger(tagger.network, tagger.codec, tagger.format, {"dev": 0.91234, "test": 0.5})
    assert repr(scored) == "<Tagger: ORG, PER; 9 tags in IOBES; dev F1 0.9123; test F1 0.5000>"


def test_a_loaded_tagger_knows_its_scores(tagger_run):
    tagger = load_tagger(tagger_run)
    saved = json.loads((tagger_run / "metrics.json").read_text(encoding="utf-8"))
    assert tagger.scores["dev"] == saved["dev"]["f1"]


def test_examples_of_the_docstrings_run(attentive):
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    for documented in (Tagger, SentenceTagger):
        for example in doctest.DocTestFinder().find(documented, globs={"tagger": attentive}):
            runner.run(example)
    results = runner.summarize()
    assert (results.failed, results.attempted >= 5) == (0, True)
