"""Texts that are cut into sentences and put together: every token and entity at its place in the text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bilstm_nlp.data.text.formats.corpus import sentence_of_text
from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import WORDS
from bilstm_nlp.tasks.tagging.parts import apart, divide, holds_several, together

TEXT = "  Is it Plan B. He left\n\nBonn. "


def divided(sentence: Sentence) -> list[Sentence]:
    return list(divide([replace(sentence, line=7)], "en", WORDS))


def test_each_sentence_has_its_tokens_at_their_place():
    parts = divided(sentence_of_text(TEXT))
    assert [part.tokens for part in parts] == [("Is", "it", "Plan", "B", "."), ("He", "left"), ("Bonn", ".")]
    assert [TEXT[slice(*part.part)] for part in parts] == ["Is it Plan B.", "He left", "Bonn."]
    assert [part.continues for part in parts] == [True, True, False]
    for part in parts:
        assert part.text == TEXT
        assert tuple(TEXT[start:end] for start, end in part.offsets) == part.tokens
        assert (part.line, part.document) == (7, -7)


def test_tokens_of_a_record_are_not_cut_anew():
    text = "Plan B. He left."
    own = Sentence(("Plan B", ".", "He left."), None, 1, text=text, offsets=((0, 6), (6, 7), (8, 16)), document=3)
    parts = divided(own)
    assert [part.tokens for part in parts] == [("Plan B", "."), ("He left.",)]
    assert {part.document for part in parts} == {3}


@pytest.mark.parametrize("sentence", [Sentence(("a", "."), None, 7), Sentence((), None, 7, text=" ", offsets=())])
def test_what_has_no_text_to_cut_stays(sentence):
    assert divided(sentence) == [sentence]


def tagged(sentence: Sentence) -> TaggedSentence:
    """A sentence whose first token is an entity."""
    start, end = sentence.offsets[0]
    entity = Entity(TEXT[start:end], "X", start, end, 0, 1, 0.5)
    tags = ("B-X", *("O" for _ in sentence.tokens[1:]))
    return TaggedSentence(sentence, TEXT, tags, (entity,), scored=True)


def test_a_text_is_put_together_with_its_entities():
    other = TaggedSentence(Sentence(("z",), None, 8), "z", ("O",), ())
    whole, last = together([*map(tagged, divided(sentence_of_text(TEXT))), other])
    assert last == other
    assert whole.text == TEXT
    assert whole.sentence.tokens == ("Is", "it", "Plan", "B", ".", "He", "left", "Bonn", ".")
    assert whole.tags == ("B-X", "O", "O", "O", "O", "B-X", "O", "B-X", "O")
    assert (whole.sentence.document, whole.sentence.part) == (0, None)
    for entity in whole.entities:
        assert TEXT[entity.start : entity.end] == entity.text == whole.sentence.tokens[entity.first]
    assert [(first, last) for *_, first, last in whole.parts] == [(0, 5), (5, 7), (7, 9)]


def test_a_sentence_alone_has_places_of_its_own():
    parts = list(apart(map(tagged, divided(sentence_of_text(TEXT)))))
    assert [part.text for part in parts] == ["Is it Plan B.", "He left", "Bonn."]
    for part in parts:
        (entity,) = part.entities
        assert part.text[entity.start : entity.end] == entity.text


@pytest.mark.parametrize(
    ("tokens", "several"),
    [
        (["a"] * 30 + ["."] + ["a"] * 30 + [".", "a", "."], True),
        (["在"] * 40 + ["。"] + ["在"] * 30 + ["？", "在"], True),
        (["a"] * 200 + ["."], False),
        (["a", "."] * 20, False),
    ],
)
def test_only_long_lines_with_stops_hold_several(tokens, several):
    assert holds_several(Sentence(tuple(tokens), None, 1)) is several
