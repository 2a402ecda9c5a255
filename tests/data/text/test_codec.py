"""The codec and its batches against a plain twin that looks at one token at a time."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.batches import plan
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.forms import LONGEST_SPELLING
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import CHARACTERS, WORDS
from bilstm_nlp.data.text.vocabulary import FIRST, PADDING, UNKNOWN, WordTable, shape
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import RunError

often = settings(max_examples=60, deadline=None)


def sentence(text: str, tags: str | None = None) -> Sentence:
    return Sentence(tokens=tuple(text.split()), tags=None if tags is None else tuple(tags.split()), line=1)


TRAIN = [
    sentence("EU rejects German call", "I-ORG O I-MISC O"),
    sentence("Peter Blackburn saw Peter", "I-PER I-PER O I-PER"),
    sentence("German shepherds and EU EU", "O O O I-ORG B-ORG"),
    sentence("München", "I-LOC"),
]


def a_codec(train: list[Sentence] = TRAIN) -> TaggingCodec:
    forms = Counter(token for example in train for token in example.tokens)
    pretrained = Pretrained(["eu", "berlin", "peter"], np.arange(6, dtype=np.float32).reshape(3, 2), "a test")
    words = WordTable.build(forms, pretrained)
    frozen = np.ones((len(words.frozen), 2), np.float16)
    return TaggingCodec.fit(train, words, frozen, scheme="IOBES", file_scheme="IOB1")


# --- what is learnt ---


def test_a_codec_learns_from_training_sentences():
    codec = a_codec()
    assert codec.types == ("LOC", "MISC", "ORG", "PER")
    assert codec.tags[:5] == ("O", "B-LOC", "I-LOC", "E-LOC", "S-LOC")
    assert len(codec.tags) == 1 + 4 * 4
    assert codec.entities == {
        ("EU",): {"ORG"},
        ("German",): {"MISC"},
        ("Peter", "Blackburn"): {"PER"},
        ("Peter",): {"PER"},
        ("München",): {"LOC"},
    }
    tokens = [token for example in TRAIN for token in example.tokens]
    characters, shapes = Counter("".join(tokens)), Counter(map(shape, tokens))
    # The most frequent first, ties by string.
    assert codec.characters.items == tuple(sorted(characters, key=lambda c: (-characters[c], c)))
    assert codec.shapes.items == tuple(sorted(shapes, key=lambda s: (-shapes[s], s)))


def test_a_surface_may_have_several_types():
    codec = a_codec([sentence("Jordan Jordan", "I-LOC O"), sentence("Jordan", "I-PER")])
    assert codec.entities == {("Jordan",): {"LOC", "PER"}}


def test_pairs_of_neighbours_have_ids_or_are_unknown():
    forms = Counter(token for example in TRAIN for token in example.tokens)
    words = WordTable.build(forms, None)
    none = np.empty((0, 2), np.float16)
    codec = TaggingCodec.fit(TRAIN, words, none, scheme="IOBES", file_scheme="IOB1", with_pairs=True)
    seen = {pair for example in TRAIN for pair in pairwise((*words.ids(example.tokens), PADDING))}
    assert len(codec.pairs) == len(seen)
    new = [sentence("EU rejects call"), sentence("German call never"), sentence("EU")]
    batch = codec.encode(new).collate(np.arange(3))
    row_of: dict[tuple[int, int], int] = {}
    for example, row in zip(new, batch.bigrams.tolist(), strict=True):
        for t, pair in enumerate(pairwise((*words.ids(example.tokens), PADDING))):
            assert (row[t] == UNKNOWN) == (pair not in seen)
            assert row[t] < FIRST + len(seen)
            if pair in seen:
                assert row_of.setdefault(pair, row[t]) == row[t]
        assert set(row[len(example.tokens) :]) <= {PADDING}
    assert len(set(row_of.values())) == len(row_of) == 4
    again = TaggingCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    assert np.array_equal(again.encode(new).bigrams, codec.encode(new).bigrams)
    assert a_codec().encode(TRAIN).bigrams is None


# --- encoding and batches ---


@pytest.mark.parametrize("with_tags", [True, False])
@pytest.mark.parametrize("chosen", [[0, 1, 2, 3], [2, 0], [3]])
def test_a_batch_is_what_its_tokens_say_one_by_one(chosen, with_tags):
    """Tags were written in IOB1 and are fed in IOBES."""
    codec = a_codec()
    iobes = [
        "S-ORG O S-MISC O",
        "B-PER E-PER O S-PER",
        "O O O S-ORG S-ORG",
        "S-LOC",
    ]
    batch = codec.encode(TRAIN, with_tags=with_tags).collate(np.array(chosen))
    width = max(len(TRAIN[index].tokens) for index in chosen)
    assert batch.words.shape == (len(chosen), width)
    distinct = {token for index in chosen for token in TRAIN[index].tokens}
    assert batch.characters.shape == (len(distinct), max(map(len, distinct)))
    assert (batch.tags is not None) == with_tags
    for row, index in enumerate(chosen):
        tokens = TRAIN[index].tokens
        assert batch.lengths[row] == len(tokens)
        assert batch.mask[row].tolist() == [t < len(tokens) for t in range(width)]
        for t, token in enumerate(tokens):
            assert [batch.words[row, t]] == codec.words.ids([token])
            form = batch.distinct[row, t]
            assert batch.shapes[form] == codec.shapes.id(shape(token))
            spelled = [*codec.characters.ids(token), *[PADDING] * (batch.characters.shape[1] - len(token))]
            assert batch.characters[form].tolist() == spelled
            if with_tags:
                assert codec.tags[batch.tags[row, t]] == iobes[index].split()[t]
        for name in ("words", "distinct") + ("tags",) * with_tags:
            assert not getattr(batch, name)[row, len(tokens) :].any()


@often
@given(st.lists(st.lists(st.sampled_from(["EU", "eu", "Jan", "3.5", "Жук", "x" * 99]), min_size=1), min_size=1))
def test_remembered_forms_change_nothing(texts):
    """Even where fewer are kept than there are; long ones never are."""
    codec, read = a_codec(), []
    vars(codec.tables)["cached_rows"] = lru_cache(2)(lambda form: read.append(form) or codec.tables.rows(form))
    for tokens in texts:
        sentences = [Sentence(tuple(tokens), None, 1)]
        kept, fresh = (encoder.encode(sentences).collate(np.arange(1)) for encoder in (codec, a_codec()))
        for name in ("words", "distinct", "characters", "shapes"):
            assert np.array_equal(getattr(kept, name), getattr(fresh, name))
    assert set(read) == {token for tokens in texts for token in tokens if len(token) <= LONGEST_SPELLING}


def test_a_sentence_alone_has_the_numbers_of_its_tokens():
    """A form for each token, repeated ones too, so that only the forms' numbers differ from those of a batch."""
    codec, alone = a_codec(), sentence("EU saw Peter Peter in a-very-new München 1996")
    batch, expected = codec.alone(alone), codec.encode([alone]).collate(np.zeros(1, np.int64))
    assert batch.words.tolist() == expected.words.tolist()
    assert batch.lengths.tolist() == expected.lengths.tolist()
    assert batch.characters[batch.distinct].tolist() == expected.characters[expected.distinct].tolist()
    assert batch.shapes[batch.distinct].tolist() == expected.shapes[expected.distinct].tolist()


