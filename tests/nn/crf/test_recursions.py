"""The recursions of a chain against every path written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf import recursions
from bilstm_nlp.nn.crf.recursions import Scores
from bilstm_nlp.tags import SCHEMES, legal_transitions, tag_set
from tests.nn.enumeration import FORBIDDEN, all_paths, ragged, random_scores, scores_of_all

GARBAGE = [0.0, -1e30, 1e30, float("inf"), float("-inf"), float("nan")]
LENGTHS = [4, 1, 3, 2]

often = settings(max_examples=60, deadline=None)
# Scores a hundredth as large to thousands of times as large as those of a trained model, some of them forbidden.
problems = st.tuples(
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.1, 1.0, 10.0, 50.0, 300.0, 1e4]),
    st.sampled_from([0.0, 0.1, 1.0, 10.0, 50.0, 300.0, 1e4]),
    st.sampled_from([0.0, 0.3, 0.7]),
)


def a_problem(problem, tags: int = 3, padding: float = 0.0):
    """Scores, emissions and lengths; scores of neighbours and of emissions may differ in size."""
    seed, scale, emission_scale, forbidden = problem
    torch.manual_seed(seed)
    scores = random_scores(tags, scale, forbidden)
    emissions, mask = ragged(LENGTHS, tags, emission_scale, padding)
    return scores, emissions, mask.sum(1)


def number(path: torch.Tensor) -> int:
    """Where (T,) one of three tags each is among `all_paths`."""
    return int((path * 3 ** torch.arange(len(path) - 1, -1, -1)).sum())


def by_log_sum_exp(scores: Scores, emissions: torch.Tensor) -> torch.Tensor:
    """(T, K) → () log partition."""
    reached = scores.start + emissions[0]
    for emission in emissions[1:]:
        reached = (reached[:, None] + scores.transitions).logsumexp(0) + emission
    return (reached + scores.end).logsumexp(0)


# --- sums over paths ---


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
            # The halves apart: what alpha and beta sum is a path up to t and a path from there.
            before = scores._replace(end=torch.zeros_like(scores.end))
            up_to, ends = scores_of_all(before, emissions[b, : t + 1]), all_paths(3, t + 1)[:, -1]
            expected = torch.stack([up_to[ends == tag].logsumexp(0) for tag in range(3)])
            torch.testing.assert_close(alphas[b, t], expected, rtol=1e-12, atol=1e-9)


@often
@given(problems, st.sampled_from(GARBAGE))
def test_likelihoods_and_their_gradients_are_those_of_all_paths(way, problem, padding):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    with torch.no_grad():
        paths, _ = recursions.viterbi(scores, torch.randn_like(emissions), lengths)  # some path that is allowed
    inputs = [value.requires_grad_() for value in (*scores, emissions)]
    weights = torch.tensor([1.0, -0.5, 2.0, 0.0], dtype=torch.float64)
    values = recursions.log_likelihood(scores, emissions, paths, lengths)
    expected = torch.stack(
        [
            scores_of_all(scores, emissions[b, :length]).log_softmax(0)[number(paths[b, :length])]
            for b, length in enumerate(lengths.tolist())
        ]
    )
    torch.testing.assert_close(values, expected, rtol=1e-11, atol=1e-8)
    found = torch.autograd.grad(values @ weights, inputs)
    for gradient, wanted, value in zip(found, torch.autograd.grad(expected @ weights, inputs), inputs, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-7, atol=1e-7)
        assert (gradient[value == FORBIDDEN] == 0).all()
    assert (found[3][~recursions.inside_of(lengths, 4)] == 0).all()


def test_gradients_pass_gradcheck(way):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(4, 1.0), ragged([5, 2], 4)
    paths = torch.randint(4, mask.shape).masked_fill(~mask, 0)
    inputs = tuple(value.requires_grad_() for value in (*scores, emissions))
    assert torch.autograd.gradcheck(
        lambda *values: recursions.log_likelihood(Scores(*values[:3]), values[3], paths, mask.sum(1)), inputs
    )


# --- the two recursions ---


@often
@given(problems, st.integers(2, 6))
def test_products_are_used_only_where_they_are_exact(problem, tags):
    """The promise of `are_close`: no tag that can be reached falls further behind than `WIDEST`."""
    seed, scale, emission_scale, forbidden = problem
    torch.manual_seed(seed)
    scores = random_scores(tags, scale, forbidden)
    emissions = torch.randn(2, 9, tags, dtype=torch.float64) * emission_scale
    if not recursions.are_close(scores, emissions):
        return
    first = torch.stack([scores.start, scores.end])[:, None]
    kernel = torch.stack([scores.transitions, scores.transitions.T])
    both = torch.stack([emissions, emissions.flip(1)]).permute(2, 0, 1, 3).contiguous()
    expected = recursions.log_recursion(first, kernel, both)
    torch.testing.assert_close(
        recursions.scaled_recursion(first, kernel, both.clone()), expected, rtol=1e-12, atol=1e-10
    )
    assert (recursions.spread(expected) <= recursions.WIDEST).all()


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
    assert recursions.are_close(scores, emissions * 5)
    assert not recursions.are_close(scores, emissions * 100)
    assert not recursions.are_close(scores._replace(start=scores.start * 1e3), emissions)
    assert not recursions.are_close(scores._replace(transitions=scores.transitions * 100), emissions)


def test_a_tag_that_leads_nowhere_does_not_hide_the_path_that_does(way):
    """All probability gathers at tag 0, which may not end a sentence and which nothing leaves."""
    scores = Scores(torch.zeros(2), torch.tensor([FORBIDDEN, 0.0]), torch.eye(2).log()).double()
    emissions = torch.tensor([60.0, 0.0]).double().expand(1, 20, 2).clone().requires_grad_()
    paths = torch.ones(1, 20, dtype=torch.long)
    likelihood = recursions.log_likelihood(scores, emissions, paths, torch.tensor([20]))
    likelihood.sum().backward()
    assert likelihood.item() == pytest.approx(0, abs=1e-12)
    assert not emissions.grad.any()


def test_a_border_score_can_be_as_far_off_as_any_other(way):
    """The tag that all but surely begins the sentence can't be followed; begun with the other, it is one of two."""
    scores = Scores(torch.tensor([0.0, -1e4]), torch.zeros(2), torch.tensor([[FORBIDDEN, FORBIDDEN], [0.0, 0.0]]))
    paths, lengths = torch.tensor([[1, 0]]), torch.tensor([2])
    emissions = torch.zeros(1, 2, 2).double()
    assert recursions.log_likelihood(scores.double(), emissions, paths, lengths).item() == pytest.approx(-math.log(2))
    assert recursions.log_partition(scores.double(), emissions, lengths).item() == pytest.approx(-1e4 + math.log(2))


