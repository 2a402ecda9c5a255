"""Texts and lists of tokens become sentences; anything else is an `InputError` that says what can be given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import numpy as np
import pytest

from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.tokenizer import CHARACTERS
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.tagging.inputs import sentences_of_inputs


def tokens(inputs: object) -> list[tuple[str, ...]]:
    return [sentence.tokens for sentence in sentences_of_inputs(inputs, ColumnFormat(tag=None), "tag")]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("Angela Merkel", [("Angela", "Merkel")]),
        ("", [()]),
        (" \t\n\u3000", [()]),
        (["Angela Merkel", ""], [("Angela", "Merkel"), ()]),
        ([["Angela", "Merkel"], ["New York"]], [("Angela", "Merkel"), ("New York",)]),
        ((("Angela",), [], "EU left."), [("Angela",), (), ("EU", "left", ".")]),
        ((text for text in ["EU", "UN"]), [("EU",), ("UN",)]),
        (np.array(["EU", "UN"]), [("EU",), ("UN",)]),
        ([], []),
        ([Sentence(("EU",), None, 7)], [("EU",)]),
        ({"tokens": ["EU", "left"]}, [("EU", "left")]),
        ([{"tokens": ["EU"]}, {"text": "EU left"}], [("EU",), ("EU", "left")]),
    ],
)
def test_texts_and_lists_of_tokens_become_sentences(inputs, expected):
    assert tokens(inputs) == expected


@pytest.mark.parametrize(
    ("inputs", "described"),
    [(b"EU", "bytes"), (None, "None"), (3, "int"), ({"EU"}, "set"), (Path("x"), "PosixPath")],
)
def test_other_inputs_are_refused(inputs, described):
    expected = rf"^tag: expected a text, a list of texts, or a list of lists of tokens, found {described}$"
    with pytest.raises(InputError, match=expected):
        tokens(inputs)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["EU", None], "tag: input 2: expected a text or a list of tokens, found None"),
        ([b"EU"], "tag: input 1: expected a text or a list of tokens, found bytes"),
        ([iter(["EU"])], "tag: input 1: expected a text or a list of tokens, found list_iterator"),
        ([["EU"], ["EU", 3]], "tag: input 2, token 2: expected a string, found int"),
        ([[["EU"]]], "tag: input 1, token 1: expected a string, found list"),
        ([["EU", None]], "tag: input 1, token 2: expected a string, found None"),
        ({"EU": 1}, "tag: input 1: expected tokens or text, found only EU"),
        ([["EU", ""]], "tag: input 1, token 2: expected at least one character, found none"),
    ],
)
def test_a_wrong_input_in_a_list_is_named(inputs, message):
    with pytest.raises(InputError) as refused:
        tokens(inputs)
    assert str(refused.value) == message


def test_an_endless_generator_is_read_one_by_one():
    sentences = sentences_of_inputs(repeat("EU left"), ColumnFormat(), "stream")
    assert isinstance(sentences, Iterator)
    assert [sentence.tokens for sentence in islice(sentences, 3)] == [("EU", "left")] * 3


def test_texts_are_cut_into_characters_where_the_tagger_wants_it():
    (sentence,) = sentences_of_inputs("EU 欧盟", ColumnFormat(cut=CHARACTERS), "tag")
    assert sentence.tokens == ("E", "U", "欧", "盟")
    assert sentence.offsets == ((0, 1), (1, 2), (3, 4), (4, 5))