def test_tags_are_read_in_the_scheme_of_the_files():
    train = [sentence("a b c d", "B-X L-X O U-X")]
    words = WordTable.build(Counter("abcd"), None)
    codec = TaggingCodec.fit(train, words, np.empty((0, 2), np.float16), scheme="BMES", file_scheme="BILOU")
    batch = codec.encode(train, with_tags=True).collate(np.array([0]))
    assert [codec.tags[tag] for tag in batch.tags[0]] == ["B-X", "E-X", "O", "S-X"]
    assert codec.entities == {("a", "b"): {"X"}, ("d",): {"X"}}


def test_values_unseen_in_training_are_unknown():
    codec = a_codec()
    batch = codec.encode([sentence("Berlin Жук rejects-eu")]).collate(np.array([0]))
    berlin, beetle, compound = batch.distinct[0].tolist()
    assert batch.words[0].tolist() == [codec.words.trainable, UNKNOWN, UNKNOWN]  # Berlin has a vector of the file's
    assert codec.words.frozen[0] == "berlin"
    assert batch.characters[beetle].tolist()[:4] == [UNKNOWN, UNKNOWN, UNKNOWN, PADDING]
    assert (batch.characters[berlin] == UNKNOWN).tolist()[:6] == [False, False, False, False, True, False]  # the i
    assert batch.shapes[[berlin, beetle, compound]].tolist() == [codec.shapes.id("Xxx")] * 2 + [UNKNOWN]
    assert codec.shapes.id("Xxx") != UNKNOWN


@pytest.mark.parametrize("excess", [0, 1, 100])
def test_the_spelling_of_a_long_word_is_its_two_ends(excess):
    assert LONGEST_SPELLING == 64
    word = "E" * 32 + "x" * excess + "U" * 32
    codec = a_codec()
    batch = codec.encode([sentence(f"{word} EU")]).collate(np.array([0]))
    expected = codec.characters.ids("E" * 32 + "U" * 32)
    assert batch.characters[batch.distinct[0, 0]].tolist() == expected


def test_an_unknown_tag_is_no_training_data():
    with pytest.raises(KeyError, match="S-NEW"):
        a_codec().encode([sentence("a", "I-NEW")], with_tags=True)


def test_no_sentences_are_no_batches():
    encoded = a_codec().encode([])
    assert plan(encoded.lengths, 10) == []


# --- saved and restored ---


