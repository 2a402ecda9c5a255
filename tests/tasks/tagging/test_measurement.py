"""F1 sentence by sentence, as a comparison takes it."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.data.text.formats.corpus import Sentence, TaggedCorpus
from bilstm_nlp.metrics.labels import micro_f1
from bilstm_nlp.nn.tagging_heads import CrfHead
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.evaluation import gold_spans
from bilstm_nlp.tasks.tagging.measurement import measure
from tests.tasks.tagging.word_taggers import word_tagger

SENTENCES = [
    Sentence(("Ann", "met", "Bob"), ("B-PER", "O", "B-PER"), 1),
    Sentence(("Rome", "is", "Rome"), ("B-LOC", "O", "B-LOC"), 5),
    Sentence(("met", "is"), ("O", "O"), 9),
]


def test_f1_of_sentences_adds_up_to_that_of_the_corpus():
    torch.manual_seed(3)
    network, codec = word_tagger(SENTENCES, CrfHead, constrained=True)
    corpus = TaggedCorpus("a test", SENTENCES)
    measurement = measure(network, codec, corpus)
    gold = gold_spans(corpus, codec)
    predicted = [sentence.entities for sentence in decode(network, codec, codec.encode(SENTENCES))]
    f1 = measurement.measures["f1"]
    expected = [2 * len({*right} & {*answer}) for right, answer in zip(gold, predicted, strict=True)]
    assert f1.numerator.tolist() == expected
    assert f1.denominator.tolist() == [len(right) + len(answer) for right, answer in zip(gold, predicted, strict=True)]
    assert f1.numerator.sum() / f1.denominator.sum() == pytest.approx(micro_f1(gold, predicted).f1)
    assert {"PER", "LOC"} <= set(f1.by_type)
    assert measurement.lag == 0
    assert measurement.speed > 0
    assert measurement.examples.gold == gold
    assert measurement.examples.found == predicted
    assert measurement.examples.tokens == [sentence.tokens for sentence in SENTENCES]
