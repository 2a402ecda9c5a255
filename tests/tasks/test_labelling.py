"""Labels and confidences of a whole small tagger against every tag sequence written out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from torch import nn

from bilstm_nlp.data.codec import TaggingCodec
from bilstm_nlp.data.corpus import Sentence
from bilstm_nlp.data.vocabulary import WordTable
from bilstm_nlp.nn.crf import LinearChainCrf
from bilstm_nlp.nn.heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import legal_transitions, spans
from bilstm_nlp.tasks import labelling
from bilstm_nlp.tasks.labelling import confidences, label
from tests.nn.enumeration import all_paths, scores_of_all

SENTENCES = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d",), tags=("B-Y",), line=6),
    Sentence(tokens=("c", "a", "a"), tags=("O", "B-X", "B-X"), line=8),
    Sentence(tokens=("b", "b", "a", "d"), tags=("O", "O", "O", "B-Y"), line=12),
]


class WordTagger(nn.Module):
    """A head over vectors of words and nothing else."""

    def __init__(self, words: int, head: CrfHead | SoftmaxHead) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(words, 8), head

    def decode(self, batch):
        return self.head.decode(self.words(batch.words), batch)


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_entities_and_their_probabilities(kind, constrained, monkeypatch):
    """In every batch, in its order; at the head's own temperature and at another; in a free chain, broken tags too."""
    torch.manual_seed(3)
    words = WordTable.build(Counter(token for one in SENTENCES for token in one.tokens), None)
    codec = TaggingCodec.fit(SENTENCES, words, np.empty((0, 8), np.float16), scheme="IOB2", file_scheme="IOB2")
    legality = legal_transitions(codec.tags, "IOB2")
    limits = {f"legal_{name}": torch.from_numpy(value) for name, value in vars(legality).items()} if constrained else {}
    chain = LinearChainCrf(5, **limits)
    model = WordTagger(len(words), kind(8, chain)).double()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.mul_(3)
    model.head.temperature.fill_(2.0)
    monkeypatch.setattr(labelling, "BATCH_TOKENS", 8)
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
