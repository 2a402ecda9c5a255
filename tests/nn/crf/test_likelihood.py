"""Likelihoods and their gradients against every path written out, by torch and compiled."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.likelihood import log_likelihood
from bilstm_nlp.nn.crf.recursions import Scores, log_partition, path_scores, products_are_safe
from bilstm_nlp.nn.padding import inside
from tests.nn.enumeration import FORBIDDEN, GARBAGE, a_problem, number, problems, ragged, random_scores, scores_of_all

often = settings(max_examples=60, deadline=None)


def by_log_sum_exp(scores: Scores, emissions: torch.Tensor) -> torch.Tensor:
    """(T, K) → () log partition."""
    sums = scores.start + emissions[0]
    for emission in emissions[1:]:
        sums = (sums[:, None] + scores.transitions).logsumexp(0) + emission
    return (sums + scores.end).logsumexp(0)


@often
@given(problems, st.sampled_from(GARBAGE))
def test_likelihoods_and_gradients_equal_sums_over_all_paths(way, problem, padding):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    with torch.no_grad():
        paths, _ = viterbi(scores, torch.randn_like(emissions), lengths)  # some allowed path
    inputs = [value.requires_grad_() for value in (*scores, emissions)]
    weights = torch.tensor([1.0, -0.5, 2.0, 0.0], dtype=torch.float64)
    values = log_likelihood(scores, emissions, paths, lengths)
    expected = torch.stack(
        [
            scores_of_all(scores, emissions[b, :length]).log_softmax(0)[number(paths[b, :length])]
            for b, length in enumerate(lengths.tolist())
        ]
    )
    torch.testing.assert_close(values, expected, rtol=1e-11, atol=1e-8)
    gradients = torch.autograd.grad(values @ weights, inputs)
    for gradient, wanted, value in zip(gradients, torch.autograd.grad(expected @ weights, inputs), inputs, strict=True):
        torch.testing.assert_close(gradient, wanted, rtol=1e-7, atol=1e-7)
        assert (gradient[value == FORBIDDEN] == 0).all()
    assert (gradients[3][~inside(lengths, 4)] == 0).all()


def test_gradients_pass_gradcheck(way):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(4, 1.0), ragged([5, 2], 4)
    paths = torch.randint(4, mask.shape).masked_fill(~mask, 0)
    inputs = tuple(value.requires_grad_() for value in (*scores, emissions))
    assert torch.autograd.gradcheck(
        lambda *values: log_likelihood(Scores(*values[:3]), values[3], paths, mask.sum(1)), inputs
    )


def test_a_dead_end_does_not_hide_the_legal_path(way):
    """All probability gathers at tag 0, which may not end a sentence and which no transition leaves."""
    scores = Scores(torch.zeros(2), torch.tensor([FORBIDDEN, 0.0]), torch.eye(2).log()).double()
    emissions = torch.tensor([60.0, 0.0]).double().expand(1, 20, 2).clone().requires_grad_()
    paths = torch.ones(1, 20, dtype=torch.long)
    likelihood = log_likelihood(scores, emissions, paths, torch.tensor([20]))
    likelihood.sum().backward()
    assert likelihood.item() == pytest.approx(0, abs=1e-12)
    assert not emissions.grad.any()


def test_border_scores_can_differ_as_much_as_any_score(way):
    """The likely first tag has no successor. Paths that begin with the other tag share the probability."""
    scores = Scores(torch.tensor([0.0, -1e4]), torch.zeros(2), torch.tensor([[FORBIDDEN, FORBIDDEN], [0.0, 0.0]]))
    paths, lengths = torch.tensor([[1, 0]]), torch.tensor([2])
    emissions = torch.zeros(1, 2, 2).double()
    assert log_likelihood(scores.double(), emissions, paths, lengths).item() == pytest.approx(-math.log(2))
    assert log_partition(scores.double(), emissions, lengths).item() == pytest.approx(-1e4 + math.log(2))


def test_start_and_end_scores_can_be_far_from_each_other(way):
    """Only differences between tags make a tag improbable."""
    scores = Scores(torch.full((2,), -5e3), torch.full((2,), 5e3), torch.zeros(2, 2)).double()
    emissions, lengths = torch.zeros(1, 3, 2).double(), torch.tensor([3])
    assert products_are_safe(scores, emissions)
    likelihood = log_likelihood(scores, emissions, torch.zeros(1, 3).long(), lengths)
    assert likelihood.item() == pytest.approx(-3 * math.log(2))
    assert log_partition(scores, emissions, lengths).item() == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_likelihoods_of_long_sentences_keep_their_digits(way, scale):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, scale, 0.3), ragged([500, 77], 5, scale)
    paths, lengths = torch.zeros(2, 500, dtype=torch.long), mask.sum(1)
    gold = path_scores(scores, emissions, paths, lengths)
    likelihood = log_likelihood(scores, emissions, paths, lengths)
    for b, length in enumerate([500, 77]):
        expected = by_log_sum_exp(scores, emissions[b, :length])
        torch.testing.assert_close(gold[b] - likelihood[b], expected, rtol=1e-12, atol=0)
        torch.testing.assert_close(log_partition(scores, emissions, lengths)[b], expected, rtol=1e-12, atol=0)
