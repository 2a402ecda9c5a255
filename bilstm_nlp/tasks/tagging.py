"""The tagging task: corpora in, codec and model, scores out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bilstm_nlp import metrics, plots
from bilstm_nlp.config import TaggingConfig
from bilstm_nlp.data.codec import EpochBatches, TaggingCodec, plan
from bilstm_nlp.data.corpus import ColumnFormat, TaggedCorpus, checked, read
from bilstm_nlp.data.embeddings import Pretrained, matrix, read_vectors
from bilstm_nlp.data.vocabulary import WordTable
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.nn.embedder import CharacterCnn, CharacterLstm, TokenEmbedder, WordVectors
from bilstm_nlp.nn.encoder import Encoder
from bilstm_nlp.nn.heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.model import Model
from bilstm_nlp.tags import Legality, Scheme, Span, convert, detect, legal_transitions, spans
from bilstm_nlp.tasks import tagging_report
from bilstm_nlp.tasks.base import Batches, Score, Section
from bilstm_nlp.tasks.calibration import cross_fitted, fit_temperature
from bilstm_nlp.tasks.labelling import Labelled, TaggingModel, confidences, head_of, label

logger = logging.getLogger(__name__)

DEFAULT_DIMENSION = 100
"""Size of a word's vector where neither a file nor the config says."""


@dataclass(frozen=True)
class Corpora:
    """The parts of the data, their tags checked, all in one scheme."""

    train: TaggedCorpus
    dev: TaggedCorpus
    test: TaggedCorpus | None
    scheme: Scheme


