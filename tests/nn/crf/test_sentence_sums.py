"""Probabilities of spans in a single sentence, against the posterior of any batch, which is held to enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.nn.crf.sentence_sums import SentenceSums, is_short
from bilstm_nlp.tags import SCHEMES, continuing, legal_transitions, tag_set


def a_chain(tags: list[str], scheme: str, scale: float, *, constrained: bool) -> ChainScores:
    legality, generator = legal_transitions(tags, scheme), np.random.default_rng(len(tags))
    legal = (legality.start, legality.end, legality.transitions)
    scores = (np.where(each | (not constrained), generator.normal(size=each.shape) * scale, -np.inf) for each in legal)
    return ChainScores(*scores).to(np.float32)


def spans_of(steps: int, tags: list[str]):
    """Return the start, the end and the tags of every span of every type."""
    borders = [pair for pair in combinations(range(steps + 1), 2) for _ in "XY"]
    of_type = [[tag.partition("-")[2] == kind for tag in tags] for kind in "XY"]
    start, end = np.array(borders).T
    return start, end, np.array(of_type * (len(borders) // 2))


@pytest.mark.parametrize("constrained", [True, False], ids=["constrained", "free"])
@pytest.mark.parametrize(("steps", "scale", "temperature"), [(1, 1.0, 1.0), (2, 3.0, 0.5), (6, 3.0, 2.0), (40, 1.0, 1)])
@pytest.mark.parametrize("scheme", [scheme for scheme in SCHEMES if scheme != "plain"])
def test_probabilities_equal_those_of_the_posterior(scheme, steps, scale, temperature, constrained):
    tags = tag_set(["X", "Y"], scheme)
    chain = a_chain(tags, scheme, scale, constrained=constrained)
    emissions = (np.random.default_rng(steps).normal(size=(steps, len(tags))) * 3 * scale).astype(np.float32)
    continues = np.array([[tag in continuing(last, scheme) for tag in tags] for last in tags])
    assert is_short(steps, len(tags))
    sums = SentenceSums.of(chain, emissions, continues, temperature)
    assert sums.exact
    start, end, of_type = spans_of(steps, tags)
    whole = Posterior(chain, emissions[None], np.array([steps]), temperature)
    expected = whole.span_log_probabilities(np.zeros_like(start), start, end, of_type, continues)
    logarithms = sums.span_log_probabilities(start, end, of_type)
    assert logarithms.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(np.exp(logarithms), np.exp(expected), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize(
    ("transition", "emission"),
    [(0.0, 1e4), (np.nan, 0.0), (0.0, np.nan), (-np.inf, 0.0)],
    ids=["too far apart", "no number", "no emission", "all forbidden"],
)
def test_sums_out_of_range_are_not_exact(transition, emission):
    """Nothing warns of it: the posterior then answers."""
    zeros, emissions = np.zeros(2, np.float32), np.zeros((5, 2), np.float32)
    chain = ChainScores(zeros, zeros, np.full((2, 2), transition, np.float32))
    emissions[0, 0] = emissions[1, 1] = emission
    if emission == 1e4:
        chain = chain._replace(transitions=np.array([[0, -np.inf], [-np.inf, 0]], np.float32))
    assert not SentenceSums.of(chain, emissions, np.zeros((2, 2), bool), 1.0).exact


def test_long_sentences_are_left_to_the_posterior():
    """The largest number of paths that passes keeps its sums in the range of a double."""
    steps = max(steps for steps in range(1000) if is_short(steps, 1))
    free = ChainScores(np.zeros(1), np.zeros(1), np.zeros((1, 1)))
    sums = SentenceSums.of(free, np.zeros((steps, 1)), np.zeros((1, 1), bool), 1.0)
    assert sums.exact
    assert np.exp(sums.span_log_probabilities(np.array([0]), np.array([1]), np.array([[True]]))) == pytest.approx(1)
    assert not is_short(steps + 1, 1)
