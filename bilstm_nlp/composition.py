"""From a config to the task, model and trainer that it describes: the only place that asks which kind a config means.

Every `match` ends in `assert_never`, so the type checker proves that no kind was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from typing_extensions import assert_never

from bilstm_nlp import training
from bilstm_nlp.config import Config, parse
from bilstm_nlp.config.forecasting import (
    ForecastingConfig,
    HuberConfig,
    MaeConfig,
    MseConfig,
    PatchReaderConfig,
    QuantileConfig,
    StepReaderConfig,
)
from bilstm_nlp.config.reading import apply
from bilstm_nlp.config.sections import (
    AdamConfig,
    AdamWConfig,
    AdditiveAttentionConfig,
    AttentionConfig,
    ConstantSchedule,
    CosineSchedule,
    EncoderConfig,
    InverseTimeSchedule,
    LinearSchedule,
    MultiHeadAttentionConfig,
    NoAttention,
    PlateauSchedule,
    SgdConfig,
    TrainingConfig,
)
from bilstm_nlp.config.tagging import (
    CharacterCnnConfig,
    CharacterLstmConfig,
    CrfHeadConfig,
    NoCharacters,
    SoftmaxHeadConfig,
    TaggingConfig,
)
from bilstm_nlp.data.series_codec import SeriesCodec
from bilstm_nlp.inference.forecaster import Forecaster
from bilstm_nlp.inference.tagger import Tagger
from bilstm_nlp.nn.attention import AdditiveAttention, MultiHeadAttention
from bilstm_nlp.nn.crf import LinearChainCrf
from bilstm_nlp.nn.embedder import CharacterCnn, CharacterLstm
from bilstm_nlp.nn.encoder import Encoder
from bilstm_nlp.nn.heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.model import Attention
from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling
from bilstm_nlp.nn.regression import (
    AbsoluteError,
    HuberError,
    Objective,
    PinballError,
    RegressionHead,
    SquaredError,
)
from bilstm_nlp.nn.series import Channels, IndependentChannels, JointChannels, PatchReader, SeriesEmbedder, StepReader
from bilstm_nlp.tags import Legality
from bilstm_nlp.tasks.base import Task
from bilstm_nlp.tasks.forecasting import ForecastingTask
from bilstm_nlp.tasks.tagging import TaggingTask
from bilstm_nlp.training import Schedule, Settings


def build(config: Config) -> Task[Any, Any, Any]:
    """The task that a config describes, with the makers of its parts."""
    match config:
        case TaggingConfig():
            return tagging(config)
        case ForecastingConfig():
            return forecasting(config)
        case _:
            assert_never(config)


def predictor(config: Config, model: Any, codec: Any) -> Tagger | Forecaster:
    """A trained model of this config, ready to predict."""
    match config:
        case TaggingConfig():
            return Tagger(model, codec, tagging(config).format)
        case ForecastingConfig():
            return Forecaster(model, codec, forecasting(config).format, config.interval)
        case _:
            assert_never(config)


def tagging(config: TaggingConfig) -> TaggingTask:
    """The tagging task."""
    shared = encoder(config.encoder, config.encoder.dropout)
    return TaggingTask(config, character_reader(config), shared, attention(config.attention), tagging_head(config))


def forecasting(config: ForecastingConfig) -> ForecastingTask:
    """The forecasting task."""
    shared = encoder(config.encoder, series_dropout(config))
    block = attention(config.attention)
    return ForecastingTask(config, series_embedder(config), shared, block, regression_head(config))


def config_of_file(path: str, overrides: Sequence[str]) -> Config:
    """A config that reads a file of data with defaults and overrides: series from .csv, else a corpus.

    Raises `ConfigError`. `task=forecasting` among the overrides says that another file holds series.
    """
    values: dict[str, Any] = {}
    problems = [problem for override in overrides if (problem := apply(values, override))]
    task = values.setdefault("task", "forecasting" if path.removesuffix(".gz").endswith(".csv") else "tagging")
    data = values.setdefault("data", {})
    if isinstance(data, dict):
        data |= {"file": path} if task == "forecasting" else {"train": path, "dev": path}
    return parse(values, path, problems)


def encoder(config: EncoderConfig, input_dropout: float) -> Callable[[int], Encoder]:
    """Number of inputs → the shared encoder."""
    return lambda inputs: Encoder(
        inputs,
        config.hidden,
        cell=config.cell,
        layers=config.layers,
        bidirectional=config.bidirectional,
        dropout=config.dropout,
        input_dropout=input_dropout,
        locked_dropout=config.locked_dropout,
        initial_state=config.initial_state,
    )


def attention(config: AttentionConfig) -> Callable[[int], Attention | None]:
    """Size of the encoder's states → what comes after it."""
    match config:
        case NoAttention():
            return lambda inputs: None
        case AdditiveAttentionConfig(size=size):
            return lambda inputs: AdditiveAttention(inputs, size)
        case MultiHeadAttentionConfig(heads=heads, dropout=dropout):
            return lambda inputs: MultiHeadAttention(inputs, heads, dropout)
        case _:
            assert_never(config)


def character_reader(config: TaggingConfig) -> Callable[[int], CharacterCnn | CharacterLstm | None]:
    """Number of characters → what reads a word's spelling."""
    match config.embeddings.characters:
        case CharacterCnnConfig(embedding=embedding, filters=filters, width=width):
            return lambda characters: CharacterCnn(characters, embedding, filters, width=width)
        case CharacterLstmConfig(embedding=embedding, hidden=hidden):
            return lambda characters: CharacterLstm(characters, embedding, hidden)
        case NoCharacters():
            return lambda characters: None
        case unknown:
            assert_never(unknown)


