"""The compiled recursions against those of torch and numpy, and against every path written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf import best_paths, likelihood
from bilstm_nlp.nn.crf.recursions import Scores, products_are_safe
from bilstm_nlp.nn.padding import inside
from tests.nn.enumeration import (
    FORBIDDEN,
    GARBAGE,
    SCALES,
    all_paths,
    as_arrays,
    ragged,
    random_scores,
    scores_of_all,
)

pytest.importorskip("numba")
from bilstm_nlp.nn.crf import kernels

often = settings(max_examples=100, deadline=None)


@st.composite
def problems(draw, dtype: torch.dtype = torch.float64):
    """Draw scores, emissions and lengths of any size, with some scores forbidden and garbage at padding."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    tags, lengths = draw(st.integers(1, 9)), draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    scores = random_scores(tags, draw(st.sampled_from(SCALES)), draw(st.sampled_from([0.0, 0.3, 0.7])), dtype)
    emissions, mask = ragged(lengths, tags, draw(st.sampled_from(SCALES)), draw(st.sampled_from(GARBAGE)), dtype)
    return scores, emissions, mask.sum(1)


def legal_paths(scores: Scores, emissions: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Draw (B, T) allowed paths."""
    drawn = torch.randn_like(emissions).detach().numpy()
    return torch.from_numpy(best_paths.batched_viterbi(as_arrays(scores), drawn, lengths.numpy())[0])


def forward(scores, emissions, paths, lengths, threads: int = 1):
    arrays = (*scores, emissions.clone(), paths, lengths)
    return kernels.forward(*(array.detach().numpy() for array in arrays), threads)


def viterbi(scores, emissions, lengths):
    return kernels.viterbi(*(array.numpy() for array in (*scores, emissions, lengths)))


def viterbi_in_numpy(scores, emissions, lengths):
    return best_paths.batched_viterbi(as_arrays(scores), emissions.numpy(), lengths.numpy())


# --- sums over paths ---


@pytest.mark.slow
@often
@given(problems())
def test_likelihoods_and_gradients_equal_torchs(problem):
    scores, emissions, lengths = problem
    paths = legal_paths(scores, emissions, lengths)
    inputs = [value.requires_grad_() for value in (*scores, emissions)]
    expected = likelihood.LogLikelihood.apply(*inputs, paths, lengths)
    result = forward(scores, emissions, paths, lengths)
    if result is None:  # scores too far apart: `likelihood` falls back to torch
        assert not products_are_safe(scores, emissions.masked_fill(~inside(lengths, emissions.shape[1])[..., None], 0))
        return
    np.testing.assert_allclose(result.log_likelihood, expected.detach(), rtol=1e-10, atol=1e-9)
    weights = torch.randn_like(expected)
    for gradient, wanted in zip(
        result.backward(weights.numpy(), 1), torch.autograd.grad(expected @ weights, inputs), strict=True
    ):
        np.testing.assert_allclose(gradient, wanted, rtol=1e-8, atol=1e-9)
        assert np.isfinite(gradient).all()


def test_kernels_refuse_scores_beyond_the_safe_range():
    """Emissions that leave no doubt are still computed by products."""
    scores = Scores(torch.zeros(5), torch.zeros(5), torch.randn(5, 5)).double()
    emissions, paths, lengths = torch.randn(2, 30, 5).double(), torch.zeros(2, 30).long(), torch.tensor([30, 7])
    assert forward(scores, emissions * 20, paths, lengths) is not None
    assert forward(scores, emissions * 300, paths, lengths) is None
    assert (
        forward(scores._replace(start=torch.tensor([0.0, 0, 0, 0, -300]).double()), emissions, paths, lengths) is None
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), FORBIDDEN])
@pytest.mark.parametrize("argument", range(4))
def test_likelihoods_with_nan_or_infinity_are_left_to_torch(argument, bad):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0), ragged([4, 2], 3)
    inputs = [*scores, emissions]
    inputs[argument].view(-1)[1] = bad
    paths, lengths = torch.zeros(2, 4).long(), mask.sum(1)
    values = likelihood.log_likelihood(Scores(*inputs[:3]), inputs[3], paths, lengths)
    torch.testing.assert_close(values, likelihood.LogLikelihood.apply(*inputs, paths, lengths), equal_nan=True)


def test_a_chain_without_transitions_is_left_to_torch():
    scores = Scores(torch.zeros(2), torch.zeros(2), torch.full((2, 2), FORBIDDEN)).double()
    assert forward(scores, torch.zeros(1, 1, 2).double(), torch.zeros(1, 1).long(), torch.tensor([1])) is None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_emissions_of_every_type_are_summed_in_double_precision(dtype):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=dtype)
    # Not contiguous, and used again afterwards.
    turned = emissions.transpose(1, 2).contiguous().transpose(1, 2)
    paths, before = torch.randint(5, mask.shape).masked_fill(~mask, 0), emissions.clone()
    results = []
    for way, values in ((likelihood.log_likelihood, turned), (by_torch, emissions)):
        inputs = [value.clone(memory_format=torch.preserve_format).requires_grad_() for value in (*scores, values)]
        likelihoods = way(Scores(*inputs[:3]), inputs[3], paths, mask.sum(1))
        assert likelihoods.dtype == torch.float64
        gradients = [torch.autograd.grad(likelihoods.sum(), inputs, retain_graph=True) for _ in range(2)]
        assert [gradient.dtype for gradient in gradients[0]] == [value.dtype for value in inputs]
        assert all(map(torch.equal, *gradients))  # a second backward pass gives the same
        results.append((likelihoods, *gradients[0]))
    for value, expected in zip(*results, strict=True):
        torch.testing.assert_close(value, expected)
    assert torch.equal(emissions, before)


def by_torch(scores, emissions, paths, lengths):
    return likelihood.LogLikelihood.apply(*scores, emissions, paths, lengths)


def test_there_is_no_second_derivative():
    scores, (emissions, mask) = random_scores(3, 1.0), ragged([4, 2], 3)
    emissions.requires_grad_()
    values = likelihood.log_likelihood(scores, emissions, torch.zeros(2, 4).long(), mask.sum(1))
    (gradient,) = torch.autograd.grad(values.square().sum(), emissions, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.square().sum().backward()


# --- best paths ---


@pytest.mark.slow
@often
@given(problems(torch.float32), st.booleans())
def test_best_paths_equal_numpys_bit_by_bit(problem, rounded):
    scores, emissions, lengths = problem
    if rounded:  # ties
        scores, emissions = Scores(*(score.round() for score in scores)), emissions.round()
    decoded = viterbi(scores, emissions, lengths)
    assert decoded is not None
    for value, expected in zip(decoded, viterbi_in_numpy(scores, emissions, lengths), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.slow
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
@pytest.mark.parametrize("argument", range(4))
def test_best_paths_with_nan_or_infinity_are_left_to_numpy(argument, bad):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(3, 1.0, dtype=torch.float32), ragged([4, 2], 3, dtype=torch.float32)
    inputs = [*scores, emissions]
    inputs[argument].view(-1)[1] = bad
    scores, lengths = Scores(*inputs[:3]), mask.sum(1)
    assert viterbi(scores, inputs[3], lengths) is None
    whole = best_paths.viterbi(as_arrays(scores), inputs[3].numpy(), lengths.numpy())
    for value, expected in zip(whole, viterbi_in_numpy(scores, inputs[3], lengths), strict=True):
        np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_best_paths_take_emissions_of_every_type(dtype):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=dtype)
    paths, totals = best_paths.viterbi(as_arrays(scores), emissions.numpy(), mask.sum(1).numpy())
    expected = viterbi_in_numpy(scores.double(), emissions.double(), mask.sum(1))
    np.testing.assert_array_equal(paths, expected[0])
    np.testing.assert_allclose(totals, expected[1], rtol=1e-5, atol=1e-5)


# --- threads ---


@pytest.mark.parametrize("sentences", [1, 2, 5, 40])
def test_results_are_the_same_with_any_number_of_threads(monkeypatch, sentences):
    monkeypatch.setattr(kernels, "BLOCK", 16)
    torch.manual_seed(0)
    scores = random_scores(5, 1.0, 0.3)
    emissions, mask = ragged([int(length) for length in torch.randint(1, 12, (sentences,))], 5)
    paths, lengths, weights = legal_paths(scores, emissions, mask.sum(1)), mask.sum(1), torch.randn(sentences).double()
    assert 1 <= kernels.blocks(emissions.numpy()) <= sentences
    results = []
    for threads in (1, 2, 3):
        result = forward(scores, emissions, paths, lengths, threads)
        results.append((result.log_likelihood, *result.backward(weights.numpy(), threads)))
    for others in results[1:]:
        assert all(map(np.array_equal, results[0], others))
    whole = by_torch(scores, emissions, paths, lengths)
    np.testing.assert_allclose(results[0][0], whole, rtol=1e-10, atol=1e-10)


def test_one_unsafe_block_refuses_the_batch(monkeypatch):
    monkeypatch.setattr(kernels, "BLOCK", 1)
    scores, emissions = random_scores(3, 1.0), torch.randn(6, 4, 3).double()
    paths, lengths = torch.zeros(6, 4).long(), torch.full((6,), 4)
    for sentence in range(6):
        spoilt = emissions.clone()
        spoilt[sentence, 2, 1] = float("nan")
        assert kernels.blocks(spoilt.numpy()) == 6
        assert forward(scores, spoilt, paths, lengths, 2) is None


# --- compilation ---


def test_kernels_compile_without_a_folder_for_their_cache():
    from numba import njit

    nowhere: dict = {}
    exec("def twice(number):\n    return 2 * number", nowhere)
    with pytest.raises(RuntimeError, match="no locator available"):
        njit("float64(float64)", cache=True)(nowhere["twice"])
    assert kernels.compiled("float64(float64)")(nowhere["twice"])(1.5) == 3