class TaggingTask:
    """Named entities, and whatever else a tag a token tells."""

    def __init__(
        self,
        config: TaggingConfig,
        character_reader: Callable[[int], CharacterCnn | CharacterLstm | None],
        head: Callable[[int, Legality], CrfHead | SoftmaxHead],
    ) -> None:
        self.config, self.character_reader, self.head = config, character_reader, head
        data = config.data
        self.format = ColumnFormat(data.token_column, data.tag_column, data.comment, data.encoding)

    # --- data ---

    def load(self) -> Corpora:
        """Read all parts; the tag scheme is detected from the whole training corpus."""
        data = self.config.data
        train = read(data.train, self.format)
        if data.file_scheme == "auto":
            found = detect(sentence.tags or () for sentence in train.sentences)
            logger.info("tag scheme of %s: %s", data.train, found.explanation)
            scheme: Scheme = found.scheme
        else:
            scheme = data.file_scheme
        return Corpora(
            self.checked(train, scheme),
            self.checked(read(data.dev, self.format), scheme),
            self.checked(read(data.test, self.format), scheme) if data.test else None,
            scheme,
        )

    def checked(self, corpus: TaggedCorpus, scheme: Scheme) -> TaggedCorpus:
        """The corpus with legal tags. Raises `DataError` where tags are missing or, unless repaired, illegal."""
        corpus, repairs = checked(corpus, scheme, self.config.data.on_invalid_tags)
        if repairs:
            shown = ", ".join(f"line {repair.line}: {repair.before} → {repair.after}" for repair in repairs[:3])
            logger.warning(
                "%s: %d tags repaired (%s%s)", corpus.source, len(repairs), shown, ", …" * (len(repairs) > 3)
            )
        return corpus

    # --- codec and model ---

    def fit(self, data: Corpora) -> tuple[TaggingCodec, TaggingModel]:
        """Vocabularies from the training corpus joined with the pretrained vectors, and the untrained model."""
        forms = Counter(chain.from_iterable(sentence.tokens for sentence in data.train.sentences))
        pretrained = self.pretrained()
        words = WordTable.build(forms, pretrained, self.config.embeddings.minimum_count)
        if pretrained is not None:
            for name, part in (("train", data.train), ("dev", data.dev)):
                counts = Counter(chain.from_iterable(sentence.tokens for sentence in part.sentences))
                logger.info("word vectors know %s of %s", words.coverage(counts), name)
        initial, frozen = self.initial_vectors(words, pretrained)
        codec = TaggingCodec.fit(
            data.train.sentences, words, frozen, scheme=self.config.data.scheme, file_scheme=data.scheme
        )
        return codec, self.model(codec, torch.from_numpy(initial))

    def pretrained(self) -> Pretrained | None:
        """The vectors file. Raises `ConfigError` where its dimension is not the one asked for."""
        settings = self.config.embeddings
        if settings.file is None:
            return None
        vectors = read_vectors(settings.file)
        found = vectors.vectors.shape[1]
        if settings.dimension not in (None, found):
            problem = f"embeddings.dimension: expected the file's {found}, found {settings.dimension}"
            raise ConfigError(settings.file, [problem])
        return vectors

    def initial_vectors(
        self, words: WordTable, pretrained: Pretrained | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float16]]:
        """(V, D) vectors to train, random where the file has none, and (E, D) frozen ones of its other words."""
        if pretrained is None:
            dimension = self.config.embeddings.dimension or DEFAULT_DIMENSION
            deviation = dimension**-0.5
        else:
            dimension = pretrained.vectors.shape[1]
            deviation = float(pretrained.vectors[:10_000].std())
        # Drawn in torch, whose generator the caller has seeded; as spread out as the vectors they stand among.
        initial = (torch.randn(words.trainable, dimension) * deviation).numpy()
        initial[0] = 0.0
        if pretrained is None:
            return initial, np.empty((0, dimension), np.float16)
        rows, found = words.pretrained_rows(pretrained)
        initial[rows] = pretrained.vectors[found]
        return initial, matrix(pretrained, words.frozen).astype(np.float16)

    def model(self, codec: TaggingCodec, vectors: Tensor) -> TaggingModel:
        """The model over a codec's vocabularies, with (V, D) word vectors to train."""
        settings, encoder = self.config.embeddings, self.config.encoder
        embedder = TokenEmbedder(
            WordVectors(
                vectors,
                torch.from_numpy(codec.frozen),
                fine_tune=settings.fine_tune,
                word_dropout=settings.word_dropout,
            ),
            self.character_reader(len(codec.characters)),
            nn.Embedding(len(codec.shapes), settings.shapes, padding_idx=0) if settings.shapes else None,
        )
        shared = Encoder(
            embedder.outputs,
            encoder.hidden,
            cell=encoder.cell,
            layers=encoder.layers,
            bidirectional=encoder.bidirectional,
            dropout=encoder.dropout,
            locked_dropout=encoder.locked_dropout,
            initial_state=encoder.initial_state,
        )
        return Model(embedder, shared, self.head(shared.outputs, legal_transitions(codec.tags, codec.scheme)))

    def restore(self, codec: dict[str, Any], tensors: dict[str, Tensor]) -> tuple[TaggingCodec, TaggingModel]:
        """The codec of a saved run, and a model whose weights are still to be loaded."""
        restored = TaggingCodec.from_json(codec, tensors)
        return restored, self.model(restored, torch.zeros(restored.words.trainable, restored.frozen.shape[1]))

    def plot(self, model: TaggingModel, codec: TaggingCodec, results: dict[str, Any], folder: Path) -> None:
        """Confusion of the development entities' types, and the transitions that were learnt."""
        confusion = results["dev"]["confusion"]
        plots.confusion(confusion["labels"], np.array(confusion["counts"]), folder / "confusion.png")
        transitions = head_of(model).crf.scores().transitions.detach().cpu().numpy()
        plots.transitions(
            codec.tags, np.where(np.isfinite(transitions), transitions, np.nan), folder / "transitions.png"
        )

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Results for people: a section for each corpus."""
        return tagging_report.sections(parts)

    # --- training ---

    def batches(self, data: Corpora, codec: TaggingCodec) -> Callable[[int], Batches]:
        """Epoch → batches of sentences of like length, drawn anew each epoch from the seed and its number."""
        encoded = codec.encode(data.train.sentences, with_tags=True)

        def of_epoch(epoch: int) -> Batches:
            generator = np.random.default_rng([self.config.seed, epoch])
            return EpochBatches(plan(encoded.lengths, self.config.training.batch_tokens, generator), encoded.collate)

        return of_epoch

    def scorer(self, data: Corpora, codec: TaggingCodec) -> Callable[[nn.Module], Score]:
        """Model → entity F1 on the development corpus."""
        encoded = codec.encode(data.dev.sentences)
        gold = gold_spans(data.dev, codec)

        def score(model: nn.Module) -> Score:
            assert isinstance(model, Model)
            predicted: list[list[Span]] = [[]] * len(gold)
            for labelled in label(model, codec, encoded):
                for index, found in zip(labelled.chosen.tolist(), labelled.entities, strict=True):
                    predicted[index] = found
            result = metrics.micro_f1(gold, predicted)
            figures = {"precision": result.precision, "recall": result.recall, "f1": result.f1}
            return Score("f1", result.f1 or 0.0, True, figures)

        return score

    # --- results ---

    def finish(self, model: TaggingModel, data: Corpora, codec: TaggingCodec) -> dict[str, Any]:
        """Fit the temperature on the development corpus, then score development and, where there is one, test."""
        parts: dict[str, Any] = {}
        dev = Evaluation(model, codec, data.dev)
        dev.calibrate()
        parts["dev"] = dev.results()
        if data.test is not None:
            parts["test"] = Evaluation(model, codec, data.test).results()
        return parts

    def evaluate(self, model: TaggingModel, codec: TaggingCodec, source: str | None) -> dict[str, Any]:
        """Scores on a corpus: by default the config's test corpus, or the development corpus without one."""
        data = self.config.data
        corpus = self.checked(read(source or data.test or data.dev, self.format), codec.file_scheme)
        return Evaluation(model, codec, corpus).results()