def tagging_head(config: TaggingConfig) -> Callable[[int, Legality], CrfHead | SoftmaxHead]:
    """(inputs, legality of the scheme's sequences) → head."""
    match config.head:
        case CrfHeadConfig(constrained=constrained, constrain_training=constrain_training):
            return lambda inputs, legality: CrfHead(
                inputs, chain(legality, constrained=constrained, constrain_training=constrain_training)
            )
        case SoftmaxHeadConfig(constrained=constrained):
            return lambda inputs, legality: SoftmaxHead(
                inputs, chain(legality, constrained=constrained, constrain_training=False)
            )
        case unknown:
            assert_never(unknown)


def chain(legality: Legality, *, constrained: bool, constrain_training: bool) -> LinearChainCrf:
    """A linear chain over a scheme's tags; unconstrained, every sequence is allowed."""
    if not constrained:
        return LinearChainCrf(len(legality.start))
    return LinearChainCrf(
        len(legality.start),
        legal_start=torch.from_numpy(legality.start),
        legal_end=torch.from_numpy(legality.end),
        legal_transitions=torch.from_numpy(legality.transitions),
        constrain_training=constrain_training,
    )


def series_embedder(config: ForecastingConfig) -> Callable[[SeriesCodec], SeriesEmbedder]:
    """Codec → what reads a window."""

    def embedder(codec: SeriesCodec) -> SeriesEmbedder:
        columns = channels(config, codec)
        match config.input.reader:
            case StepReaderConfig():
                return SeriesEmbedder(columns, StepReader(columns.features))
            case PatchReaderConfig(length=length, stride=stride, size=size):
                return SeriesEmbedder(columns, PatchReader(columns.features, length, stride, size))
            case unknown:
                assert_never(unknown)

    return embedder


def series_dropout(config: ForecastingConfig) -> float:
    """Dropout at the encoder's input: a patch is many features, a step's values are all there is of it."""
    match config.input.reader:
        case StepReaderConfig():
            return 0.0
        case PatchReaderConfig():
            return config.encoder.dropout
        case unknown:
            assert_never(unknown)


def channels(config: ForecastingConfig, codec: SeriesCodec) -> Channels:
    """How columns become sequences."""
    match config.input.channels:
        case "joint":
            return JointChannels(codec.inputs, len(codec.columns.targets))
        case "independent":
            return IndependentChannels(codec.inputs, len(codec.columns.targets))
        case unknown:
            assert_never(unknown)


def regression_head(config: ForecastingConfig) -> Callable[[SeriesCodec, SeriesEmbedder, Encoder], RegressionHead]:
    """(codec, embedder, encoder) → head."""
    return lambda codec, embedder, encoder: RegressionHead(
        pooling(config, encoder),
        encoder.outputs,
        codec.horizon,
        embedder.channels,
        objective(config),
        known=codec.known,
        hidden=config.head.hidden,
    )


def pooling(config: ForecastingConfig, encoder: Encoder) -> nn.Module:
    """What makes one vector of the states of all steps."""
    match config.head.pooling:
        case "last":
            return LastPooling()
        case "both-ends":
            return BothEndsPooling(config.encoder.hidden)
        case "mean":
            return MeanPooling()
        case "attention":
            return AttentionPooling(encoder.outputs)
        case unknown:
            assert_never(unknown)


def objective(config: ForecastingConfig) -> Objective:
    """What training makes small."""
    match config.head.objective:
        case MseConfig():
            return SquaredError()
        case MaeConfig():
            return AbsoluteError()
        case HuberConfig(delta=delta):
            return HuberError(delta)
        case QuantileConfig(levels=levels):
            return PinballError(levels)
        case unknown:
            assert_never(unknown)


def optimizer_maker(config: TrainingConfig) -> Callable[[nn.Module], Optimizer]:
    """Model → optimizer."""
    match config.optimizer:
        case AdamWConfig(learning_rate=rate, betas=betas, weight_decay=decay):
            return lambda model: AdamW(training.parameter_groups(model, decay), lr=rate, betas=betas, fused=True)
        case AdamConfig(learning_rate=rate, betas=betas):
            return lambda model: Adam(training.parameter_groups(model, 0.0), lr=rate, betas=betas, fused=True)
        case SgdConfig(learning_rate=rate, momentum=momentum, weight_decay=decay):
            return lambda model: SGD(training.parameter_groups(model, decay), lr=rate, momentum=momentum)
        case unknown:
            assert_never(unknown)


def schedule(config: TrainingConfig) -> Schedule:
    """How the learning rate moves."""
    match config.schedule:
        case ConstantSchedule(warmup=warmup):
            return training.constant(warmup)
        case LinearSchedule(warmup=warmup):
            return training.linear(warmup, config.epochs)
        case CosineSchedule(warmup=warmup):
            return training.cosine(warmup, config.epochs)
        case InverseTimeSchedule(decay=decay):
            return training.inverse_time(decay)
        case PlateauSchedule(factor=factor, patience=patience):
            return training.plateau(factor, patience)
        case unknown:
            assert_never(unknown)


def settings(config: Config) -> Settings:
    """The trainer's settings."""
    return Settings(
        epochs=config.training.epochs,
        optimizer=optimizer_maker(config.training),
        schedule=schedule(config.training),
        seed=config.seed,
        clip=config.training.clip or None,
        patience=config.training.patience,
        average=config.training.average,
        device=config.training.device,
    )
