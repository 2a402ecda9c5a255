"""Vocabularies, word shapes, and the table of training words and words of a file."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.vocabulary import PADDING, UNKNOWN, Vocabulary, WordTable, lookup_chain, shape
from bilstm_nlp.data.text.word_vectors import Pretrained, matrix

often = settings(max_examples=100, deadline=None)
# Few letters, in both cases and with odd case mappings, and digits, so that different forms often meet in one key.
forms = st.text("aAbBσΣςİß019٣", max_size=4)
counts = st.dictionaries(forms, st.integers(1, 4)).map(Counter)


def pretrained(*words: str) -> Pretrained:
    return Pretrained(list(words), np.arange(2 * len(words), dtype=np.float32).reshape(-1, 2), "a test")


# --- vocabulary ---


def test_ids_go_by_count_then_string():
    vocabulary = Vocabulary.build(Counter({"b": 2, "a": 2, "z": 5, "rare": 1}), minimum_count=2)
    assert vocabulary.items == ("z", "a", "b")
    assert vocabulary.ids(["z", "a", "b", "rare", "never"]) == [2, 3, 4, UNKNOWN, UNKNOWN]
    assert len(vocabulary) == 5


@often
@given(counts, st.randoms())
def test_the_order_of_reading_makes_no_difference(counted, random):
    shuffled = list(counted.items())
    random.shuffle(shuffled)
    assert Vocabulary.build(dict(shuffled)) == Vocabulary.build(counted)


@often
@given(st.dictionaries(st.text(), st.integers(1, 4)), st.integers(1, 4))
def test_a_vocabulary_is_restored_from_its_items(counted, minimum):
    vocabulary = Vocabulary.build(counted, minimum)
    again = Vocabulary(tuple(json.loads(json.dumps(vocabulary.items))))
    assert again == vocabulary
    assert again.ids(counted) == vocabulary.ids(counted) == [vocabulary.id(item) for item in counted]
    assert PADDING not in again.ids([*counted, "beyond"])


def test_a_repeated_item_is_refused():
    with pytest.raises(ValueError, match="each word is expected once, found 'b' 2 times"):
        Vocabulary(("a", "b", "c", "b"))


def test_a_vocabulary_is_frozen():
    with pytest.raises(FrozenInstanceError):
        Vocabulary(("a",)).items = ()


# --- word forms ---


@pytest.mark.parametrize(
    ("form", "chain"),
    [
        ("the", ("the",)),
        ("The", ("The", "the")),
        ("1996", ("1996", "0000")),
        ("00", ("00",)),
        ("B52", ("B52", "b52", "B00", "b00")),
        ("B0", ("B0", "b0")),
        ("٣x", ("٣x", "0x")),
        ("", ("",)),
    ],
)
def test_lookup_chain(form, chain):
    assert lookup_chain(form) == chain


@often
@given(st.text())
def test_the_end_of_a_chain_is_a_chain(form):
    end = lookup_chain(form)[-1]
    assert lookup_chain(end) == (end,)


@pytest.mark.parametrize(
    ("form", "outline"),
    [
        ("EU", "XX"),
        ("McDonald's", "XxXxx'x"),
        ("1996-08-22", "dd-dd-dd"),
        ("rejects", "xx"),
        ("AAAb", "XXx"),
        ("北京大学", "cc"),
        ("iPhone5", "xXxxd"),
        ("......", ".."),
        ("--1--", "--d--"),
        ("É٣", "Xd"),
        ("\n\n\n", "\n\n"),
        ("", ""),
    ],
)
def test_shapes_tell_capitals_digits_and_signs(form, outline):
    assert shape(form) == outline


@often
@given(st.text())
def test_a_shape_is_short_and_has_no_runs(form):
    assert re.search(r"(.)\1\1", shape(form), re.DOTALL) is None
    assert len(shape(form)) <= len(form)


# --- word table ---


def key_of(form: str, file: set[str]) -> str:
    """The rule, said plainly."""
    chain = lookup_chain(form)
    for link in chain:
        if link in file:
            return link
    return chain[-1]


def test_words_have_rows_by_frequency_and_file():
    file = pretrained("the", "paris", "0000", "Oslo", "oslo")
    table = WordTable.build(Counter({"The": 3, "the": 1, "Xyz": 2, "1996": 2}), file)
    assert (table.initialised, table.learnt, table.frozen) == (("the", "0000"), ("xyz",), ("paris", "Oslo", "oslo"))
    assert (table.trainable, len(table)) == (5, 8)
    seen = {"the": 2, "THE": 2, "2001": 3, "xyz": 4, "XYZ": 4}
    beyond = {"paris": 5, "Paris": 5, "Oslo": 6, "OSLO": 7}
    assert table.ids([*seen, *beyond, "never", ""]) == [*seen.values(), *beyond.values(), UNKNOWN, UNKNOWN]


def test_rare_words_are_untrained_but_keep_the_files_vectors():
    table = WordTable.build(Counter({"often": 2, "Rare": 1, "rarest": 1}), pretrained("rare"), minimum_count=2)
    assert table.ids(["often", "rare", "rarest"]) == [table.learnt.index("often") + 2, table.trainable, UNKNOWN]


def test_forms_count_together_towards_the_minimum():
    table = WordTable.build(Counter({"Go": 1, "GO": 1, "7": 1, "8": 1}), None, minimum_count=2)
    assert table.learnt == ("0", "go")


@often
@given(counts, st.lists(forms, unique=True), st.integers(1, 3), st.lists(forms))
def test_rows_and_coverage_agree_with_the_rule(counted, words, minimum, tests):
    file = pretrained(*words)
    table = WordTable.build(counted, file, minimum)
    keys = Counter()
    for form, count in counted.items():
        keys[key_of(form, set(words))] += count
    trained = {key for key, count in keys.items() if count >= minimum}
    rows = dict(enumerate([*table.initialised, *table.learnt, *table.frozen], 2))
    assert set(table.initialised) | set(table.learnt) == trained
    assert set(table.frozen) == set(words) - trained
    for form, row in zip([*counted, *tests], table.ids([*counted, *tests]), strict=True):
        key = key_of(form, set(words))
        assert rows.get(row) == (key if key in trained or key in words else None)
        assert (row == UNKNOWN) == (key not in trained and key not in words)
        assert (row >= table.trainable) == (key in set(words) - trained)
    seen = Counter(tests)
    known = {form for form in seen if set(lookup_chain(form)) & set(words)}
    coverage = table.coverage(seen)
    assert (coverage.types, coverage.types_found) == (len(seen), len(known))
    assert (coverage.tokens, coverage.tokens_found) == (len(tests), sum(seen[form] for form in known))


@often
@given(counts, st.lists(forms, unique=True))
def test_every_word_of_the_file_finds_its_own_vector(counted, words):
    file = pretrained(*words)
    table = WordTable.build(counted, file)
    vectors = np.full((len(table), 2), -1, np.float32)
    rows, file_rows = table.pretrained_rows(file)
    vectors[rows] = file.vectors[file_rows]
    vectors[table.trainable :] = matrix(file, table.frozen)
    assert np.array_equal(vectors[table.ids(words)], file.vectors)


@often
@given(counts, st.none() | st.lists(forms, unique=True), st.lists(forms))
def test_a_table_is_restored_from_its_words(counted, words, tests):
    table = WordTable.build(counted, None if words is None else pretrained(*words))
    again = WordTable(table.initialised, table.learnt, table.frozen)
    assert again == table
    assert again.ids(tests) == table.ids(tests)
    assert again.coverage(Counter(tests)) == table.coverage(Counter(tests))


def test_a_word_of_two_kinds_is_refused():
    with pytest.raises(ValueError, match="each word is expected once, found 'a' 2 times"):
        WordTable(("a",), (), ("a",))


def test_coverage_reads_well():
    table = WordTable.build(Counter({"the": 1}), pretrained("the"))
    assert str(table.coverage(Counter({"The": 3, "cat": 1}))) == "50.0% of 2 distinct words and 75.0% of 4 tokens"
    assert str(table.coverage(Counter())) == "0.0% of 0 distinct words and 0.0% of 0 tokens"