class Evaluation:
    """A model's predictions on a corpus with gold tags, held together for all that is asked of them."""

    def __init__(self, model: TaggingModel, codec: TaggingCodec, corpus: TaggedCorpus) -> None:
        self.head, self.codec, self.corpus = head_of(model), codec, corpus
        self.batches: list[Labelled] = list(label(model, codec, codec.encode(corpus.sentences)))
        self.gold = gold_spans(corpus, codec)

    def predicted_spans(self) -> list[list[Span]]:
        """Predicted entities of each sentence."""
        predicted: list[list[Span]] = [[]] * len(self.gold)
        for labelled in self.batches:
            for index, found in zip(labelled.chosen.tolist(), labelled.entities, strict=True):
                predicted[index] = found
        return predicted

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
        scores = metrics.entity_scores(gold_tags, self.predicted_tags(), self.codec.scheme)
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
            "per_type": metrics.as_json(scores.per_type),
            "disagreements": self.disagreements(scores),
            **_object(metrics.as_json(metrics.breakdown(self.gold, predicted, tokens, self.codec.entities))),
            "confusion": metrics.as_json(metrics.confusion(self.gold, predicted)),
            "calibration": self.calibration(),
        }

    def disagreements(self, scores: metrics.EntityScores) -> list[dict[str, Any]]:
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
            "before": metrics.as_json(metrics.reliability(before, correct)),
            "after": metrics.as_json(metrics.reliability(after, correct)),
            "ece_cross_fitted": cross_fitted(self.confidences, correct, half)[1],
        }


def gold_spans(corpus: TaggedCorpus, codec: TaggingCodec) -> list[list[Span]]:
    """The annotated entities of each sentence."""
    return [spans(sentence.tags or (), codec.file_scheme) for sentence in corpus.sentences]


def _object(value: metrics.Json) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value
