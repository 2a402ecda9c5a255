"""The tagging task: corpora in, codec and model, scores out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, assert_never

import numpy as np
import torch
from torch import nn

from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.config.tagging import DocumentContext, NoContext, TaggingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of, plan
from bilstm_nlp.data.text.augmentation import swap_entities
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.lexicon import Entities, Fold, neighbour_folds, with_lexicons_of_others
from bilstm_nlp.data.text.sentence import Sentence, by_documents
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.nn.model import Model
from bilstm_nlp.reports import plots
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tags import training_scheme
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.initial_vectors import initial_vectors
from bilstm_nlp.tasks.measurement import Measurement, evenly_spaced
from bilstm_nlp.tasks.report_tables import most_frequent
from bilstm_nlp.tasks.request import ErrorsPage
from bilstm_nlp.tasks.tagging import errors_page, report
from bilstm_nlp.tasks.tagging.class_weights import class_weights
from bilstm_nlp.tasks.tagging.data import Corpora, CorpusLoader, Files
from bilstm_nlp.tasks.tagging.decoder import Decoder, ModelDecoder
from bilstm_nlp.tasks.tagging.decoding import TaggingModel, decode, head_of, read_together
from bilstm_nlp.tasks.tagging.errors import wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation, gold_spans
from bilstm_nlp.tasks.tagging.feature_figures import FeatureInspection, say_differences, say_unknown_values
from bilstm_nlp.tasks.tagging.inheritance import child_of
from bilstm_nlp.tasks.tagging.inspection import CorpusInspection, inspect_corpora, tokenizer_complaints
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.measurement import measure
from bilstm_nlp.tasks.tagging.model import column_format, gazetteers_of, gazetteers_reader, model
from bilstm_nlp.tasks.tagging.predictor import Tagger, recorded
from bilstm_nlp.tasks.vectors import pretrained_vectors
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch

logger = logging.getLogger(__name__)

DRAWN_LABELS, DRAWN_TAGS = 60, 100
"""Labels of the picture of confusions, and tags of that of transitions, at most."""
EXAMPLES, EXAMPLE_SENTENCES, EXAMPLE_TOKENS = 8, 6, 40
"""Inputs that a run carries of its development corpus, sentences of an input, and tokens of a sentence, at most."""


class TaggingTask:
    """The tagging task: one tag for each token."""

    def __init__(self, config: TaggingConfig) -> None:
        self.config = config
        self.format = column_format(config)
        self.loader = CorpusLoader(config.data, self.format, config.seed)

    def prepare(self, trained: Predictor | None = None) -> PreparedTagging:
        """Read the corpora, seed, build the vocabularies and make the model; or take those of a trained tagger."""
        if trained is not None:
            assert isinstance(trained, Tagger)
            return PreparedTagging(self.config, self.loader.load(trained.codec.cut), trained.codec, trained.model)
        data = self.loader.load()
        torch.manual_seed(self.config.seed)
        return PreparedTagging(self.config, data, *self._fit(data))

    def prepare_from(self, parent: Predictor) -> PreparedTagging:
        """Read the corpora, seed, extend the vocabularies of a trained tagger, and make a model with its weights."""
        assert isinstance(parent, Tagger)
        data = self.loader.load(parent.codec.cut)
        torch.manual_seed(self.config.seed)
        codec, child = child_of(parent, self.config, data)
        _say_doubts(codec, data)
        return PreparedTagging(self.config, data, codec, child, parent.codec.entities)

    def _fit(self, data: Corpora) -> tuple[TaggingCodec, TaggingModel]:
        """Build vocabularies of the training corpus and the pretrained vectors, and make the untrained model."""
        config = self.config
        pretrained = pretrained_vectors(config.embeddings)
        with allocating("building the vocabulary", "number of words in the training data or in embeddings.file"):
            words = WordTable.build(_forms(data.train.sentences), pretrained, config.embeddings.minimum_count)
            if pretrained is not None:
                for name, part in (("train", data.train), ("dev", data.dev)):
                    logger.info("word vectors know %s of %s", words.coverage(_forms(part.sentences)), name)
            initial, frozen = initial_vectors(config.embeddings, words, pretrained)
            codec = TaggingCodec.fit(
                data.train.sentences,
                words,
                frozen,
                scheme=training_scheme(data.scheme, config.data.scheme),
                file_scheme=data.scheme,
                with_pairs=config.embeddings.bigrams > 0,
                with_lexicon=config.embeddings.lexicon,
                with_usage=config.embeddings.usage,
                context=_context_tokens(config.context),
                columns=self.format.features,
                gazetteers=gazetteers_of(config.embeddings, data.cut),
                cut=data.cut,
            )
        _say_doubts(codec, data)
        weights = class_weights(config.head, codec, data.train.sentences)
        with allocating("making the model", "size of the encoder or of embeddings"):
            return codec, model(config, codec, torch.from_numpy(initial), weights)

    def inspect(self, source: str | None = None) -> CorpusInspection:
        """Describe the config's corpora, or another corpus that is read in the same way."""
        data = self.config.data
        parts: dict[str, Files | DevShare] = {"train": data.train, "dev": data.dev}
        parts |= {} if data.test is None else {"test": data.test}
        read = gazetteers_reader(self.config.embeddings, self.loader.cut_of)
        inspection = inspect_corpora(
            parts if source is None else {"corpus": source},
            self.loader.read_part,
            file_scheme=data.file_scheme,
            on_invalid=data.on_invalid_tags,
            vectors=lambda: pretrained_vectors(self.config.embeddings),
            features=FeatureInspection(self.format.features, read),
        )
        inspection.complaints += tokenizer_complaints(self.format.cut)
        return inspection

    def evaluate(self, trained: Predictor, source: str | None, errors: ErrorsPage | None = None) -> dict[str, Any]:
        """Score a tagger on a corpus, by default on the test corpus, or on the development corpus without one.

        If `errors` is given, every wrong entity is written to that page.
        """
        assert isinstance(trained, Tagger)
        return self.scores(trained.decoder, source, errors)

    def scores(self, decoder: Decoder, source: str | None, errors: ErrorsPage | None) -> dict[str, Any]:
        """Score a decoder, of one tagger or of several, as `evaluate` scores a tagger."""
        data = self.config.data
        corpus = self.corpus(source or data.test or data.dev, decoder.codec)
        say_differences(decoder.codec, corpus, self.format)
        evaluation = Evaluation(decoder, corpus)
        meaning = meaning_of(decoder.codec)
        results = meaning.results(evaluation)
        if errors is not None:
            name, gold = evaluation.corpus.source, sum(map(len, evaluation.gold))
            words, wrong = meaning.words, wrong_entities(evaluation)
            facts = errors_page.facts(results.headline, gold, len(evaluation.corpus.sentences), words)
            errors_page.write(errors.path, name, wrong, words=words, facts=facts, runs=errors.runs)
        return results.as_json()

    def corpus(self, source: Files | DevShare, codec: TaggingCodec) -> TaggedCorpus:
        """Read a corpus for a trained tagger's codec. Raises `DataError` for malformed data."""
        return self.loader.read_in_scheme_of_training(source, codec.file_scheme, codec.cut)

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each corpus into a section."""
        return report.sections(parts)


@dataclass(frozen=True)
class PreparedTagging:
    """Corpora, codec and model of a tagger."""

    config: TaggingConfig
    data: Corpora
    codec: TaggingCodec
    model: TaggingModel
    known: Entities = field(default_factory=dict)
    """Entities of the parent's training data."""

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
            return meaning.score(gold, [sentence.entities for sentence in decode(model, self.codec, encoded)])

        return score

    def finish(self) -> dict[str, Any]:
        """Fit the temperature to the development corpus, then score it and the test corpus, if there is one."""
        decoder, meaning = ModelDecoder(self.model, self.codec), meaning_of(self.codec)
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
        return Tagger(self.model, self.codec, column_format(self.config))

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
        return measure(self.model, self.codec, self.data.dev)

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw the confusion of the development entities' types or labels, and the learnt transitions."""
        words = meaning_of(self.codec).words
        names, counts = most_frequent(results["dev"]["confusion"], DRAWN_LABELS)
        plots.confusion(names, counts, folder / "confusion.png", words.kind, outside=words.outside)
        transitions = head_of(self.model).crf.scores().transitions.detach().cpu().numpy()[:DRAWN_TAGS, :DRAWN_TAGS]
        plots.transitions(
            self.codec.tags[:DRAWN_TAGS],
            np.where(np.isfinite(transitions), transitions, np.nan),
            folder / "transitions.png",
        )


def _say_doubts(codec: TaggingCodec, data: Corpora) -> None:
    """Log values that are unknown to the training data, and training tokens that text would be cut into otherwise."""
    for corpus in (data.dev, data.test):
        say_unknown_values(codec, corpus)
    if codec.agreement.matters:
        logger.warning("of %s, %s", data.train.source, codec.agreement)


def _forms(sentences: Sequence[Sentence]) -> Counter[str]:
    """Count the word forms."""
    return Counter(chain.from_iterable(sentence.tokens for sentence in sentences))


def _context_tokens(config: DocumentContext | NoContext) -> int:
    """Return the tokens of a window of sentences that are read together; 0 if each sentence is read alone."""
    match config:
        case NoContext():
            return 0
        case DocumentContext(tokens=tokens):
            return tokens
        case unknown:
            assert_never(unknown)
