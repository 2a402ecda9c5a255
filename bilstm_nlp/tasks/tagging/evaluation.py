"""A decoder's predictions on one corpus, and the confidences of these predictions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.metrics.reliability import reliability, scores_at
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging.decoder import Decoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import Decoded, DecodedBatch
from bilstm_nlp.tasks.tagging.results import EntityCalibration
from bilstm_nlp.tasks.temperature import Confidences, cross_fitted, fit_temperature, interpolated

MANY_TAGS = 40
"""Tags from which on a temperature is fitted to a sample, as exact probabilities take as long as the tags squared."""
SAMPLED_FROM, SAMPLED_EVERY = 5000, 4
"""Predictions from which on every so many batches are sampled. Batches are sorted by length, and all lengths occur."""


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
        chosen = self._fitted
        self.decoder.set_temperature(fit_temperature(chosen.confidences, self._correct(chosen.batches)))

    def confidences(self, temperature: float | None = None) -> NDArray[np.float64]:
        """Return the (N,) probabilities of all predicted entities, batch by batch.

        The order is that of decoding, not of the corpus: another order of the sums that are made of them would change
        the last bits of saved temperatures and calibration errors.
        """
        return self._confidences(self.decoder.temperature if temperature is None else temperature)

    def calibration(self) -> EntityCalibration:
        """Compare the confidences with how often they are right, before and after calibration."""
        correct, chosen = self._correct(self.batches), self._fitted
        confidences = self.confidences()
        half = np.array([sentence % 2 == 0 for sentence, _ in _predictions(chosen.batches)], dtype=bool)
        return EntityCalibration(
            temperature=self.decoder.temperature,
            before=reliability(self.confidences(1.0), correct),
            after=reliability(confidences, correct),
            ece_cross_fitted=cross_fitted(chosen.confidences, self._correct(chosen.batches), half)[1],
            thresholds=scores_at(confidences, correct, sum(map(len, self.gold))),
        )

    @cached_property
    def _fitted(self) -> _Fitted:
        """The predictions that temperatures are fitted to: all, or a sample of them if there are many tags."""
        batches = self.batches
        if len(self.codec.tags) < MANY_TAGS:
            return _Fitted(batches, cache(self._confidences))
        if sum(len(entities) for batch in batches for entities in batch.entities) >= SAMPLED_FROM:
            batches = batches[SAMPLED_EVERY // 2 :: SAMPLED_EVERY]
        return _Fitted(batches, interpolated(self.decoder.confidences(batches)))

    def _correct(self, batches: Sequence[DecodedBatch]) -> NDArray[np.bool_]:
        """Return (N,) bool for the predictions of batches: True if a predicted entity is a gold entity."""
        return np.array([span in self._gold[sentence] for sentence, span in _predictions(batches)], dtype=bool)

    @cached_property
    def _gold(self) -> list[set[Span]]:
        return [set(spans) for spans in self.gold]


class _Fitted(NamedTuple):
    """The predictions that temperatures are fitted to."""

    batches: Sequence[DecodedBatch]
    confidences: Confidences


def _predictions(batches: Sequence[DecodedBatch]) -> list[tuple[int, Span]]:
    """Return (index of the sentence, predicted entity) of batches, in the order of their confidences."""
    return [
        (sentence, span)
        for batch in batches
        for sentence, entities in zip(batch.sentences.tolist(), batch.entities, strict=True)
        for span in entities
    ]


def gold_spans(corpus: TaggedCorpus, codec: TaggingCodec) -> list[list[Span]]:
    """Return the annotated entities of each sentence."""
    return [spans(sentence.tags or (), codec.file_scheme) for sentence in corpus.sentences]
