"""A tagger's figures on a corpus: those of its predictions, in the order and under the keys of metrics.json."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bilstm_nlp.data.text.formats.corpus import Sentence, TaggedCorpus
from bilstm_nlp.metrics.labels import micro_f1
from bilstm_nlp.nn.tagging_heads import CrfHead
from bilstm_nlp.tags import spans
from bilstm_nlp.tasks.tagging import decoding
from bilstm_nlp.tasks.tagging import evaluation as evaluation_room
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.report import sections
from bilstm_nlp.tasks.temperature import COLDEST, HOTTEST, fit_temperature
from tests.tasks.tagging.word_taggers import word_tagger

SENTENCES = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d",), tags=("B-Y",), line=6),
    Sentence(tokens=("c", "a", "a", "b", "d"), tags=("O", "B-X", "B-X", "O", "O"), line=8),
    Sentence(tokens=("b", "b", "a", "d"), tags=("O", "O", "O", "B-Y"), line=14),
]


@pytest.fixture
def evaluation(monkeypatch):
    torch.manual_seed(3)
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 4)
    network, codec = word_tagger(SENTENCES, CrfHead, constrained=True)
    expected = decode(network, codec, codec.encode(SENTENCES))
    evaluated = Evaluation(ModelDecoder(network, codec), TaggedCorpus("corpus", SENTENCES))
    assert len(evaluated.batches) == 4
    assert evaluated.predicted == [sentence.entities for sentence in expected]
    assert evaluated.predicted_tags == [sentence.tags for sentence in expected]
    return evaluated


def results_of(evaluation):
    return meaning_of(evaluation.codec).results(evaluation)


def test_figures_are_those_of_the_predictions(evaluation):
    results = results_of(evaluation)
    gold = [spans(sentence.tags, "IOB2") for sentence in SENTENCES]
    counts = micro_f1(gold, evaluation.predicted)
    assert (results.precision, results.recall, results.f1) == (counts.precision, counts.recall, counts.f1)
    assert (results.source, results.sentences, results.tokens) == ("corpus", 4, 14)
    assert sum(scores.support for scores in results.per_type.values()) == counts.support
    assert results.confusion.counts.sum() >= counts.support


def test_confidences_come_batch_by_batch(evaluation):
    order = [2, 0, 3, 1]  # the longest sentence first
    entities = [span for index in order for span in evaluation.predicted[index]]
    confidences = evaluation.confidences(1.0)
    assert len(confidences) == len(entities) > 0
    by_span = {}
    for batch in evaluation.batches:
        for index, of_sentence in zip(batch.sentences, batch.posterior(1.0).of_entities(batch.entities), strict=True):
            by_span[int(index)] = of_sentence
    np.testing.assert_array_equal(confidences, [p for index in order for p in by_span[index].values()])


def test_calibration_sets_the_temperature_of_the_head(evaluation):
    evaluation.calibrate()
    temperature = evaluation.decoder.temperature
    assert COLDEST <= temperature <= HOTTEST
    calibration = results_of(evaluation).calibration
    assert calibration.temperature == temperature != 1.0
    assert calibration.before.counts.sum() == calibration.after.counts.sum() == len(evaluation.confidences())


def test_json_has_the_keys_of_metrics_json_in_order(evaluation):
    values = results_of(evaluation).as_json()
    assert list(values) == [
        *("source", "sentences", "tokens", "precision", "recall", "f1"),
        *("precision_strict", "recall_strict", "f1_strict", "macro_f1", "token_accuracy", "per_type"),
        *("disagreements", "by_novelty", "by_length", "confusion", "calibration"),
    ]
    assert list(values["calibration"]) == ["temperature", "before", "after", "ece_cross_fitted", "thresholds"]
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_the_report_shows_every_table_of_the_results(evaluation):
    (section,) = sections({"dev": results_of(evaluation).as_json()})
    assert section.title == "dev: corpus, 4 sentences, 14 tokens"
    tables = [part.title for part in section.parts if hasattr(part, "header")]
    assert tables == [
        "Entities",
        "By type",
        "By whether training had the entity",
        "By length in tokens",
        "Reliability",
        "Without entities below a confidence",
    ]
    assert any("Expected calibration error" in part for part in section.parts if isinstance(part, str))


def counted(evaluation, monkeypatch) -> list[int]:
    """The number of batches of each pass over confidences, as they are asked for from now on."""
    passes, decoder = [], evaluation.decoder

    def confidences(batches):
        exact = ModelDecoder.confidences(decoder, batches)

        def at(temperature):
            passes.append(len(batches))
            return exact(temperature)

        return at

    monkeypatch.setattr(decoder, "confidences", confidences)
    evaluation._confidences = confidences(evaluation.batches)
    return passes


def test_many_tags_are_calibrated_in_few_passes(evaluation, monkeypatch):
    """All temperatures come from those of ten nodes at most; two more passes measure the result."""
    monkeypatch.setattr(evaluation_room, "MANY_TAGS", 1)
    passes = counted(evaluation, monkeypatch)
    evaluation.calibrate()
    calibration = results_of(evaluation).calibration
    assert len(passes) <= 12
    exact = fit_temperature(evaluation.confidences, np.array(evaluation._correct(evaluation.batches)))
    assert calibration.temperature == pytest.approx(exact, rel=0.03)


def test_many_predictions_of_many_tags_are_calibrated_on_a_sample(evaluation, monkeypatch):
    monkeypatch.setattr(evaluation_room, "MANY_TAGS", 1)
    monkeypatch.setattr(evaluation_room, "SAMPLED_FROM", 1)
    passes = counted(evaluation, monkeypatch)
    evaluation.calibrate()
    calibration = results_of(evaluation).calibration
    assert sorted(set(passes)) == [1, 4]
    assert passes.count(4) == 2
    assert calibration.before.counts.sum() == len(evaluation.confidences())
