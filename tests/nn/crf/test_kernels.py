"""The compiled recursions against torch's, their twin, and against every path."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bilstm_nlp.nn
from bilstm_nlp.nn.crf import recursions
from bilstm_nlp.nn.crf.recursions import Scores
from tests.nn.enumeration import FORBIDDEN, all_paths, ragged, random_scores, scores_of_all

pytest.importorskip("numba")
from bilstm_nlp.nn.crf import kernels

GARBAGE = [0.0, -1e30, 1e30, float("inf"), float("-inf"), float("nan")]
SCALES = [0.0, 0.1, 1.0, 10.0, 50.0, 300.0, 1e4]

often = settings(max_examples=150, deadline=None)


@st.composite
def problems(draw, dtype: torch.dtype = torch.float64):
    """Scores, emissions and lengths of any size, some scores forbidden, garbage at padding."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    tags, lengths = draw(st.integers(1, 9)), draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    scores = random_scores(tags, draw(st.sampled_from(SCALES)), draw(st.sampled_from([0.0, 0.3, 0.7])), dtype)
    emissions, mask = ragged(lengths, tags, draw(st.sampled_from(SCALES)), draw(st.sampled_from(GARBAGE)), dtype)
    return scores, emissions, mask.sum(1)


def legal_paths(scores: Scores, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(B, T) some paths that are allowed."""
    return recursions.batched_viterbi(scores, torch.randn_like(emissions), lengths)[0]


def forward(scores, emissions, paths, lengths, threads: int = 1):
    arrays = (*scores, emissions.clone(), paths, lengths)
    return kernels.forward(*(array.detach().numpy() for array in arrays), threads)


def viterbi(scores, emissions, lengths, threads: int = 1):
    return kernels.viterbi(*(array.numpy() for array in (*scores, emissions, lengths)), threads)


# --- sums over paths ---


@often
@given(problems())
def test_likelihoods_and_gradients_are_those_of_the_twin(problem):
    scores, emissions, lengths = problem
    paths = legal_paths(scores, emissions, lengths)
    inputs = [value.requires_grad_() for value in (*scores, emissions)]
    expected = recursions.LogLikelihood.apply(*inputs, paths, lengths)
    found = forward(scores, emissions, paths, lengths)
    if found is None:  # too far apart: chain takes the twin
        assert not recursions.are_close(
            scores, emissions.masked_fill(~recursions.inside_of(lengths, emissions.shape[1])[..., None], 0)
        )
        return
    np.testing.assert_allclose(found.log_likelihood, expected.detach(), rtol=1e-10, atol=1e-9)
    weights = torch.randn_like(expected)
    for gradient, wanted in zip(
        found.backward(weights.numpy(), 1), torch.autograd.grad(expected @ weights, inputs), strict=True
    ):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-8, atol=1e-9)
        assert np.isfinite(gradient).all()


def test_products_reach_as_far_as_the_twins():
    """Emissions that leave no doubt are no reason to give up on products; what is out of their reach is."""
    scores = Scores(torch.zeros(5), torch.zeros(5), torch.randn(5, 5)).double()
    emissions, paths, lengths = torch.randn(2, 30, 5).double(), torch.zeros(2, 30).long(), torch.tensor([30, 7])
    assert forward(scores, emissions * 20, paths, lengths) is not None
    assert forward(scores, emissions * 300, paths, lengths) is None
    assert (
        forward(scores._replace(start=torch.tensor([0.0, 0, 0, 0, -300]).double()), emissions, paths, lengths) is None
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), FORBIDDEN])
@pytest.mark.parametrize("place", range(4))
def test_what_is_no_number_is_left_to_the_twin(place, bad):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0), ragged([4, 2], 3)
    inputs = [*scores, emissions]
    inputs[place].view(-1)[1] = bad
    paths, lengths = torch.zeros(2, 4).long(), mask.sum(1)
    found = recursions.log_likelihood(Scores(*inputs[:3]), inputs[3], paths, lengths)
    torch.testing.assert_close(found, recursions.LogLikelihood.apply(*inputs, paths, lengths), equal_nan=True)


def test_nothing_allowed_is_left_to_the_twin():
    scores = Scores(torch.zeros(2), torch.zeros(2), torch.full((2, 2), FORBIDDEN)).double()
    assert forward(scores, torch.zeros(1, 1, 2).double(), torch.zeros(1, 1).long(), torch.tensor([1])) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_emissions_of_every_type_are_summed_in_double_precision(dtype):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=dtype)
    # As they come from elsewhere: not in the order of their axes, and wanted again.
    turned = emissions.transpose(1, 2).contiguous().transpose(1, 2)
    paths, before = torch.randint(5, mask.shape).masked_fill(~mask, 0), emissions.clone()
    results = []
    for way, values in ((recursions.log_likelihood, turned), (twin, emissions)):
        inputs = [value.clone(memory_format=torch.preserve_format).requires_grad_() for value in (*scores, values)]
        likelihood = way(Scores(*inputs[:3]), inputs[3], paths, mask.sum(1))
        assert likelihood.dtype == torch.float64
        gradients = [torch.autograd.grad(likelihood.sum(), inputs, retain_graph=True) for _ in range(2)]
        assert [gradient.dtype for gradient in gradients[0]] == [value.dtype for value in inputs]
        assert all(map(torch.equal, *gradients))  # the graph can be gone through again
        results.append((likelihood, *gradients[0]))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)
    assert torch.equal(emissions, before)


def twin(scores, emissions, paths, lengths):
    return recursions.LogLikelihood.apply(*scores, emissions, paths, lengths)


def test_there_is_no_second_derivative():
    scores, (emissions, mask) = random_scores(3, 1.0), ragged([4, 2], 3)
    emissions.requires_grad_()
    likelihood = recursions.log_likelihood(scores, emissions, torch.zeros(2, 4).long(), mask.sum(1))
    (gradient,) = torch.autograd.grad(likelihood.square().sum(), emissions, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.square().sum().backward()


# --- best paths ---


@often
@given(problems(torch.float32), st.booleans())
def test_best_paths_are_those_of_the_twin_bit_by_bit(problem, rounded):
    scores, emissions, lengths = problem
    if rounded:  # ties
        scores, emissions = Scores(*(score.round() for score in scores)), emissions.round()
    found = viterbi(scores, emissions, lengths)
    assert found is not None
    for value, expected in zip(found, recursions.batched_viterbi(scores, emissions, lengths), strict=True):
        assert torch.equal(torch.from_numpy(value), expected)


@often
@given(problems(torch.float32))
def test_best_paths_are_the_best_of_all_paths(problem):
    scores, emissions, lengths = problem
    emissions, lengths, tags = emissions[:, :4, :3], lengths.clamp(max=4), min(3, emissions.shape[2])
    scores = Scores(scores.start[:tags], scores.end[:tags], scores.transitions[:tags, :tags])
    paths, totals = viterbi(scores, emissions, lengths)
    for b, length in enumerate(lengths.tolist()):
        values = scores_of_all(scores, emissions[b, :length])
        index = (all_paths(tags, length) == torch.from_numpy(paths[b, :length])).all(1)
        torch.testing.assert_close(values[index], values.max()[None])
        assert totals[b] == pytest.approx(values.max().item(), rel=1e-5, abs=1e-5)
        assert not paths[b, length:].any()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("place", range(4))
def test_best_paths_through_what_is_no_number_are_left_to_the_twin(place, bad):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0, dtype=torch.float32), ragged([4, 2], 3, dtype=torch.float32)
    inputs = [*scores, emissions]
    inputs[place].view(-1)[1] = bad
    scores, lengths = Scores(*inputs[:3]), mask.sum(1)
    assert viterbi(scores, inputs[3], lengths) is None
    for value, expected in zip(
        recursions.viterbi(scores, inputs[3], lengths),
        recursions.batched_viterbi(scores, inputs[3], lengths),
        strict=True,
    ):
        torch.testing.assert_close(value, expected, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_best_paths_of_emissions_of_every_type(dtype):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=dtype)
    paths, totals = recursions.viterbi(scores, emissions, mask.sum(1))
    expected = recursions.batched_viterbi(scores.double(), emissions.double(), mask.sum(1))
    assert torch.equal(paths, expected[0])
    torch.testing.assert_close(totals.double(), expected[1], rtol=1e-5, atol=1e-5)


# --- threads ---


@pytest.mark.parametrize("sentences", [1, 2, 5, 40])
def test_results_are_the_same_with_any_number_of_threads(monkeypatch, sentences):
    monkeypatch.setattr(kernels, "BLOCK", 16)
    torch.manual_seed(0)
    scores = random_scores(5, 1.0, 0.3)
    emissions, mask = ragged([int(length) for length in torch.randint(1, 12, (sentences,))], 5)
    paths, lengths, weights = legal_paths(scores, emissions, mask.sum(1)), mask.sum(1), torch.randn(sentences).double()
    assert 1 <= kernels.blocks(emissions.numpy()) <= sentences
    single = Scores(*(score.float() for score in scores))
    results = []
    for threads in (1, 2, 3):
        found = forward(scores, emissions, paths, lengths, threads)
        best = viterbi(single, emissions.float(), lengths, threads)
        results.append((found.log_likelihood, *found.backward(weights.numpy(), threads), *best))
    for others in results[1:]:
        assert all(map(np.array_equal, results[0], others))
    whole = twin(scores, emissions, paths, lengths)
    np.testing.assert_allclose(results[0][0], whole, rtol=1e-10, atol=1e-10)


def test_a_block_that_gives_up_is_noticed(monkeypatch):
    monkeypatch.setattr(kernels, "BLOCK", 1)
    scores, emissions = random_scores(3, 1.0), torch.randn(6, 4, 3).double()
    paths, lengths = torch.zeros(6, 4).long(), torch.full((6,), 4)
    for sentence in range(6):
        spoilt = emissions.clone()
        spoilt[sentence, 2, 1] = float("nan")
        assert kernels.blocks(spoilt.numpy()) == 6
        assert forward(scores, spoilt, paths, lengths, 2) is None


# --- with Numba, and without ---


def test_numba_is_imported_only_where_it_pays():
    """Not for a sentence that is tagged, but for a likelihood; and then for every sentence."""
    program = """
import sys, torch
from bilstm_nlp.nn import chain
from bilstm_nlp.nn.crf import LinearChainCrf
crf, emissions, mask = LinearChainCrf(5), torch.randn(1, 9, 5), torch.ones(1, 9, dtype=torch.bool)
before = crf.decode(emissions, mask)
assert "numba" not in sys.modules
crf.log_likelihood(emissions, before[0], mask)
assert "numba" in sys.modules and chain.pays(emissions)
assert all(map(torch.equal, before, crf.decode(emissions, mask)))
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_large_batch_is_worth_it_by_itself(monkeypatch):
    monkeypatch.setattr(recursions, "kernels", cache(lambda: None))
    assert not recursions.pays(torch.empty(256, 20, 9))
    assert recursions.pays(torch.empty(256, 40, 70))
    assert not recursions.pays(torch.empty(256, 40, 70, dtype=torch.float64))
    assert not recursions.pays(torch.empty(256, 40, 70, device="meta"))


def test_without_numba_torch_does_it_all(monkeypatch):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=torch.float32)
    inputs, lengths = [value.requires_grad_() for value in (*scores, emissions)], mask.sum(1)

    def everything():
        with torch.no_grad():
            paths, totals = recursions.viterbi(scores, emissions, lengths)
        values = recursions.log_likelihood(scores, emissions, paths, lengths)
        return paths, totals, values, *torch.autograd.grad(values.sum(), inputs)

    expected = everything()
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "bilstm_nlp.nn.crf.kernels")
    monkeypatch.delattr(bilstm_nlp.nn, "kernels")
    monkeypatch.setattr(recursions, "kernels", cache(recursions.kernels.__wrapped__))
    assert recursions.kernels() is None
    for found, value in zip(everything(), expected, strict=True):
        torch.testing.assert_close(found, value)


def test_kernels_do_without_a_folder_to_be_kept_in():
    from numba import njit

    nowhere: dict = {}
    exec("def twice(number):\n    return 2 * number", nowhere)
    with pytest.raises(RuntimeError, match="no locator available"):
        njit("float64(float64)", cache=True)(nowhere["twice"])
    assert kernels.compiled("float64(float64)")(nowhere["twice"])(1.5) == 3
