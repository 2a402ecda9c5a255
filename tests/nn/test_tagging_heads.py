"""The tagging heads against plain references: cross-entropy, and every sequence written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Span, continuing, legal_transitions, spans, tag_set
from tests.nn.enumeration import all_paths, decoded, posterior, ragged

LENGTHS = [4, 1, 3]
TAGS = tag_set(["X"], "IOBES")
LEGALITY = legal_transitions(TAGS, "IOBES")
GOLD = [["B-X", "I-X", "E-X", "O"], ["S-X", "O", "O", "O"], ["O", "B-X", "E-X", "O"]]


def a_chain(*, constrained: bool) -> LinearChainCrf:
    if not constrained:
        return LinearChainCrf(5)
    start, end, transitions = (torch.from_numpy(a) for a in (LEGALITY.start, LEGALITY.end, LEGALITY.transitions))
    return LinearChainCrf(5, legal_start=start, legal_end=end, legal_transitions=transitions, constrain_training=False)


def a_case(kind: type, *, constrained: bool):
    """Make a head, states and a batch. States at padding are large."""
    torch.manual_seed(0)
    head = kind(6, a_chain(constrained=constrained)).double()
    states, mask = ragged(LENGTHS, 6, 3.0, padding=1e3)
    tags = torch.tensor([[TAGS.index(tag) for tag in row] for row in GOLD])
    words = torch.zeros_like(tags)
    characters, shapes = torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, dtype=torch.long)
    return head, states, TokenBatch(words, words, characters, shapes, mask.sum(1), mask, tags=tags)


def token_log_probabilities(head, states):
    return torch.log_softmax(states @ head.projection.weight.T + head.projection.bias, -1)


@pytest.mark.parametrize("constrained", [True, False])
def test_softmax_loss_is_the_cross_entropy_of_the_tokens(constrained):
    head, states, batch = a_case(SoftmaxHead, constrained=constrained)
    loss = head.loss(states, batch)
    log_probabilities = token_log_probabilities(head, states)
    expected = -sum(log_probabilities[b, t, batch.tags[b, t]] for b, n in enumerate(LENGTHS) for t in range(n))
    torch.testing.assert_close(loss.total, expected)
    assert loss.weight.item() == sum(LENGTHS)
    # The likelihood of a chain whose transitions are all zero is the same number.
    chained = head.crf.log_likelihood(head.projection(states), batch.tags, batch.mask)
    torch.testing.assert_close(-chained.sum(), expected)


def test_softmax_trains_its_projection_only():
    head, states, batch = a_case(SoftmaxHead, constrained=True)
    head.loss(states, batch).total.backward()
    trained = {name for name, parameter in head.named_parameters() if parameter.requires_grad}
    assert trained == {"projection.weight", "projection.bias"}
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.projection.parameters())
    assert not any(parameter.any() for parameter in head.crf.parameters())


def test_softmax_without_constraints_decodes_each_tokens_best_tag():
    head, states, batch = a_case(SoftmaxHead, constrained=False)
    paths, _ = decoded(head.crf, head.decode(states, batch), batch.mask)
    best = token_log_probabilities(head, states).argmax(2)
    assert torch.equal(paths, best.masked_fill(~batch.mask, 0))


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_softmax_with_constraints_decodes_the_best_legal_sequence(temperature):
    """The product of token probabilities, maximised over all legal sequences."""
    head, states, batch = a_case(SoftmaxHead, constrained=True)
    emissions = head.decode(states, batch)
    best, _ = decoded(head.crf, emissions, batch.mask)
    free = token_log_probabilities(head, states).argmax(2)
    assert not torch.equal(best, free.masked_fill(~batch.mask, 0)), "nothing was forbidden here"
    continues = np.array([[tag in continuing(last, "IOBES") for tag in TAGS] for last in TAGS])
    for b, length in enumerate(LENGTHS):
        paths = all_paths(5, length)
        products = token_log_probabilities(head, states)[b, torch.arange(length), paths].sum(1)
        legal = torch.tensor(
            [
                LEGALITY.start[path[0]] and LEGALITY.end[path[-1]] and LEGALITY.transitions[path[:-1], path[1:]].all()
                for path in paths.numpy()
            ]
        )
        products = products.masked_fill(~legal, float("-inf"))
        assert best[b, :length].tolist() == paths[products.argmax()].tolist()
        # The temperature flattens every token's probabilities.
        probabilities = (products / temperature).softmax(0)
        span = Span("X", 0, length)
        expected = probabilities[[span in spans([TAGS[tag] for tag in path], "IOBES") for path in paths]].sum()
        read = posterior(head.crf, emissions, batch.mask, temperature)
        logarithm = read.span_log_probabilities(
            *(np.array([value]) for value in (b, span.start, span.end)),
            np.array([[tag != "O" for tag in TAGS]]),
            continues,
        )
        np.testing.assert_allclose(np.exp(logarithm)[0], expected.item())


def test_softmax_probability_of_an_entity_multiplies_its_tokens():
    """Without constraints, in IOB2, tokens are independent except that a neighbour could make the entity longer."""
    head, states, batch = a_case(SoftmaxHead, constrained=False)
    tags = [*tag_set(["X", "Y"], "IOB2")]
    continues = np.array([[tag in continuing(last, "IOB2") for tag in tags] for last in tags])
    type_tags = np.array([[tag.endswith("X") for tag in tags]])
    p = dict(zip(tags, token_log_probabilities(head, states)[0].exp().T, strict=True))
    span = (np.array([value]) for value in (0, 1, 3))
    read = posterior(head.crf, head.projection(states), batch.mask)
    logarithm = read.span_log_probabilities(*span, type_tags, continues)
    begins = p["B-X"][1] + p["I-X"][1] * (1 - p["B-X"][0] - p["I-X"][0])
    np.testing.assert_allclose(np.exp(logarithm)[0], (begins * p["I-X"][2] * (1 - p["I-X"][3])).item())


@pytest.mark.parametrize("constrained", [True, False])
def test_crf_head_is_its_chain_over_its_projection(constrained):
    head, states, batch = a_case(CrfHead, constrained=constrained)
    emissions = states @ head.projection.weight.T + head.projection.bias
    loss = head.loss(states, batch)
    expected = head.crf.log_likelihood(emissions, batch.tags, batch.mask)
    torch.testing.assert_close(loss.total, -expected.sum())
    assert loss.weight.item() == sum(LENGTHS)
    torch.testing.assert_close(head.decode(states, batch), emissions)
    loss.total.backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in head.parameters())


@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_the_temperature_is_saved_and_leaves_emissions_alone(kind):
    head, states, batch = a_case(kind, constrained=True)
    before = head.decode(states, batch)
    head.temperature.fill_(3.0)
    assert torch.equal(head.decode(states, batch), before)
    again = kind(6, a_chain(constrained=True)).double()
    again.load_state_dict(head.state_dict())
    assert again.temperature.item() == 3.0


@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_a_loss_needs_gold_tags(kind):
    head, states, batch = a_case(kind, constrained=True)
    untagged = TokenBatch(batch.words, batch.distinct, batch.characters, batch.shapes, batch.lengths, batch.mask)
    with pytest.raises(ValueError, match=r"The loss needs a batch with tags. Got one without."):
        head.loss(states, untagged)
