"""Marginals and probabilities of entities and of runs of one tag, against every path written out."""

from __future__ import annotations

from itertools import combinations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bilstm_nlp.nn.crf import crf as crf_room
from bilstm_nlp.nn.crf import likelihood as likelihood_room
from bilstm_nlp.nn.crf import posterior as posterior_room
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.crf.recursions import double_device
from bilstm_nlp.tags import Span, continuing, legal_transitions, spans, tag_set
from tests.nn.crf.test_crf import IOBES, LENGTHS, TAGS, a_crf
from tests.nn.enumeration import all_paths, ragged, scores_of_all


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


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
        readings = [spans([tags[tag] for tag in path], scheme) for path in all_paths(5, length)]
        for kind, (start, end) in ((k, borders) for k in types for borders in combinations(range(length + 1), 2)):
            asked.append((b, start, end, [tag.partition("-")[2] == kind for tag in tags]))
            with_it = torch.tensor([Span(kind, start, end) in reading for reading in readings])
            expected.append(probabilities[with_it].sum())
    sentence, start, end, type_tags = map(torch.tensor, zip(*asked, strict=True))
    continues = torch.tensor([[tag in continuing(last, scheme) for tag in tags] for last in tags])
    posterior = crf.posterior(emissions, mask, temperature=temperature)
    logarithms = posterior.span_log_probabilities(sentence, start, end, type_tags, continues)
    torch.testing.assert_close(logarithms.exp(), torch.stack(expected), rtol=1e-6, atol=1e-9)
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
                expected.append(probabilities[whole_run].sum())
        posterior = crf.posterior(emissions, mask, temperature=temperature)
        logarithms = posterior.run_log_probabilities(*map(torch.tensor, zip(*asked, strict=True)), tag)
        torch.testing.assert_close(logarithms.exp(), torch.stack(expected), rtol=1e-6, atol=1e-9)
        assert (logarithms <= 0).all()


def test_no_entities_have_no_probabilities():
    nothing = torch.empty(0, dtype=torch.long)
    emissions, mask = ragged(LENGTHS, 5)
    type_tags, continues = torch.empty(0, 5, dtype=torch.bool), torch.ones(5, 5, dtype=torch.bool)
    posterior = a_crf().posterior(emissions, mask)
    assert posterior.span_log_probabilities(nothing, nothing, nothing, type_tags, continues).shape == (0,)


def test_one_forward_backward_run_answers_everything(monkeypatch):
    runs = []
    messages = posterior_room.messages
    monkeypatch.setattr(posterior_room, "messages", lambda *arguments: runs.append(1) or messages(*arguments))
    emissions, mask = ragged(LENGTHS, 5)
    posterior = a_crf(IOBES).posterior(emissions, mask)
    rows, first = torch.arange(4), torch.zeros(4, dtype=torch.long)
    continues = torch.tensor([[tag in continuing(last, "IOBES") for tag in TAGS] for last in TAGS])
    posterior.marginals()
    posterior.log_partition()
    posterior.span_log_probabilities(rows, first, mask.sum(1), torch.ones(4, 5, dtype=torch.bool), continues)
    posterior.run_log_probabilities(rows, first, mask.sum(1), 0)
    assert len(runs) == 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_results_are_in_single_precision_at_least(dtype):
    emissions, mask = ragged(LENGTHS, 5, dtype=dtype)
    wide = torch.promote_types(dtype, torch.float32)
    posterior = LinearChainCrf(5).posterior(emissions, mask, temperature=2.0)
    assert posterior.emissions.dtype == torch.float64
    assert posterior.marginals().dtype == posterior.log_partition().dtype == wide


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
    crf = a_crf(IOBES).float()
    emissions, mask = ragged(LENGTHS, 5, dtype=torch.float32)
    gold, _ = crf.decode(emissions, mask)
    spans = torch.arange(4), torch.zeros(4, dtype=torch.long), mask.sum(1)
    continues = torch.tensor([[tag in continuing(last, "IOBES") for tag in TAGS] for last in TAGS])

    def everything(device: str):
        inputs = emissions.to(device).requires_grad_()
        likelihood = crf.log_likelihood(inputs, gold.to(device), mask.to(device))
        likelihood.sum().backward()
        posterior = crf.posterior(inputs.detach(), mask.to(device), temperature=2.0)
        results = (
            likelihood.detach(),
            inputs.grad,
            *crf.decode(inputs.detach(), mask.to(device)),
            *crf.n_best(inputs.detach(), mask.to(device), 3, temperature=2.0),
            posterior.marginals(),
            posterior.span_log_probabilities(*spans, torch.ones(4, 5, dtype=torch.bool), continues),
            posterior.run_log_probabilities(*spans, 0),
        )
        assert {result.device.type for result in results} == {device}
        return [result.cpu() for result in results]

    expected = everything("cpu")
    for module in (likelihood_room, posterior_room, crf_room):
        monkeypatch.setattr(module, "double_device", lambda device: torch.device("cpu"))
    crf.cuda()
    with NoFloat64("cuda"):
        for result, wanted in zip(everything("cuda"), expected, strict=True):
            torch.testing.assert_close(result, wanted)
