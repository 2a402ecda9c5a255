"""Words of a dictionary: read from files, kept by a run, marked where they stand."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from bilstm_nlp.data.codec import TaggingCodec
from bilstm_nlp.data.dictionary import NO_CLASS, Dictionary, read_dictionary
from bilstm_nlp.data.sentence import Sentence
from bilstm_nlp.data.vocabulary import WordTable
from bilstm_nlp.errors import DataError


def written(tmp_path, text: str) -> str:
    (tmp_path / "words.txt").write_text(text, encoding="utf-8")
    return str(tmp_path / "words.txt")


def test_counts_and_classes_may_be_missing(tmp_path):
    found = read_dictionary(written(tmp_path, "电缆 12 n\n电缆厂 3\r\n侯马 ns\n\n厂长\n1996 m\n"))
    expected = {"电缆": ("n",), "电缆厂": (NO_CLASS,), "侯马": ("ns",), "厂长": (NO_CLASS,), "1996": ("m",)}
    assert found.words == expected
    assert found.classes == [NO_CLASS, "m", "n", "ns"]


def test_a_word_may_have_several_classes(tmp_path):
    assert read_dictionary(written(tmp_path, "会 5 v\n会 2 n\n会 1 v\n")).words == {"会": ("n", "v")}


def test_rare_classes_are_one(tmp_path):
    words = [f"w{number} n\n" for number in range(198)] + ["x rare\n", "y odd\n"]
    found = read_dictionary(written(tmp_path, "".join(words)))
    assert found.classes == [NO_CLASS, "n"]
    assert found.words["x"] == found.words["y"] == (NO_CLASS,)
    # One of a hundred is not rare.
    assert "odd" in read_dictionary(written(tmp_path, "".join([*words[:98], "x odd\n", "y odd\n"]))).classes


@pytest.mark.parametrize("line", ["a b c d", "a b n", "a 1 n x", "a -1 n"])
def test_a_wrong_line_is_named(tmp_path, line):
    with pytest.raises(DataError, match=r"words\.txt:2: expected WORD \[COUNT\] \[CLASS\] between blanks, found 'a "):
        read_dictionary(written(tmp_path, f"b 1 n\n{line}\n"))


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_nothing_is_no_dictionary(tmp_path, text):
    with pytest.raises(DataError, match="expected a word a line, found none"):
        read_dictionary(written(tmp_path, text))


def test_one_that_a_package_brings():
    """It has what every dictionary of Chinese must have, whatever its version."""
    words = read_dictionary("package:jieba/dict.txt").words
    assert {"中国", "经理", "北京大学"} <= set(words)
    assert words["北京"] == ("ns",)


def a_codec(train: list[Sentence], dictionary: Dictionary) -> TaggingCodec:
    table = WordTable.build(Counter(token for one in train for token in one.tokens), None)
    none = np.empty((0, 2), np.float16)
    return TaggingCodec.fit(
        train, table, none, scheme="IOBES", file_scheme="IOB2", with_lexicon=True, dictionary=dictionary
    )


def marks(codec: TaggingCodec, tokens: str) -> list[list[str]]:
    """What the dictionary says of each token."""
    features = codec.encode([Sentence(tuple(tokens.split()), None, 1)]).features
    assert features is not None
    assert codec.words_known is not None
    names = [f"{role}-{kind}" for kind in codec.words_known.types for role in "BIES"]
    of_dictionary = features[:, 4:]  # after those of the one type of entity
    assert of_dictionary.shape[1] == len(names)
    return [[name for name, marked in zip(names, row, strict=True) if marked] for row in of_dictionary]


DICTIONARY = Dictionary({"电": ("g",), "电缆": ("n",), "电缆厂": ("n",), "缆厂": ("v",), "厂": ("n",)})


def test_characters_are_marked_with_the_longest_word_of_each_class_that_begins_at_them():
    train = [Sentence(tuple("电缆厂"), ("B-ORG", "I-ORG", "I-ORG"), 1)]
    codec = a_codec(train, DICTIONARY)
    assert codec.cut == "characters"
    assert marks(codec, "电 缆 厂") == [["S-g", "B-n"], ["I-n", "B-v"], ["E-n", "S-n", "E-v"]]
    assert marks(codec, "厂 电 缆") == [["S-n"], ["S-g", "B-n"], ["E-n"]]
    assert marks(codec, "x") == [[]]


def test_words_are_marked_as_they_are():
    train = [Sentence(("电缆厂", "在", "侯马"), ("B-ORG", "O", "O"), 1)]
    codec = a_codec(train, DICTIONARY)
    assert codec.cut == "words"
    assert marks(codec, "电缆 厂 缆 电缆厂") == [["S-n"], ["S-n"], [], ["S-n"]]


def test_a_run_keeps_it():
    train = [Sentence(tuple("电缆厂"), ("B-ORG", "I-ORG", "I-ORG"), 1)]
    codec = a_codec(train, Dictionary({"电缆": ("n", "v"), "厂": (NO_CLASS,)}))
    again = TaggingCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    assert again.dictionary == codec.dictionary
    assert again.features == codec.features == 4 + 4 * 3
    assert np.array_equal(again.encode(train).features, codec.encode(train).features)


@pytest.mark.parametrize("values", [[], "x", {"n": 1}, {"n": ["a"]}])
def test_what_is_none_is_refused(values):
    with pytest.raises(ValueError, match="expected the words of each class"):
        Dictionary.from_json(values)
