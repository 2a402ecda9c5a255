"""Best paths against every path written out, and against torchcrf's; the n best against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchcrf import CRF

from bilstm_nlp.nn.crf import best_paths
from bilstm_nlp.nn.crf.best_paths import batched_viterbi, list_viterbi, viterbi
from bilstm_nlp.nn.crf.chain import ChainScores
from tests.nn.enumeration import (
    FORBIDDEN,
    GARBAGE,
    a_problem,
    all_paths,
    as_arrays,
    number,
    problems,
    ragged,
    random_scores,
    scores_of_all,
)


@settings(max_examples=60, deadline=None)
@given(problems, st.sampled_from(GARBAGE), st.integers(1, 30))
def test_best_paths_are_the_best_of_all_paths(way, problem, padding, n):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    chain, sizes = as_arrays(scores), lengths.numpy()
    best, totals = map(torch.from_numpy, viterbi(chain, emissions.numpy(), sizes))
    paths, ranked = map(torch.from_numpy, list_viterbi(chain, emissions.numpy(), sizes, n))
    for b, length in enumerate(lengths.tolist()):
        values = scores_of_all(scores, emissions[b, :length])
        allowed = min(n, int(values.isfinite().sum()))
        expected = values.sort(descending=True).values[:allowed]
        torch.testing.assert_close(ranked[b, :allowed], expected)
        assert (ranked[b, allowed:] == FORBIDDEN).all()
        # All paths differ, each has the score it is said to have, and padding is 0.
        index = (paths[b, :allowed, :length] * 3 ** torch.arange(length - 1, -1, -1)).sum(1)
        assert len(index.unique()) == allowed
        torch.testing.assert_close(values[index], expected)
        assert not paths[b, :, length:].any()
        torch.testing.assert_close(totals[b], expected[0])
        torch.testing.assert_close(values[number(best[b, :length])], totals[b])
        assert not best[b, length:].any()
        assert 0 <= int(paths.min()) <= int(paths.max()) < 3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("tags", [1, 2, 9, 17, 60])
@pytest.mark.parametrize("lengths", [[1], [30], [12, 3, 1, 9, 12], [7, 9, 2] * 20])
def test_best_paths_equal_torchcrfs(way, lengths, tags, dtype):
    torch.manual_seed(0)
    reference = CRF(tags, batch_first=True).to(dtype)
    for parameter in reference.parameters():
        torch.nn.init.normal_(parameter)
    emissions, mask = ragged(lengths, tags, padding=float("nan"), dtype=dtype)
    chain = ChainScores(
        *(
            parameter.detach().numpy()
            for parameter in (reference.start_transitions, reference.end_transitions, reference.transitions)
        )
    )
    paths, totals = viterbi(chain, emissions.numpy(), np.array(lengths))
    assert (paths.dtype, totals.dtype) == (np.int64, emissions.numpy().dtype)
    expected = reference.decode(emissions.nan_to_num(), mask)
    assert [path[:length].tolist() for path, length in zip(paths, lengths, strict=True)] == expected
    ranked, ranked_totals = list_viterbi(chain.to(np.float64), emissions.double().numpy(), np.array(lengths), 2)
    np.testing.assert_array_equal(ranked[:, 0], paths)
    np.testing.assert_allclose(ranked_totals[:, 0], totals, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("forbidden", [0.0, 0.5])
def test_blocks_of_sentences_change_no_bit(monkeypatch, forbidden):
    torch.manual_seed(0)
    chain = as_arrays(random_scores(5, 1.0, forbidden, torch.float32))
    lengths = np.random.default_rng(0).integers(1, 12, 40)
    emissions = ragged(lengths.tolist(), 5, padding=float("inf"), dtype=torch.float32)[0].numpy()
    whole = batched_viterbi(chain, emissions, lengths)
    for size in (1, 130, 700):
        monkeypatch.setattr(best_paths, "BLOCK", size)
        for value, expected in zip(batched_viterbi(chain, emissions, lengths), whole, strict=True):
            np.testing.assert_array_equal(value, expected)


@pytest.mark.parametrize("batch", [1, 3])
def test_of_equal_scores_the_first_tags_win(way, batch):
    chain, lengths = ChainScores(np.zeros(3), np.zeros(3), np.zeros((3, 3))).to(np.float32), np.full(batch, 4)
    emissions = np.zeros((batch, 4, 3), np.float32)
    emissions[:, 1, 0] = -1
    paths, _ = viterbi(chain, emissions, lengths)
    assert paths.tolist() == [[0, 1, 0, 0]] * batch
    ranked, totals = list_viterbi(chain, emissions, lengths, 3)
    assert ranked[0].tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [2, 1, 0, 0]]
    assert not totals.any()


def test_paths_of_equal_scores_are_all_listed():
    free = ChainScores(np.zeros(2), np.zeros(2), np.zeros((2, 2)))
    paths, totals = list_viterbi(free, np.zeros((1, 3, 2)), np.array([3]), 8)
    assert sorted(paths[0].tolist()) == all_paths(2, 3).tolist()
    assert not totals.any()


@pytest.mark.parametrize("batch", [1, 2])
def test_a_chain_that_forbids_everything_has_no_path(batch):
    """All scores are -inf, and nothing warns of it."""
    nothing = ChainScores(np.full(2, -np.inf), np.full(2, -np.inf), np.full((2, 2), -np.inf))
    emissions, lengths = np.ones((batch, 3, 2)), np.arange(1, batch + 1)
    assert (viterbi(nothing, emissions, lengths)[1] == -np.inf).all()
    assert (list_viterbi(nothing, emissions, lengths, 2)[1] == -np.inf).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tags", [1, 2, 9, 17])
def test_sentences_alone_have_the_paths_of_a_batch(tags, dtype):
    generator = np.random.default_rng(tags)
    # Small integers: equal scores, of which the first tag's must win either way.
    start, end, transitions = (generator.integers(-2, 3, size).astype(dtype) for size in (tags, tags, (tags, tags)))
    transitions[generator.random(transitions.shape) < 0.2] = -np.inf
    emissions, lengths = generator.integers(-2, 3, (40, 12, tags)).astype(dtype), generator.integers(1, 13, 40)
    emissions[np.arange(12) >= lengths[:, None]] = np.inf
    scores = ChainScores(start, end, transitions)
    paths, totals = batched_viterbi(scores, emissions, lengths)
    for row in range(len(lengths)):
        path, total = batched_viterbi(scores, emissions[row : row + 1], lengths[row : row + 1])
        assert total.dtype == totals.dtype
        np.testing.assert_array_equal(path[0], paths[row])
        np.testing.assert_array_equal(total[0], totals[row])
