"""Sums over the paths of a chain against every path written out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf import recursions
from bilstm_nlp.nn.crf.recursions import Scores
from bilstm_nlp.nn.crf.sums import SAFE_LOG_RANGE
from bilstm_nlp.tags import SCHEMES, legal_transitions, tag_set
from tests.nn.enumeration import (
    FORBIDDEN,
    GARBAGE,
    LENGTHS,
    a_problem,
    all_paths,
    number,
    problems,
    ragged,
    random_scores,
    scores_of_all,
)

often = settings(max_examples=60, deadline=None)


@pytest.mark.slow
@often
@given(problems, st.sampled_from(GARBAGE))
def test_messages_are_sums_over_paths(problem, padding):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    alphas, betas, partition, _ = recursions.messages(scores, emissions, lengths)
    for b, length in enumerate(lengths.tolist()):
        paths, values = all_paths(3, length), scores_of_all(scores, emissions[b, :length])
        torch.testing.assert_close(partition[b], values.logsumexp(0), rtol=1e-12, atol=1e-9)
        for t in range(length):
            through = torch.stack([values[paths[:, t] == tag].logsumexp(0) for tag in range(3)])
            torch.testing.assert_close(alphas[b, t] + betas[b, t], through, rtol=1e-12, atol=1e-9)
            # Alpha alone: the sum over the paths up to t.
            before = scores._replace(end=torch.zeros_like(scores.end))
            up_to, ends = scores_of_all(before, emissions[b, : t + 1]), all_paths(3, t + 1)[:, -1]
            expected = torch.stack([up_to[ends == tag].logsumexp(0) for tag in range(3)])
            torch.testing.assert_close(alphas[b, t], expected, rtol=1e-12, atol=1e-9)


# --- products or log-sum-exp ---


@pytest.mark.slow
def test_products_are_used_only_where_they_are_exact():
    """The promise of `products_are_safe`: no reachable tag falls further behind than `SAFE_LOG_RANGE`."""
    safe = 0

    @settings(max_examples=100, deadline=None)
    @given(problems, st.integers(2, 6))
    def check(problem, tags):
        nonlocal safe
        seed, scale, emission_scale, forbidden = problem
        torch.manual_seed(seed)
        scores = random_scores(tags, scale, forbidden)
        emissions = torch.randn(2, 9, tags, dtype=torch.float64) * emission_scale
        if not recursions.products_are_safe(scores, emissions):
            return
        safe += 1
        first = torch.stack([scores.start, scores.end])[:, None]
        kernel = torch.stack([scores.transitions, scores.transitions.T])
        both = torch.stack([emissions, emissions.flip(1)]).permute(2, 0, 1, 3).contiguous()
        expected = recursions.log_recursion(first, kernel, both)
        sums = recursions.scaled_recursion(first, kernel, both.clone())
        torch.testing.assert_close(sums, expected, rtol=1e-12, atol=1e-10)
        assert (recursions.log_range(expected) <= SAFE_LOG_RANGE).all()

    check()
    assert safe > 20


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_can_use_products(scheme):
    tags = tag_set(["PER", "LOC", "ORG", "MISC"], scheme)
    legality = legal_transitions(tags, scheme)
    scores = Scores(
        *(
            torch.where(torch.from_numpy(legal), torch.randn(legal.shape, dtype=torch.float64), FORBIDDEN)
            for legal in (legality.start, legality.end, legality.transitions)
        )
    )
    emissions = torch.randn(2, 5, len(tags), dtype=torch.float64)
    assert recursions.products_are_safe(scores, emissions * 5)
    assert not recursions.products_are_safe(scores, emissions * 100)
    assert not recursions.products_are_safe(scores._replace(start=scores.start * 1e3), emissions)
    assert not recursions.products_are_safe(scores._replace(transitions=scores.transitions * 100), emissions)


def test_nan_is_not_hidden_and_stays_in_its_sentence():
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0), ragged(LENGTHS, 3)
    clean = recursions.messages(scores, emissions, mask.sum(1))
    emissions[2, 1, 0] = float("nan")
    alphas, betas, partition, _ = recursions.messages(scores, emissions, mask.sum(1))
    others = [0, 1, 3]
    assert partition[2].isnan()
    for value, before in ((alphas, clean.alphas), (betas, clean.betas), (partition, clean.partition)):
        torch.testing.assert_close(value[others], before[others], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("padding", GARBAGE)
def test_path_scores_are_sums_along_the_path(padding):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0, 0.3), ragged(LENGTHS, 3, padding=padding)
    paths = torch.randint(3, (4, 4))
    totals = recursions.path_scores(scores, emissions, paths, mask.sum(1))
    for b, length in enumerate(LENGTHS):
        expected = scores_of_all(scores, emissions[b, :length])[number(paths[b, :length])]
        torch.testing.assert_close(totals[b], expected)
