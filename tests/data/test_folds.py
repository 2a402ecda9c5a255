"""Parts of the training data: whole items of a fraction, and folds that keep documents together."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.folds import RUN, count_of, fold_of_each, in_share


@pytest.mark.parametrize(
    ("fraction", "total", "count"),
    [(0.0, 5, 0), (0.29, 100, 29), (0.1, 9, 0), (0.99, 100, 99), (1.0, 7, 7), (0.5, 0, 0)],
)
def test_count_of_a_fraction_is_rounded_down(fraction, total, count):
    assert count_of(fraction, total) == count


@given(st.integers(0, 1000), st.integers(0, 5000))
def test_count_of_decimals_is_exact(thousandths, total):
    assert count_of(thousandths / 1000, total) == Fraction(thousandths, 1000) * total // 1


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), min_size=1, max_size=30), st.integers(2, 6))
def test_folds_have_like_sizes_and_keep_documents(runs, folds):
    """`runs`: a document or none, and its number of sentences."""
    documents = [number if has else 0 for number, (has, size) in enumerate(runs, 1) for _ in range(size)]
    if len(documents) < folds:
        return
    fold_of_sentence = fold_of_each(documents, folds)
    sizes = np.bincount(fold_of_sentence, minlength=folds)
    most = max(1, len(documents) // (4 * folds))
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= most
    assert sizes.min() > 0
    for document in {*documents} - {0}:
        indices = [index for index, other in enumerate(documents) if other == document]
        if len(indices) <= most:
            assert len({*fold_of_sentence[indices].tolist()}) == 1
    assert fold_of_sentence.tolist() == fold_of_each(documents, folds).tolist()


def test_neighbours_without_a_document_stay_in_runs():
    fold_of_sentence = fold_of_each([0] * 2000, 5)
    for start in range(0, 2000, RUN):
        assert len({*fold_of_sentence[start : start + RUN].tolist()}) == 1
    assert np.bincount(fold_of_sentence).tolist() == [400] * 5


def test_folds_of_no_sentences_are_empty():
    assert fold_of_each([], 3).tolist() == []


DOCUMENTS = st.lists(st.integers(1, 12), min_size=1, max_size=12).map(
    lambda sizes: [number for number, size in enumerate(sizes, 1) for _ in range(size)]
)


@given(DOCUMENTS, st.floats(0.05, 0.95), st.integers(0, 99))
def test_shares_consist_of_whole_documents(documents, share, seed):
    inside = in_share(documents, share, seed)
    assert inside.tolist() == in_share(documents, share, seed).tolist()
    if len({*documents}) > 1:
        drawn = {number for number, is_inside in zip(documents, inside, strict=True) if is_inside}
        assert inside.tolist() == [number in drawn for number in documents]
        assert 0 < inside.sum() < len(documents)
        largest = max(documents.count(number) for number in documents)
        assert abs(inside.sum() - share * len(documents)) <= largest


@pytest.mark.parametrize("document", [0, 1])
def test_shares_without_several_documents_keep_neighbours_together(document):
    inside = in_share([document] * 1000, 0.1, seed=3)
    assert inside.sum() == 100
    begins = np.flatnonzero(np.diff(inside.astype(int)) == 1)
    assert len(begins) <= 6
    assert in_share([document] * 20, 0.1, seed=3).sum() == 2


def test_shares_differ_by_seed():
    documents = [number for number in range(1, 40) for _ in range(5)]
    assert len({tuple(in_share(documents, 0.2, seed).tolist()) for seed in range(5)}) == 5
