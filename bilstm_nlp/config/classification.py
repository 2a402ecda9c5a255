"""The configs of classifiers: one for texts, one for series."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bilstm_nlp.config.corpora import DevShare, files_of
from bilstm_nlp.config.embeddings import WordEmbeddingsConfig
from bilstm_nlp.config.measures import Comparability, Measure, Subject
from bilstm_nlp.config.readers import PatchReaderConfig, StepReaderConfig
from bilstm_nlp.config.sections import (
    AttentionConfig,
    EncoderConfig,
    NoAttention,
    Positive,
    Probability,
    Section,
    Seed,
    TrainingConfig,
)
from bilstm_nlp.config.sequences import SequenceData
from bilstm_nlp.config.text_classes import TextClassData

Pooling = Literal["last", "both-ends", "mean", "max", "attention"]
ClassWeights = Literal["balanced"] | dict[str, Annotated[float, Field(gt=0)]] | None


class PooledConfig(Section):
    """The vector of a sequence that a head reads."""

    pooling: Pooling = "max"
    """The vector of a sequence, from the states of its steps: the last, both ends, the mean, the maximum, or a mean
    weighted by attention."""
    dropout: Probability = 0.5
    """Fraction of the vector's numbers that training drops."""


class OneClassConfig(PooledConfig):
    """A class for each sequence: softmax."""

    kind: Literal["softmax"] = "softmax"
    label_smoothing: Probability = 0.0
    """Probability that the training target gives evenly to all classes."""
    class_weights: ClassWeights = None
    """Weights of sequences in training, by their class, such as `{ spam = 2 }`. Classes without a weight have 1.
    `balanced`: N / (K · n) for a class with n of the N sequences, where there are K classes."""


class SeveralClassesConfig(PooledConfig):
    """Any number of classes for each sequence: a sigmoid for each class."""

    kind: Literal["sigmoid"] = "sigmoid"
    label_smoothing: Probability = 0.0
    """Probability that the training target gives evenly to a class and its absence."""
    class_weights: ClassWeights = None
    """Weights of a class in training, where a sequence has it. Classes without a weight have 1. `balanced`: (N − n) / n
    for a class that n of the N sequences have."""
    threshold: float = Field(0.5, gt=0, lt=1)
    """Least probability of a class that is predicted."""


HeadConfig = OneClassConfig | SeveralClassesConfig


class ClassificationTraining(TrainingConfig):
    """The training loop."""

    batch_size: Positive = 32
    """Sequences in a batch. Sequences of similar length share a batch."""

    @property
    def batch_setting(self) -> str:
        """The setting that makes batches smaller, for messages."""
        return f"training.batch_size (now {self.batch_size})"


class TextClassificationConfig(Section):
    """A classifier of texts: a class for each, such as a topic, a sentiment or an intent."""

    task: Literal["classification"] = "classification"
    """The task."""
    input: Literal["text"] = "text"
    """The sequences that are classified."""
    seed: Seed = 1
    """Seed of the initial weights, dropout and the order of the data."""
    data: TextClassData
    """The texts and their format."""
    embeddings: WordEmbeddingsConfig = WordEmbeddingsConfig.model_construct()
    """The vector of each token at the encoder's input."""
    encoder: EncoderConfig = EncoderConfig.model_construct()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention.model_construct()
    """Attention over the whole sequence, between encoder and head."""
    head: HeadConfig = Field(OneClassConfig.model_construct(), discriminator="kind")
    """The layer that turns states of the encoder into classes."""
    training: ClassificationTraining = ClassificationTraining.model_construct()
    """The training loop."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files and datasets that are read."""
        dev = () if isinstance(self.data.dev, DevShare) else self.data.dev
        parts = (self.data.train, dev, self.data.test or (), self.embeddings.file or ())
        return tuple(source for part in parts for source in files_of(part))

    @property
    def comparability(self) -> Comparability:
        """The rules by which classifiers are compared."""
        return comparability(self.data.dev, self.head, "texts")


class SeriesClassificationConfig(Section):
    """A classifier of series: a class for each, such as a speaker, an emotion or a fault."""

    task: Literal["classification"] = "classification"
    """The task."""
    input: Literal["series"] = "series"
    """The sequences that are classified."""
    seed: Seed = 1
    """Seed of the initial weights, dropout and the order of the data."""
    data: SequenceData
    """The files of sequences and their columns."""
    reader: StepReaderConfig | PatchReaderConfig = Field(StepReaderConfig.model_construct(), discriminator="kind")
    """The time step of the encoder: a step of the series, or a patch of steps. After the last step of a series, its
    last patch repeats this step."""
    encoder: EncoderConfig = EncoderConfig.model_construct()
    """The recurrent layers."""
    attention: AttentionConfig = NoAttention.model_construct()
    """Attention over the whole sequence, between encoder and head."""
    head: HeadConfig = Field(OneClassConfig.model_construct(), discriminator="kind")
    """The layer that turns states of the encoder into classes."""
    training: ClassificationTraining = ClassificationTraining.model_construct()
    """The training loop."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are read."""
        return self.data.sources

    @property
    def comparability(self) -> Comparability:
        """The rules by which classifiers are compared."""
        return comparability(self.data.dev, self.head, "series")


ClassificationConfig = TextClassificationConfig | SeriesClassificationConfig


def comparability(dev: object, head: HeadConfig, units: str) -> Comparability:
    """Return the rules by which classifiers of texts or series are compared: by accuracy, or F1 of several classes."""
    share = dev if isinstance(dev, DevShare) else None
    measure = "accuracy" if isinstance(head, OneClassConfig) else "f1"
    return Comparability(
        measures=[Measure(measure, "dev", higher_is_better=True, scale=100)],
        common=["task", "input", "data.dev", *([] if share is None else ["data.train"])],
        subject=Subject(units, overlapping=False, groups="class"),
        seed="data.dev.seed" if share is not None and share.seed is None else None,
    )
