"""Corpora, codec and model of a tagger, ready to train or to be measured."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of, plan
from bilstm_nlp.data.text.augmentation import swap_entities
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.data.text.lexicon import Entities, Fold, neighbour_folds, with_lexicons_of_others
from bilstm_nlp.data.text.sentence import by_documents
from bilstm_nlp.nn.model import Model
from bilstm_nlp.reports import plots
from bilstm_nlp.tasks.measurement import Measurement, evenly_spaced
from bilstm_nlp.tasks.report_tables import most_frequent
from bilstm_nlp.tasks.tagging.data import Corpora
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder
from bilstm_nlp.tasks.tagging.decoding import decode, read_together
from bilstm_nlp.tasks.tagging.evaluation import Evaluation, gold_spans
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.measurement import measure
from bilstm_nlp.tasks.tagging.model import TaggingModel
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.tagging.predictor import Tagger, recorded
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch

logger = logging.getLogger(__name__)

DRAWN_LABELS, DRAWN_TAGS = 60, 100
"""Labels of the picture of confusions, and tags of that of transitions, at most."""
EXAMPLES, EXAMPLE_SENTENCES, EXAMPLE_TOKENS = 8, 6, 40
"""Inputs that a run carries of its development corpus, sentences of an input, and tokens of a sentence, at most."""


@dataclass(frozen=True)
class PreparedTagging:
    """Corpora, codec and model of a tagger."""

    config: TaggingConfig
    data: Corpora
    codec: TaggingCodec
    model: TaggingModel
    known: Entities = field(default_factory=dict)
    """Entities of the parent's training data."""

    @property
    def network(self) -> TaggingNetwork:
        """The model with its present weights, as a network that decodes."""
        return TorchStepNetwork(self.model)

    def batches(self, epoch: int) -> Batches:
        """Return batches of sentences of like length, drawn from the seed and the epoch's number."""
        return epoch_of(partial(self._pass, epoch), self.config.training.steps_of(epoch))

    def _pass(self, epoch: int, number: int) -> EpochBatches[TrainingBatch]:
        """Return the batches of one pass of an epoch; the first has the number 0."""
        settings, codec = self.config.training, self.codec
        # A 0 at the end changes no seed: the first pass is that of an epoch without `training.steps`.
        generator = np.random.default_rng([self.config.seed, epoch, number])
        if settings.swap_entities:
            # Within a fold: an entity of another fold would be in this fold's lexicon more often than a new one is.
            swapped = [
                fold._replace(
                    sentences=swap_entities(fold.sentences, codec.file_scheme, settings.swap_entities, generator)
                )
                for fold in self._folds
            ]
            encoded = codec.encode_folds(swapped, with_tags=True)
        else:
            encoded = self._encoded
        together = read_together(codec, encoded, generator)
        return EpochBatches(plan(together.lengths, settings.batch_tokens, generator), together.collate)

    @cached_property
    def _folds(self) -> list[Fold]:
        """The training sentences, in folds with the lexicon of all others if the codec has a lexicon."""
        sentences, codec = self.data.train.sentences, self.codec
        if codec.lexicon is None:
            return [Fold(sentences, None)]
        return with_lexicons_of_others(neighbour_folds(sentences), codec.file_scheme, codec.types, self.known)

    @cached_property
    def _encoded(self) -> EncodedSentences:
        """The training sentences without swapped entities, which are the same in every epoch."""
        return self.codec.encode_folds(self._folds, with_tags=True)

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model on the development corpus: by entity F1, or by accuracy of labels."""
        encoded = self.codec.encode(self.data.dev.sentences)
        gold = gold_spans(self.data.dev, self.codec)
        meaning = meaning_of(self.codec)
        if not any(gold):
            logger.warning("%s has no entities to choose an epoch by: the last epoch is kept", self.data.dev.source)

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            return meaning.score(
                gold, [sentence.entities for sentence in decode(TorchStepNetwork(model), self.codec, encoded)]
            )

        return score

    def finish(self) -> dict[str, Any]:
        """Fit the temperature to the development corpus, then score it and the test corpus, if there is one."""
        decoder, meaning = ModelDecoder(self.network, self.codec), meaning_of(self.codec)
        dev = Evaluation(decoder, self.data.dev)
        dev.calibrate()
        results = {"dev": meaning.results(dev).as_json()}
        if self.data.test is not None:
            results["test"] = meaning.results(Evaluation(decoder, self.data.test)).as_json()
        if self.codec.agreement.matters:
            results["dev"]["plain_text"] = f"Of {self.data.train.source}, {self.codec.agreement}"
        return results

    def predictor(self) -> Tagger:
        """Return the tagger, with the model's present weights."""
        return Tagger(self.network, self.codec, column_format(self.config))

    def examples(self) -> list[Any]:
        """Return inputs as [sentence][token], or as lists of objects if the tagger reads columns.

        An input is a sentence, or the beginning of a document if the model reads documents.
        """
        sentences = self.data.dev.sentences
        units = by_documents(sentences) if self.codec.reads_documents else [[sentence] for sentence in sentences]
        chosen = [units[index] for index in evenly_spaced(len(units), EXAMPLES).tolist()]
        return [[recorded(sentence, EXAMPLE_TOKENS) for sentence in unit[:EXAMPLE_SENTENCES]] for unit in chosen]

    def measure(self) -> Measurement:
        """Measure the tagger on each sentence of the development corpus."""
        return measure(self.network, self.codec, self.data.dev)

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw the confusion of the development entities' types or labels, and the learnt transitions."""
        words = meaning_of(self.codec).words
        names, counts = most_frequent(results["dev"]["confusion"], DRAWN_LABELS)
        plots.confusion(names, counts, folder / "confusion.png", words.kind, outside=words.outside)
        transitions = self.network.chain.transitions[:DRAWN_TAGS, :DRAWN_TAGS]
        plots.transitions(
            self.codec.tags[:DRAWN_TAGS],
            np.where(np.isfinite(transitions), transitions, np.nan),
            folder / "transitions.png",
        )
