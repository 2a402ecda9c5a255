"""A decoder's predictions on one corpus, and the confidences of these predictions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import TaggedCorpus
from bilstm_nlp.metrics.reliability import reliability
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging.decoder import Decoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import Decoded, DecodedBatch
from bilstm_nlp.tasks.tagging.results import Calibration
from bilstm_nlp.tasks.temperature import cross_fitted, fit_temperature


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

    def calibration(self) -> Calibration:
        """Compare the confidences with how often they are right, before and after calibration."""
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
        gold = [set(spans) for spans in self.gold]
        return np.array([span in gold[sentence] for sentence, span in self._in_order_of_confidences()], dtype=bool)

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
