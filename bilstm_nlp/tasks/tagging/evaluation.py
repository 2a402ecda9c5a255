"""A tagger's figures on one corpus."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import TaggedCorpus
from bilstm_nlp.metrics.entities import EntityScores, breakdown, entity_scores
from bilstm_nlp.metrics.labels import PRF, Confusion, confusion
from bilstm_nlp.metrics.reliability import Reliability, reliability
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tags import Span, convert, spans
from bilstm_nlp.tasks.tagging.decoder import Decoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import Decoded, DecodedBatch
from bilstm_nlp.tasks.temperature import cross_fitted, fit_temperature

DISAGREEMENTS_SHOWN = 10
"""Spans listed in the results that only one of the two readings counts."""


@dataclass(frozen=True)
class ReadingDisagreement:
    """A span that only one of the two readings of broken tag sequences counts."""

    line: int
    """Where its sentence begins."""
    side: Literal["gold", "predicted"]
    reading: Literal["conlleval", "strict"]
    type: str
    text: str


@dataclass(frozen=True)
class Calibration:
    """Confidences of predicted entities against how often they are right."""

    temperature: float
    before: Reliability
    """At a temperature of 1."""
    after: Reliability
    """At the calibrated temperature."""
    ece_cross_fitted: float | None
    """Calibration error with a temperature fitted to one half of the sentences and measured on the other half."""


@dataclass(frozen=True)
class TaggingResults:
    """All figures of a tagger on a corpus. The fields are the keys of metrics.json, in their order."""

    source: str
    sentences: int
    tokens: int
    precision: float | None
    """As the CoNLL scoring script reads broken tag sequences; so are recall, F1 and the groups."""
    recall: float | None
    f1: float | None
    precision_strict: float | None
    """With the entities that keep to the scheme only."""
    recall_strict: float | None
    f1_strict: float | None
    macro_f1: float | None
    token_accuracy: float | None
    per_type: dict[str, PRF]
    disagreements: list[ReadingDisagreement]
    by_novelty: dict[str, PRF]
    by_length: dict[str, PRF]
    confusion: Confusion
    calibration: Calibration

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON values; what is undefined is None."""
        return {field.name: as_json(getattr(self, field.name)) for field in fields(self)}


class Evaluation:
    """A decoder's predictions on a corpus with gold tags, kept for everything that is asked about them."""

    def __init__(self, decoder: Decoder, corpus: TaggedCorpus) -> None:
        self.decoder, self.codec, self.corpus = decoder, decoder.codec, corpus
        self.batches: list[DecodedBatch] = list(decoder.batches(corpus.sentences))
        self._confidences = decoder.confidences(self.batches)
        self.gold = gold_spans(corpus, self.codec)
        decoded = decode_all(self.batches, lambda batch: map(Decoded, batch.tags, batch.entities))
        self.predicted = [sentence.entities for sentence in decoded]
        """The predicted entities of each sentence, in the corpus's order."""
        self.predicted_tags = [sentence.tags for sentence in decoded]
        """The predicted tags of each sentence, in the training scheme and the corpus's order."""

    def calibrate(self) -> None:
        """Set the temperature to the value that fits this corpus best."""
        self.decoder.set_temperature(fit_temperature(self.confidences, self._correct()))

    def confidences(self, temperature: float | None = None) -> NDArray[np.float64]:
        """Return the (N,) probabilities of all predicted entities, batch by batch.

        The order is that of decoding, not of the corpus: another order of the sums that are made of them would change
        the last bits of saved temperatures and calibration errors.
        """
        return self._confidences(self.decoder.temperature if temperature is None else temperature)

    def results(self) -> TaggingResults:
        """Compute every figure."""
        corpus, codec = self.corpus, self.codec
        gold_tags = [convert(sentence.tags or (), codec.file_scheme, codec.scheme) for sentence in corpus.sentences]
        scores = entity_scores(gold_tags, self.predicted_tags, codec.scheme)
        tokens = [sentence.tokens for sentence in corpus.sentences]
        groups = breakdown(self.gold, self.predicted, tokens, codec.entities)
        return TaggingResults(
            source=corpus.source,
            sentences=scores.sentences,
            tokens=scores.tokens,
            precision=scores.conlleval.precision,
            recall=scores.conlleval.recall,
            f1=scores.conlleval.f1,
            precision_strict=scores.strict.precision,
            recall_strict=scores.strict.recall,
            f1_strict=scores.strict.f1,
            macro_f1=scores.macro_f1,
            token_accuracy=scores.token_accuracy,
            per_type=scores.per_type,
            disagreements=self._reading_disagreements(scores),
            by_novelty=groups.by_novelty,
            by_length=groups.by_length,
            confusion=confusion(self.gold, self.predicted),
            calibration=self._calibration(),
        )

    def _reading_disagreements(self, scores: EntityScores) -> list[ReadingDisagreement]:
        """Return the first spans that only one of the two readings counts."""
        shown = []
        for case in scores.disagreements[:DISAGREEMENTS_SHOWN]:
            sentence = self.corpus.sentences[case.sentence]
            text = " ".join(sentence.tokens[case.span.start : case.span.end])
            shown.append(ReadingDisagreement(sentence.line, case.side, case.reading, case.span.type, text))
        return shown

    def _calibration(self) -> Calibration:
        correct = self._correct()
        half = np.array([sentence % 2 == 0 for sentence, _ in self._in_order_of_confidences()], dtype=bool)
        return Calibration(
            temperature=self.decoder.temperature,
            before=reliability(self.confidences(1.0), correct),
            after=reliability(self.confidences(), correct),
            ece_cross_fitted=cross_fitted(self.confidences, correct, half)[1],
        )

    def _correct(self) -> NDArray[np.bool_]:
        """Return (N,) bool, in the order of `confidences`: True if a predicted entity is a gold entity."""
        return np.array([span in self.gold[sentence] for sentence, span in self._in_order_of_confidences()], dtype=bool)

    def _in_order_of_confidences(self) -> list[tuple[int, Span]]:
        """Return (index of the sentence, predicted entity) in the order of `confidences`."""
        return [
            (sentence, span)
            for batch in self.batches
            for sentence, entities in zip(batch.sentences.tolist(), batch.entities, strict=True)
            for span in entities
        ]


def gold_spans(corpus: TaggedCorpus, codec: TaggingCodec) -> list[list[Span]]:
    """Return the annotated entities of each sentence."""
    return [spans(sentence.tags or (), codec.file_scheme) for sentence in corpus.sentences]
