"""Tags, entities and probabilities of a whole small tagger against every tag sequence written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging import decoding
from bilstm_nlp.tasks.tagging.decoding import decode, decode_each, decoded_batches
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.tagging.word_taggers import word_tagger

SENTENCES = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d",), tags=("B-Y",), line=6),
    Sentence(tokens=("c", "a", "a"), tags=("O", "B-X", "B-X"), line=8),
    Sentence(tokens=("b", "b", "a", "d"), tags=("O", "O", "O", "B-Y"), line=12),
]


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_entities_and_probabilities_equal_sums_over_all_sequences(kind, constrained, monkeypatch):
    """In every batch, at the head's own temperature and at another one; in a free chain also of broken tags."""
    torch.manual_seed(3)
    network, codec = word_tagger(SENTENCES, kind, constrained=constrained)
    chain = network.head.crf
    network.set_temperature(2.0)
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 8)
    batches = list(decoded_batches(network, codec, codec.encode(SENTENCES)))
    assert sorted(np.concatenate([batch.sentences for batch in batches])) == [0, 1, 2, 3]
    assert len(batches) > 1
    assert not network.model.training
    count = 0
    for batch in batches:
        for temperature, given in ((2.0, None), (0.7, 0.7)):
            posterior = batch.posterior(given)
            confidences, by_span = iter(posterior.probabilities(batch.entities)), posterior.of_entities(batch.entities)
            first = [[Span("", 0, 1)]] * len(batch.sentences)
            absences = posterior.of_no_entity(first)
            for row, index in enumerate(batch.sentences):
                length = len(SENTENCES[index].tokens)
                values = scores_of_all(chain.scores(), batch.ranking.emissions[row, :length])
                readings = [[codec.tags[tag] for tag in path] for path in all_paths(5, length)]
                assert batch.tags[row] == readings[values.argmax()]
                assert batch.entities[row] == spans(batch.tags[row], "IOB2")
                probabilities = values.div(temperature).softmax(0)
                for span in batch.entities[row]:
                    with_it = torch.tensor([span in spans(tags, "IOB2") for tags in readings])
                    expected = pytest.approx(probabilities[with_it].sum().item(), abs=1e-9)
                    assert next(confidences) == expected
                    assert by_span[row][span] == expected
                    count += 1
                without = torch.tensor([tags[0] == "O" for tags in readings])
                expected = pytest.approx(probabilities[without].sum().item(), abs=1e-9)
                assert absences[row] == {Span("", 0, 1): expected}
            assert next(confidences, None) is None
    assert count > 6


def test_results_come_in_the_order_of_the_corpus(monkeypatch):
    torch.manual_seed(3)
    network, codec = word_tagger(SENTENCES, CrfHead, constrained=True)
    expected = [decode(network, codec, codec.encode([sentence]))[0] for sentence in SENTENCES]
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 4)
    read = []
    encoded = codec.encode(SENTENCES)
    assert decode(network, codec, encoded) == expected
    assert decode_each(network, codec, encoded, lambda batch: read.append(batch) or batch.tags) == [
        tags for tags, _ in expected
    ]
    assert [len(batch.sentences) for batch in read] == [1, 1, 1, 1]
    assert [batch.sentences[0] for batch in read] == [0, 3, 2, 1]
    assert decode(network, codec, codec.encode([])) == []


def test_probabilities_of_no_spans_are_empty():
    network, codec = word_tagger(SENTENCES, CrfHead, constrained=True)
    (batch,) = decoded_batches(network, codec, codec.encode(SENTENCES[:1]))
    posterior = batch.posterior()
    assert posterior.of_entities([[]]) == posterior.of_no_entity([[]]) == [{}]
    assert posterior.of_entities([[Span("Z", 0, 1)]]) == [{Span("Z", 0, 1): 0.0}]  # a type that the codec lacks
