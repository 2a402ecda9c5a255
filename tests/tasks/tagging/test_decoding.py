"""Labels and confidences of a whole small tagger against every tag sequence written out."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.data.text.corpus import Sentence
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import spans
from bilstm_nlp.tasks.tagging import decoding
from bilstm_nlp.tasks.tagging.decoding import confidences, label
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
def test_entities_and_their_probabilities(kind, constrained, monkeypatch):
    """In every batch, in its order; at the head's own temperature and at another; in a free chain, broken tags too."""
    torch.manual_seed(3)
    model, codec = word_tagger(SENTENCES, kind, constrained=constrained)
    chain = model.head.crf
    model.head.temperature.fill_(2.0)
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 8)
    encoded = codec.encode(SENTENCES)
    batches = list(label(model, codec, encoded))
    assert sorted(np.concatenate([batch.chosen for batch in batches])) == [0, 1, 2, 3]
    assert len(batches) > 1
    assert not model.training
    count = 0
    for batch in batches:
        for temperature, given in ((2.0, None), (0.7, 0.7)):
            found = iter(confidences(model.head, codec, batch, given))
            for row, index in enumerate(batch.chosen):
                length = len(SENTENCES[index].tokens)
                values = scores_of_all(chain.scores(), batch.decoded.emissions[row, :length])
                readings = [[codec.tags[tag] for tag in path] for path in all_paths(5, length)]
                assert batch.tags[row] == readings[values.argmax()]
                assert batch.entities[row] == spans(batch.tags[row], "IOB2")
                probabilities = values.div(temperature).softmax(0)
                for span in batch.entities[row]:
                    with_it = torch.tensor([span in spans(tags, "IOB2") for tags in readings])
                    assert next(found) == pytest.approx(probabilities[with_it].sum().item(), abs=1e-9)
                    count += 1
            assert next(found, None) is None
    assert count > 6
