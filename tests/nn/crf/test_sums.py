"""Forward–backward in numpy against every path written out, and against torch's in training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf import recursions, sums
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.tags import SCHEMES, legal_transitions, tag_set
from tests.nn.enumeration import (
    GARBAGE,
    LENGTHS,
    SCALES,
    a_problem,
    all_paths,
    as_arrays,
    problems,
    ragged,
    random_scores,
    scores_of_all,
)

often = settings(max_examples=60, deadline=None)


@often
@given(problems, st.sampled_from(GARBAGE))
def test_messages_are_sums_over_paths(problem, padding):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    alphas, betas, partition, _ = sums.messages(as_arrays(scores), emissions.numpy(), lengths.numpy())
    for b, length in enumerate(lengths.tolist()):
        paths, values = all_paths(3, length), scores_of_all(scores, emissions[b, :length])
        np.testing.assert_allclose(partition[b], values.logsumexp(0), rtol=1e-12, atol=1e-9)
        for t in range(length):
            through = torch.stack([values[paths[:, t] == tag].logsumexp(0) for tag in range(3)])
            np.testing.assert_allclose(alphas[b, t] + betas[b, t], through, rtol=1e-12, atol=1e-9)


@often
@given(st.integers(0, 2**31), st.integers(1, 60), st.lists(st.integers(1, 12), min_size=1, max_size=6), st.data())
def test_messages_equal_torchs_in_training(seed, tags, lengths, data):
    torch.manual_seed(seed)
    scores = random_scores(tags, data.draw(st.sampled_from(SCALES)), data.draw(st.sampled_from([0.0, 0.3, 0.7])))
    emissions, mask = ragged(lengths, tags, data.draw(st.sampled_from(SCALES)), data.draw(st.sampled_from(GARBAGE)))
    ours = sums.messages(as_arrays(scores), emissions.numpy(), np.array(lengths))
    theirs = recursions.messages(scores, emissions, mask.sum(1))
    assert ours.safe == theirs.safe
    np.testing.assert_allclose(ours.partition, theirs.partition, rtol=1e-12, atol=1e-9)
    for value, expected in ((ours.alphas, theirs.alphas), (ours.betas, theirs.betas)):
        np.testing.assert_allclose(value[mask.numpy()], expected[mask], rtol=1e-11, atol=1e-9)


# --- products or log-sum-exp ---


def test_products_are_used_only_where_they_are_exact():
    """The promise of `products_are_safe`: no reachable tag falls further behind than `SAFE_LOG_RANGE`."""
    safe = 0

    @settings(max_examples=100, deadline=None)
    @given(problems, st.integers(2, 6))
    def check(problem, tags):
        nonlocal safe
        seed, scale, emission_scale, forbidden = problem
        torch.manual_seed(seed)
        scores = as_arrays(random_scores(tags, scale, forbidden))
        emissions = torch.randn(2, 9, tags, dtype=torch.float64).numpy() * emission_scale
        if not sums.products_are_safe(scores, emissions):
            return
        safe += 1
        first = np.stack([scores.start, scores.end])[:, None]
        kernel = np.stack([scores.transitions, scores.transitions.T])
        both = np.stack([emissions, emissions[:, ::-1]]).transpose(2, 0, 1, 3)
        expected = sums.log_recursion(first, kernel, both)
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(sums.scaled_recursion(first, kernel, both), expected, rtol=1e-12, atol=1e-10)
        assert all(sums.log_range(each) <= sums.SAFE_LOG_RANGE for each in expected.reshape(-1, tags))

    check()
    assert safe > 20


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_can_use_products(scheme):
    tags = tag_set(["PER", "LOC", "ORG", "MISC"], scheme)
    legality, generator = legal_transitions(tags, scheme), np.random.default_rng(0)
    legal = (legality.start, legality.end, legality.transitions)
    scores = ChainScores(*(np.where(each, generator.normal(size=each.shape), -np.inf) for each in legal))
    emissions = generator.normal(size=(2, 5, len(tags)))
    assert sums.products_are_safe(scores, emissions * 5)
    assert not sums.products_are_safe(scores, emissions * 100)
    assert not sums.products_are_safe(scores._replace(start=scores.start * 1e3), emissions)
    assert not sums.products_are_safe(scores._replace(transitions=scores.transitions * 100), emissions)


def test_nan_is_not_hidden_and_stays_in_its_sentence():
    torch.manual_seed(0)
    scores, (emissions, mask) = as_arrays(random_scores(3, 1.0)), ragged(LENGTHS, 3)
    values, lengths = emissions.numpy(), mask.sum(1).numpy()
    clean = sums.messages(scores, values, lengths)
    values[2, 1, 0] = np.nan
    dirty = sums.messages(scores, values, lengths)
    assert np.isnan(dirty.partition[2])
    for value, before in zip(dirty[:3], clean[:3], strict=True):
        np.testing.assert_allclose(value[[0, 1, 3]], before[[0, 1, 3]], rtol=1e-12, atol=1e-12)
