"""Best paths against every path written out."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.nn.crf.best_paths import list_viterbi, viterbi
from bilstm_nlp.nn.crf.recursions import Scores
from tests.nn.enumeration import FORBIDDEN, GARBAGE, a_problem, all_paths, number, problems, scores_of_all


@settings(max_examples=60, deadline=None)
@given(problems, st.sampled_from(GARBAGE), st.integers(1, 30))
def test_best_paths_are_the_best_of_all_paths(problem, padding, n):
    scores, emissions, lengths = a_problem(problem, padding=padding)
    best, totals = viterbi(scores, emissions, lengths)
    paths, ranked = list_viterbi(scores, emissions, lengths, n)
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


def test_paths_of_equal_scores_are_all_listed():
    scores = Scores(torch.zeros(2), torch.zeros(2), torch.zeros(2, 2))
    paths, totals = list_viterbi(scores, torch.zeros(1, 3, 2), torch.tensor([3]), 8)
    assert sorted(paths[0].tolist()) == all_paths(2, 3).tolist()
    assert not totals.any()
