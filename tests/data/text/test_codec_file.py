"""Values of codec.json become vocabularies, or the first wrong key is named."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.text.codec_file import saved_codec
from bilstm_nlp.errors import RunError


def values(**changes: object) -> dict[str, object]:
    """codec.json of a small tagger."""
    return {
        "scheme": "IOBES",
        "file_scheme": "IOB2",
        "cut": "words",
        "tags": ["O", "B-PER", "I-PER", "E-PER", "S-PER"],
        "characters": ["A", "n"],
        "shapes": ["Xxx"],
        "words": {"initialised": [], "learnt": ["Ann"], "frozen": ["Bob"]},
        "entities": [[["Ann"], ["PER"]]],
        "lexicon": False,
        "usage": False,
        "context": 0,
    } | changes


def test_a_file_is_read_as_vocabularies_and_entities():
    saved = saved_codec(values())
    assert saved.tags == ("O", "B-PER", "I-PER", "E-PER", "S-PER")
    assert saved.characters.ids(["n", "x"]) == [3, 1]
    assert saved.words.ids(["Ann", "Bob", "Eve"]) == [2, 3, 1]
    assert saved.entities == {("Ann",): {"PER"}}


def test_unknown_keys_are_ignored():
    assert saved_codec(values(later=1)) == saved_codec(values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"words": None}, "words: expected an object, found None"),
        ({"words": {"initialised": [], "learnt": []}}, "expected 'words.frozen' of a tagger's codec, found none"),
        ({"entities": [[["Ann"], []]]}, "entities.0.1: expected a list of tokens and a list of types, found []"),
        ({"usage": "yes"}, "usage: expected a valid boolean, found 'yes'"),
        ({"shapes": ["x" * 99, "x" * 99]}, "shapes: each word is expected once, found "),
    ],
)
def test_the_first_wrong_key_is_named(changes, message):
    with pytest.raises(RunError) as error:
        saved_codec(values(**changes))
    assert str(error.value).startswith(f"codec.json: {message}")


def test_long_values_are_quoted_in_part():
    with pytest.raises(RunError, match=r"cut.unit: expected 'words', 'characters' or 'blanks', found '(x){59}…$"):
        saved_codec(values(cut="x" * 1000))
