"""Marginals and probabilities of entities and of runs of one tag, against every path written out."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pytest
import torch

from bilstm_nlp.nn.crf import posterior as posterior_room
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.tags import Scheme, Span, continuing, legal_transitions, spans, tag_set
from tests.nn.crf.test_crf import IOBES, LENGTHS, TAGS, a_crf
from tests.nn.enumeration import all_paths, as_arrays, posterior, ragged, random_scores, scores_of_all


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@cache
def readings_of(tags: tuple[str, ...], scheme: Scheme, length: int) -> list[list[Span]]:
    """Read the entities of every path of so many steps."""
    return [spans([tags[tag] for tag in path], scheme) for path in all_paths(len(tags), length)]


@pytest.mark.parametrize("many", [40, 1], ids=["few tags", "many tags"])
@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
@pytest.mark.parametrize("constrained", [True, False], ids=["constrained", "free"])
@pytest.mark.parametrize(("scheme", "types"), [("IOB1", "XY"), ("IOB2", "XY"), ("IOBES", "X"), ("BMES", "X")])
def test_probabilities_of_entities_equal_sums_over_all_paths(
    scheme, types, constrained, scale, temperature, many, monkeypatch
):
    """For every possible entity: sum over all sequences in which `spans` finds it, broken ones too if they are allowed.

    In IOB1, and in broken sequences, an entity has several spellings, and may be the end of a longer one.
    """
    monkeypatch.setattr(posterior_room, "MANY_TAGS", many)
    tags = tag_set(types, scheme)
    crf = a_crf(legal_transitions(tags, scheme) if constrained else None, tags=5, scale=scale)
    emissions, mask = ragged([4, 1, 3], 5, scale)
    asked, expected = [], []
    for b, length in enumerate(mask.sum(1).tolist()):
        probabilities = scores_of_all(crf.scores(), emissions[b, :length]).div(temperature).softmax(0)
        readings = readings_of(tuple(tags), scheme, length)
        for kind, (start, end) in ((k, borders) for k in types for borders in combinations(range(length + 1), 2)):
            asked.append((b, start, end, [tag.partition("-")[2] == kind for tag in tags]))
            with_it = torch.tensor([Span(kind, start, end) in reading for reading in readings])
            expected.append(probabilities[with_it].sum().item())
    sentence, start, end, type_tags = map(np.array, zip(*asked, strict=True))
    continues = np.array([[tag in continuing(last, scheme) for tag in tags] for last in tags])
    read = posterior(crf, emissions, mask, temperature)
    logarithms = read.span_log_probabilities(sentence, start, end, type_tags, continues)
    np.testing.assert_allclose(np.exp(logarithms), expected, rtol=1e-6, atol=1e-9)
    assert (logarithms <= 0).all()


@pytest.mark.parametrize("temperature", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e3])
@pytest.mark.parametrize("constrained", [True, False], ids=["constrained", "free"])
def test_probabilities_of_runs_equal_sums_over_all_paths(constrained, scale, temperature):
    """For every run of tokens and every tag, also tags that may not follow themselves: a run of one may have them."""
    tags = tag_set("X", "IOBES")
    crf = a_crf(legal_transitions(tags, "IOBES") if constrained else None, tags=5, scale=scale)
    emissions, mask = ragged([4, 1, 3], 5, scale)
    for tag in range(5):
        asked, expected = [], []
        for b, length in enumerate(mask.sum(1).tolist()):
            probabilities = scores_of_all(crf.scores(), emissions[b, :length]).div(temperature).softmax(0)
            for start, end in combinations(range(length + 1), 2):
                asked.append((b, start, end))
                whole_run = (all_paths(5, length)[:, start:end] == tag).all(dim=1)
                expected.append(probabilities[whole_run].sum().item())
        read = posterior(crf, emissions, mask, temperature)
        logarithms = read.run_log_probabilities(*map(np.array, zip(*asked, strict=True)), tag)
        np.testing.assert_allclose(np.exp(logarithms), expected, rtol=1e-6, atol=1e-9)
        assert (logarithms <= 0).all()


def test_no_entities_have_no_probabilities():
    nothing = np.empty(0, np.int64)
    type_tags, continues = np.empty((0, 5), bool), np.ones((5, 5), bool)
    read = posterior(a_crf(), *ragged(LENGTHS, 5))
    assert read.span_log_probabilities(nothing, nothing, nothing, type_tags, continues).shape == (0,)


def test_one_forward_backward_run_answers_everything(monkeypatch):
    runs = []
    messages = posterior_room.messages
    monkeypatch.setattr(posterior_room, "messages", lambda *arguments: runs.append(1) or messages(*arguments))
    emissions, mask = ragged(LENGTHS, 5)
    read = posterior(a_crf(IOBES), emissions, mask)
    rows, first, ends = np.arange(4), np.zeros(4, np.int64), mask.sum(1).numpy()
    continues = np.array([[tag in continuing(last, "IOBES") for tag in TAGS] for last in TAGS])
    read.marginals()
    read.log_partition()
    read.n_best(3)
    read.span_log_probabilities(rows, first, ends, np.ones((4, 5), bool), continues)
    read.run_log_probabilities(rows, first, ends, 0)
    assert len(runs) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_are_in_double_precision_and_results_as_the_emissions(dtype):
    emissions, mask = ragged(LENGTHS, 5, dtype=dtype)
    read = posterior(a_crf().float(), emissions, mask, 2.0)
    assert read.emissions.dtype == read.messages.alphas.dtype == np.float64
    assert read.marginals().dtype == read.log_partition().dtype == read.n_best(2)[1].dtype == emissions.numpy().dtype


@pytest.mark.parametrize("scale", [0.1, 3.0, 300.0])
@pytest.mark.parametrize("tags", [1, 2, 17, 60])
def test_probabilities_of_many_tags_agree_with_each_other(tags, scale):
    """Marginals sum to 1, runs of one token are marginals, and the best path's probability bounds its marginals."""
    torch.manual_seed(tags)
    lengths = np.array([9, 1, 4, 30])
    emissions, mask = ragged(lengths.tolist(), tags, scale, padding=float("nan"))
    read = Posterior(as_arrays(random_scores(tags, scale, 0.3)), emissions.numpy(), lengths, 1.5)
    marginals = read.marginals()
    np.testing.assert_allclose(marginals.sum(2), mask.numpy(), atol=1e-9)
    sentence, step = np.nonzero(mask.numpy())
    for tag in (0, tags - 1):
        runs = np.exp(read.run_log_probabilities(sentence, step, step + 1, tag))
        np.testing.assert_allclose(runs, marginals[sentence, step, tag], rtol=1e-9, atol=1e-12)
    paths, logarithms = read.n_best(1)
    of_path = np.take_along_axis(marginals, paths[:, 0, :, None], 2)[..., 0]
    assert (of_path >= np.exp(logarithms) - 1e-12)[mask.numpy()].all()


def test_a_chain_that_forbids_everything_has_no_probabilities():
    """The sum is 0, and a share of it no number. Nothing warns of it."""
    nothing = ChainScores(np.full(2, -np.inf), np.full(2, -np.inf), np.full((2, 2), -np.inf))
    read = Posterior(nothing, np.zeros((2, 3, 2)), np.array([3, 1]))
    assert (read.log_partition() == -np.inf).all()
    assert np.isnan(read.marginals()[0]).all()
