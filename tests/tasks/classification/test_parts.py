"""Fractions, shares and folds of labelled sequences."""

from __future__ import annotations

from collections import Counter

import pytest

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.classification.ends import Labelled, Part
from bilstm_nlp.tasks.classification.parts import cut_off, fraction_of, hold_out


def part(sizes: dict[str, int], repeats: int = 1) -> Part[str]:
    """A part with so many different sequences of each class, each `repeats` times."""
    values = [(f"{name}{number}", name) for name, size in sizes.items() for number in range(size)] * repeats
    return Part("a.txt", [Labelled(text, (name,), "a.txt", line) for line, (text, name) in enumerate(values, 1)])


def same(value: str) -> str:
    return value


def counts(part: Part[str]) -> Counter:
    return Counter(example.classes[0] for example in part.examples)


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_share_has_each_class_and_no_sequence_of_the_rest(repeats, share):
    whole = part({"a": 100, "b": 40, "c": 20}, repeats)
    rest, drawn = cut_off(whole, DevShare(share=share), 1, same)
    assert len(rest.examples) + len(drawn.examples) == len(whole.examples)
    assert not set(rest.inputs) & set(drawn.inputs)
    for name, count in counts(whole).items():
        assert abs(counts(drawn)[name] - share * count) <= repeats
    assert [e.line for e in rest.examples] == sorted(e.line for e in rest.examples)
    assert cut_off(whole, DevShare(share=share), 1, same)[1].inputs == drawn.inputs
    assert cut_off(whole, DevShare(share=share), 2, same)[1].inputs != drawn.inputs
    assert cut_off(whole, DevShare(share=share, seed=1), 2, same)[1].inputs == drawn.inputs


def test_smaller_fractions_are_subsets_of_larger_ones():
    whole = part({"a": 60, "b": 30})
    kept = [set(fraction_of(whole, fraction, same).inputs) for fraction in (0.1, 0.3, 0.7, 1.0)]
    assert [len(inputs) for inputs in kept] == [9, 27, 63, 90]
    assert kept[0] < kept[1] < kept[2] < kept[3]
    assert counts(fraction_of(whole, 0.3, same)) == {"a": 18, "b": 9}


def test_folds_part_the_whole_and_have_each_class():
    whole = part({"a": 50, "b": 15, "c": 5}, repeats=2)
    held_out = [hold_out(whole, fold, 5, same) for fold in range(1, 6)]
    assert sorted(text for _, fold in held_out for text in fold.inputs) == sorted(whole.inputs)
    for rest, fold in held_out:
        assert not set(rest.inputs) & set(fold.inputs)
        assert counts(fold) == {"a": 20, "b": 6, "c": 2}


def test_part_that_would_be_empty_is_refused():
    with pytest.raises(DataError, match="1 in all"):
        cut_off(part({"a": 1}), DevShare(share=0.5), 1, same)
    with pytest.raises(DataError, match="at least 3 different sequences"):
        hold_out(part({"a": 2}, repeats=4), 1, 3, same)
    with pytest.raises(DataError, match=r"data\.fraction"):
        fraction_of(part({"a": 5}), 0.1, same)


def test_sequences_that_are_all_equal_can_not_be_cut():
    with pytest.raises(DataError, match="both parts"):
        cut_off(part({"a": 1}, repeats=6), DevShare(share=0.3), 1, same)
