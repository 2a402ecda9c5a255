"""Likelihoods and their gradients against every path written out, by torch and compiled."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from bilstm_nlp.nn.crf import likelihood as likelihood_room
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.crf.likelihood import log_likelihood
from bilstm_nlp.nn.crf.recursions import Scores, double_device, messages, path_scores, products_are_safe
from bilstm_nlp.nn.padding import inside
from tests.nn.enumeration import (
    FORBIDDEN,
    GARBAGE,
    a_problem,
    best_paths,
    number,
    problems,
    ragged,
    random_scores,
    scores_of_all,
)

often = settings(max_examples=60, deadline=None)


def log_partition(scores: Scores, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(B, T, K), (B,) → (B,)"""
    return messages(scores, emissions, lengths).partition


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
    paths, _ = best_paths(scores, torch.randn_like(emissions), lengths)  # some allowed path
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


# --- devices without float64 ---


class NoFloat64(TorchDispatchMode):
    """Refuses every tensor in double precision on a device, as Apple's MPS does."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.device = device

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            if isinstance(tensor, torch.Tensor):
                assert tensor.dtype != torch.float64 or tensor.device.type != self.device, func
        return result


def test_mps_leaves_double_precision_to_the_cpu():
    assert double_device(torch.device("mps", 0)) == torch.device("cpu")
    assert double_device(torch.device("cpu")) == torch.device("cpu")
    assert double_device(torch.device("cuda", 1)) == torch.device("cuda", 1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, which stands for one without float64")
def test_a_device_without_float64_is_never_asked_for_it(monkeypatch):
    torch.manual_seed(0)
    crf = LinearChainCrf(5)
    emissions, mask = ragged([4, 1, 3, 2], 5, dtype=torch.float32)
    gold = torch.randint(5, mask.shape)

    def everything(device: str):
        inputs = emissions.to(device).requires_grad_()
        likelihood = crf.log_likelihood(inputs, gold.to(device), mask.to(device))
        likelihood.sum().backward()
        results = (likelihood.detach(), inputs.grad)
        assert {result.device.type for result in results} == {device}
        return [result.cpu() for result in results]

    expected = everything("cpu")
    monkeypatch.setattr(likelihood_room, "double_device", lambda device: torch.device("cpu"))
    crf.cuda()
    with NoFloat64("cuda"):
        for result, wanted in zip(everything("cuda"), expected, strict=True):
            torch.testing.assert_close(result, wanted)
