"""Shares, folds and fractions of labelled data, by class."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bilstm_nlp.data.labelled.parts import stratified_folds, stratified_fraction, stratified_share

CLASSES = ["a"] * 30 + ["b"] * 20 + ["c"] * 10


def counts(chosen: np.ndarray) -> Counter[str]:
    return Counter(name for name, inside in zip(CLASSES, chosen, strict=True) if inside)


def test_share_has_each_class_in_proportion():
    share = stratified_share(CLASSES, 0.1, seed=3)
    assert counts(share) == {"a": 3, "b": 2, "c": 1}
    assert share.tolist() != stratified_share(CLASSES, 0.1, seed=4).tolist()
    assert share.tolist() == stratified_share(CLASSES, 0.1, seed=3).tolist()


@pytest.mark.parametrize(("items", "share", "drawn"), [(2, 0.01, 1), (2, 0.99, 1), (1, 0.1, 1), (10, 0.25, 3)])
def test_share_takes_one_and_leaves_one(items, share, drawn):
    assert stratified_share(["x"] * items, share, seed=0).sum() == drawn


def test_folds_are_of_like_size_and_have_each_class():
    folds = stratified_folds(CLASSES, 5)
    assert [counts(folds == fold) for fold in range(5)] == [{"a": 6, "b": 4, "c": 2}] * 5


def test_smaller_fraction_is_part_of_a_larger_one():
    half, quarter = stratified_fraction(CLASSES, 0.5), stratified_fraction(CLASSES, 0.25)
    assert counts(half) == {"a": 15, "b": 10, "c": 5}
    assert quarter.sum() == 15
    assert not (quarter & ~half).any()
    assert stratified_fraction(CLASSES, 1.0).all()