def test_start_and_end_scores_can_be_far_from_each_other(way):
    """Only differences between tags make a tag improbable."""
    scores = Scores(torch.full((2,), -5e3), torch.full((2,), 5e3), torch.zeros(2, 2)).double()
    emissions, lengths = torch.zeros(1, 3, 2).double(), torch.tensor([3])
    assert recursions.are_close(scores, emissions)
    likelihood = recursions.log_likelihood(scores, emissions, torch.zeros(1, 3).long(), lengths)
    assert likelihood.item() == pytest.approx(-3 * math.log(2))
    assert recursions.log_partition(scores, emissions, lengths).item() == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_long_sentences(way, scale):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, scale, 0.3), ragged([500, 77], 5, scale)
    paths, lengths = torch.zeros(2, 500, dtype=torch.long), mask.sum(1)
    gold = recursions.path_scores(scores, emissions, paths, lengths)
    found = recursions.log_likelihood(scores, emissions, paths, lengths)
    for b, length in enumerate([500, 77]):
        expected = by_log_sum_exp(scores, emissions[b, :length])
        torch.testing.assert_close(gold[b] - found[b], expected, rtol=1e-12, atol=0)
        torch.testing.assert_close(
            recursions.log_partition(scores, emissions, lengths)[b], expected, rtol=1e-12, atol=0
        )


def test_what_is_no_number_is_not_hidden_and_stays_in_its_sentence():
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0), ragged(LENGTHS, 3)
    clean = recursions.messages(scores, emissions, mask.sum(1))
    emissions[2, 1, 0] = float("nan")
    alphas, betas, partition, _ = recursions.messages(scores, emissions, mask.sum(1))
    others = [0, 1, 3]
    assert partition[2].isnan()
    for value, before in ((alphas, clean.alphas), (betas, clean.betas), (partition, clean.partition)):
        torch.testing.assert_close(value[others], before[others], rtol=1e-12, atol=1e-12)


# --- best paths ---


@often
@given(problems, st.sampled_from(GARBAGE), st.integers(1, 30))
def test_best_paths(problem, padding, n):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    best, totals = recursions.viterbi(scores, emissions, lengths)
    paths, ranked = recursions.list_viterbi(scores, emissions, lengths, n)
    for b, length in enumerate(lengths.tolist()):
        values = scores_of_all(scores, emissions[b, :length])
        allowed = min(n, int(values.isfinite().sum()))
        expected = values.sort(descending=True).values[:allowed]
        torch.testing.assert_close(ranked[b, :allowed], expected)
        assert (ranked[b, allowed:] == FORBIDDEN).all()
        # Different paths, each as good as is said; nothing at padding.
        found = paths[b, :allowed, :length]
        index = (found * 3 ** torch.arange(length - 1, -1, -1)).sum(1)
        assert len(index.unique()) == allowed
        torch.testing.assert_close(values[index], expected)
        assert not paths[b, :, length:].any()
        torch.testing.assert_close(totals[b], expected[0])
        torch.testing.assert_close(values[number(best[b, :length])], totals[b])
        assert not best[b, length:].any()
        assert 0 <= int(paths.min()) <= int(paths.max()) < 3


def test_ties_are_different_paths():
    scores = Scores(torch.zeros(2), torch.zeros(2), torch.zeros(2, 2))
    paths, totals = recursions.list_viterbi(scores, torch.zeros(1, 3, 2), torch.tensor([3]), 8)
    assert sorted(paths[0].tolist()) == all_paths(2, 3).tolist()
    assert not totals.any()


@pytest.mark.parametrize("padding", GARBAGE)
def test_path_scores(padding):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0, 0.3), ragged(LENGTHS, 3, padding=padding)
    paths = torch.randint(3, (4, 4))
    found = recursions.path_scores(scores, emissions, paths, mask.sum(1))
    for b, length in enumerate(LENGTHS):
        expected = scores_of_all(scores, emissions[b, :length])[number(paths[b, :length])]
        torch.testing.assert_close(found[b], expected)


def test_sentences_are_reversed_within_their_length():
    assert recursions.reversal(torch.tensor([3, 5, 1]), 5).tolist() == [
        [2, 1, 0, 3, 4],
        [4, 3, 2, 1, 0],
        [0, 1, 2, 3, 4],
    ]
    assert np.array_equal(recursions.inside_of(torch.tensor([1, 2]), 2), [[True, False], [True, True]])
