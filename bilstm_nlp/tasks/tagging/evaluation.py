"""A tagger's figures on one corpus."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import TaggedCorpus
from bilstm_nlp.metrics import entities, labels, reliability
from bilstm_nlp.system import json_values
from bilstm_nlp.tags import Span, convert, spans
from bilstm_nlp.tasks.tagging.decoding import Labelled, TaggingModel, confidences, entities_of_each, head_of, label
from bilstm_nlp.tasks.temperature import cross_fitted, fit_temperature


class Evaluation:
    """A model's predictions on a corpus with gold tags, held together for all that is asked of them."""

    def __init__(self, model: TaggingModel, codec: TaggingCodec, corpus: TaggedCorpus) -> None:
        self.head, self.codec, self.corpus = head_of(model), codec, corpus
        self.batches: list[Labelled] = list(label(model, codec, codec.encode(corpus.sentences)))
        self.gold = gold_spans(corpus, codec)

    def predicted_spans(self) -> list[list[Span]]:
        """Predicted entities of each sentence."""
        return entities_of_each(self.batches, len(self.gold))

    def predicted_tags(self) -> list[list[str]]:
        """Predicted tags of each sentence, in the training scheme."""
        predicted: list[list[str]] = [[]] * len(self.gold)
        for labelled in self.batches:
            for index, tags in zip(labelled.chosen.tolist(), labelled.tags, strict=True):
                predicted[index] = tags
        return predicted

    def confidences(self, temperature: float | None = None) -> NDArray[np.float64]:
        """(N,) exact probability of each predicted entity, batch by batch."""
        return np.concatenate([confidences(self.head, self.codec, batch, temperature) for batch in self.batches])

    def correct(self) -> NDArray[np.bool_]:
        """(N,) whether each predicted entity is a gold one, batch by batch."""
        return np.array([span in self.gold[index] for index, span in self.listed()], dtype=bool)

    def listed(self) -> list[tuple[int, Span]]:
        """(sentence, entity) in the order of `confidences`."""
        return [
            (index, span)
            for batch in self.batches
            for index, found in zip(batch.chosen.tolist(), batch.entities, strict=True)
            for span in found
        ]

    def calibrate(self) -> None:
        """Set the head's temperature to the one that fits this corpus."""
        self.head.temperature.fill_(fit_temperature(self.confidences, self.correct()))

    def results(self) -> dict[str, Any]:
        """Every figure, as JSON."""
        sentences, codec = self.corpus.sentences, self.codec
        gold_tags = [convert(sentence.tags or (), codec.file_scheme, codec.scheme) for sentence in sentences]
        scores = entities.entity_scores(gold_tags, self.predicted_tags(), self.codec.scheme)
        predicted = self.predicted_spans()
        tokens = [sentence.tokens for sentence in sentences]
        return {
            "source": self.corpus.source,
            "sentences": scores.sentences,
            "tokens": scores.tokens,
            "precision": scores.conlleval.precision,
            "recall": scores.conlleval.recall,
            "f1": scores.conlleval.f1,
            "precision_strict": scores.strict.precision,
            "recall_strict": scores.strict.recall,
            "f1_strict": scores.strict.f1,
            "macro_f1": scores.macro_f1,
            "token_accuracy": scores.token_accuracy,
            "per_type": json_values.as_json(scores.per_type),
            "disagreements": self.disagreements(scores),
            **_object(json_values.as_json(entities.breakdown(self.gold, predicted, tokens, self.codec.entities))),
            "confusion": json_values.as_json(labels.confusion(self.gold, predicted)),
            "calibration": self.calibration(),
        }

    def disagreements(self, scores: entities.EntityScores) -> list[dict[str, Any]]:
        """The first spans that only one of the two readings counts, with their text and line."""
        shown = []
        for case in scores.disagreements[:10]:
            sentence = self.corpus.sentences[case.sentence]
            text = " ".join(sentence.tokens[case.span.start : case.span.end])
            counted = {"line": sentence.line, "side": case.side, "reading": case.reading}
            shown.append({**counted, "type": case.span.type, "text": text})
        return shown

    def calibration(self) -> dict[str, Any]:
        """How far confidences mean what they say: uncalibrated, calibrated, and fitted and measured on halves."""
        correct = self.correct()
        half = np.array([index % 2 == 0 for index, _ in self.listed()], dtype=bool)
        before, after = self.confidences(1.0), self.confidences()
        return {
            "temperature": float(self.head.temperature),
            "before": json_values.as_json(reliability.reliability(before, correct)),
            "after": json_values.as_json(reliability.reliability(after, correct)),
            "ece_cross_fitted": cross_fitted(self.confidences, correct, half)[1],
        }


def gold_spans(corpus: TaggedCorpus, codec: TaggingCodec) -> list[list[Span]]:
    """The annotated entities of each sentence."""
    return [spans(sentence.tags or (), codec.file_scheme) for sentence in corpus.sentences]


def _object(value: json_values.Json) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value
