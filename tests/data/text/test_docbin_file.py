"""Predictions as a DocBin: the text, tokens, entities, sentences and other keys that spaCy reads."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from bilstm_nlp.data.text.docbin_file import as_docbin, check_spacy, packed
from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError

NEEDS_SPACY = pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="needs spaCy")


def tagged(text: str, *words: str, **values: Any) -> TaggedSentence:
    """Tag a text, whose tokens are these words, as entities of the type X where they begin with a capital."""
    places, end = [], 0
    for word in words:
        start = text.index(word, end)
        end = start + len(word)
        places.append((start, end))
    sentence = Sentence(words, None, 1, text=text, offsets=tuple(places), others=values.pop("others", {}))
    entities = tuple(
        Entity(word, "X", *place, number, number + 1, None)
        for number, (word, place) in enumerate(zip(words, places, strict=True))
        if word[0].isupper()
    )
    return TaggedSentence(sentence, text, (), entities, **values)


def documents(*sentences: TaggedSentence) -> list[Any]:
    import spacy
    from spacy.tokens import DocBin

    pieces = (as_docbin(number, sentence).encode() for number, sentence in enumerate(sentences, 1))
    (content,) = packed(pieces)
    return list(DocBin(store_user_data=True).from_bytes(content).get_docs(spacy.blank("en").vocab))


@NEEDS_SPACY
@pytest.mark.parametrize(
    ("text", "words", "tokens"),
    [
        ("Ann is 😀 here.", ["Ann", "is", "😀", "here", "."], ["Ann", "is", "😀", "here", "."]),
        ("  Ann  is\there ", ["Ann", "is", "here"], ["  ", "Ann", " ", "is", "\t", "here"]),
        ("Ann\n\nBob", ["Ann", "Bob"], ["Ann", "\n\n", "Bob"]),
        ("a\u200bBob", ["a", "Bob"], ["a", "\u200b", "Bob"]),
    ],
)
def test_text_tokens_and_places_are_those_of_the_input(text, words, tokens):
    (document,) = documents(tagged(text, *words))
    assert document.text == text
    assert [token.text for token in document] == tokens
    expected = [(text.index(word), text.index(word) + len(word), "X") for word in words if word[0].isupper()]
    assert [(entity.start_char, entity.end_char, entity.label_) for entity in document.ents] == expected


@NEEDS_SPACY
def test_tokens_without_a_text_are_joined_by_blanks():
    entities = (Entity("New York", "", 3, 11, 1, 3, None),)
    sentence = TaggedSentence(Sentence(("in", "New", "York"), None, 1), "in New York", (), entities)
    (document,) = documents(sentence)
    assert [(e.text, e.start_char, e.label_) for e in document.ents] == [("New York", 3, "segment")]


@NEEDS_SPACY
def test_sentences_and_other_keys_are_kept():
    first = tagged(
        "He left. She\nstays.", *["He", "left", ".", "She", "stays", "."], parts=((0, 8, 0, 3), (9, 19, 3, 6))
    )
    first_document, second = documents(first, tagged("no", "no", others={"id": 7, "meta": {"a": None}}))
    assert [sentence.text for sentence in first_document.sents] == ["He left.", "She\nstays."]
    assert [entity.text for entity in first_document.ents] == ["He", "She"]
    assert dict(second.user_data) == {"id": 7, "meta": {"a": None}}


@NEEDS_SPACY
def test_keys_that_a_docbin_cannot_hold_are_named():
    with pytest.raises(InputError, match="sentence 1: expected keys that a DocBin can hold"):
        documents(tagged("no", "no", others={"id": 1 << 80}))


@NEEDS_SPACY
def test_documents_before_a_faulty_line_are_kept():
    from spacy.tokens import DocBin

    def pieces():
        yield as_docbin(1, tagged("Ann", "Ann")).encode()
        raise InputError("x:2: no")

    output = packed(pieces())
    assert len(DocBin().from_bytes(next(output))) == 1
    with pytest.raises(InputError, match="x:2: no"):
        next(output)


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="has spaCy")
def test_without_spacy_the_extra_is_named():
    with pytest.raises(InputError, match=r"found none; pip install 'bilstm-nlp\[spacy\]', or give the file another"):
        check_spacy()