def test_a_codec_survives_json():
    codec = a_codec()
    again = TaggingCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    for field in fields(codec):
        if field.name not in {"frozen", "pairs"}:
            assert getattr(again, field.name) == getattr(codec, field.name), field.name
    assert again.frozen.dtype == np.float16
    assert np.array_equal(again.frozen, codec.frozen)
    unseen = [*TRAIN, sentence("Berlin Жук", "O O")]
    first, second = (twin.encode(unseen, with_tags=True).collate(np.arange(5)) for twin in (codec, again))
    for field in fields(first):
        if field.name in {"bigrams", "features", "windows"}:
            assert getattr(second, field.name) is None
        else:
            assert np.array_equal(getattr(first, field.name), getattr(second, field.name))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("words", {}, "codec.json: expected 'words.initialised' of a tagger's codec, found none"),
        ("characters", "abc", "codec.json: characters: expected a valid list, found 'abc'"),
        ("shapes", [1], "codec.json: shapes.0: expected a valid string, found 1"),
        ("tags", "OB", "codec.json: tags: expected a valid list, found 'OB'"),
        ("tags", ["O", "O"], "codec.json: tags: each word is expected once, found 'O' 2 times"),
        (
            "scheme",
            "IOB3",
            "codec.json: scheme: expected 'IOB1', 'IOB2', 'IOBES', 'BILOU', 'BMES' or 'plain', found 'IOB3'",
        ),
        (
            "file_scheme",
            None,
            "codec.json: file_scheme: expected 'IOB1', 'IOB2', 'IOBES', 'BILOU', 'BMES' or 'plain', found None",
        ),
        ("cut", "syllables", "codec.json: cut.unit: expected 'words', 'characters' or 'blanks', found 'syllables'"),
        ("lexicon", 2, "codec.json: lexicon: expected a valid boolean, found 2"),
        ("words", {"initialised": [], "learnt": "ab", "frozen": []}, "codec.json: words.learnt: expected a valid list"),
        (
            "words",
            {"initialised": ["a"], "learnt": ["a"], "frozen": []},
            "codec.json: words: each word is expected once",
        ),
        ("tags", [], "codec.json: tags: expected tags of IOBES, found none"),
        ("tags", ["O", "B-"], "codec.json: tags: expected tags of IOBES, found B-"),
        ("tags", ["O", "B-X", "S"], "codec.json: tags: expected tags of IOBES, found S"),
        ("context", -1, "codec.json: context: expected greater than or equal to 0, found -1"),
        ("context", 0.5, "codec.json: context: expected a valid integer, found 0.5"),
        ("entities", [[["a"]]], "codec.json: entities.0: expected a list of tokens and a list of types, found [['a']]"),
        ("entities", [[["a"], [1]]], "codec.json: entities.0.1.0: expected a valid string, found 1"),
        (
            "entities",
            [[[], ["X"]]],
            "codec.json: entities.0.0: expected a list of tokens and a list of types, found []",
        ),
    ],
)
def test_problems_of_a_saved_codec_are_named(key, value, message):
    codec = a_codec()
    values = {**codec.to_json(), key: value}
    with pytest.raises(RunError) as error:
        TaggingCodec.from_json(values, codec.tensors())
    assert str(error.value).startswith(message)
    del values[key]
    with pytest.raises(RunError, match=f"^codec.json: expected '{key}' of a tagger's codec, found none$"):
        TaggingCodec.from_json(values, codec.tensors())


def test_a_codec_without_arrays_or_values_is_refused():
    codec = a_codec()
    with pytest.raises(
        RunError, match=r"^codec.safetensors: expected 'frozen' of type float16 and shape .*, found none$"
    ):
        TaggingCodec.from_json(codec.to_json(), {})
    with pytest.raises(RunError, match=r"^codec.json: expected an object, found \[\]$"):
        TaggingCodec.from_json([], codec.tensors())


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("frozen", np.zeros((0, 3), np.float32), r"type float16 .*, found float32 \(0, 3\)"),
        ("frozen", np.zeros((5, 3), np.float16), r"shape \(\d, any\), found float16 \(5, 3\)"),
        ("pairs", np.zeros((2, 1), np.int64), r"shape \(any\), found int64 \(2, 1\)"),
        ("pairs", np.array([2, 1]), r"'pairs' in ascending order, found others"),
    ],
)
def test_tensors_that_are_not_the_codecs_are_named(name, tensor, message):
    codec = a_codec()
    with pytest.raises(RunError, match=rf"^codec\.safetensors: expected .*{message}$"):
        TaggingCodec.from_json(codec.to_json(), codec.tensors() | {name: tensor})


def test_the_cut_of_training_text_is_saved():
    codec = a_codec()
    assert codec.cut == WORDS
    other = replace(codec, cut=CHARACTERS)
    assert TaggingCodec.from_json(json.loads(json.dumps(other.to_json())), other.tensors()).cut == CHARACTERS
