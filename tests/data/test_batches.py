"""Plans of batches, and epochs that follow them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.batches import EpochBatches, plan, ragged

often = settings(max_examples=60, deadline=None)

lengths = st.lists(st.integers(1, 30), max_size=40).map(lambda values: np.array(values, np.int64))


@often
@given(lengths, st.integers(1, 100), st.none() | st.integers(0, 5))
def test_a_plan_has_every_sentence_once_in_batches_that_fit(lengths, tokens, seed):
    batches = plan(lengths, tokens, None if seed is None else np.random.default_rng(seed))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) == 1 or 0 < len(batch) * lengths[batch].max() <= tokens for batch in batches)
    # Of like length, and no smaller than need be: one more sentence would not have fitted.
    in_order = sorted(batches, key=lambda batch: (-lengths[batch].max(), -lengths[batch].min(), -len(batch)))
    for batch, following in pairwise(in_order):
        assert lengths[batch].min() >= lengths[following].max()
        assert (len(batch) + 1) * lengths[batch].max() > tokens
    if seed is None:
        assert [list(batch) for batch in batches] == [list(batch) for batch in in_order]


def test_a_plan_follows_from_its_seed():
    lengths = np.random.default_rng(0).integers(1, 20, 300)
    plans = [plan(lengths, 100, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert [list(batch) for batch in plans[0]] == [list(batch) for batch in plans[1]]
    assert {frozenset(batch) for batch in plans[0]} != {frozenset(batch) for batch in plans[2]}
    order = [lengths[batch].max() for batch in plans[0]]
    assert order != sorted(order)


def test_an_epoch_collates_a_batch_when_it_comes_to_it():
    collated = []
    epoch = EpochBatches([np.array([1]), np.array([0, 2])], lambda chosen: collated.append(chosen) or len(chosen))
    assert len(epoch) == 2
    assert next(iter(epoch)) == 1
    assert len(collated) == 1
    assert list(epoch) == list(epoch) == [1, 2]


@often
@given(st.lists(st.lists(st.integers(1, 9), max_size=5), min_size=1, max_size=6), st.data())
def test_ragged_rows_are_padded(rows, data):
    flat = np.array([value for row in rows for value in row], np.int64)
    offsets = np.cumsum([0, *map(len, rows)])
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6))
    positions, mask = ragged(offsets, np.array(chosen, np.int64))
    assert positions.shape == mask.shape == (len(chosen), max((len(rows[row]) for row in chosen), default=0))
    assert not positions[~mask].any()
    for row, own_positions, own_mask in zip(chosen, positions, mask, strict=True):
        assert flat[own_positions[own_mask]].tolist() == rows[row]
