"""Models and forecasters from a config and a codec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from numpy.typing import NDArray
from torch import nn

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.readers import PatchReaderConfig, StepReaderConfig
from bilstm_nlp.config.regression import (
    HuberConfig,
    LinearBypassConfig,
    MaeConfig,
    MseConfig,
    NoBypass,
    QuantileConfig,
)
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.nn.categories import AheadReader, CategoryEmbedding, FactEmbedding
from bilstm_nlp.nn.channels import Channels, IndependentChannels, JointChannels
from bilstm_nlp.nn.encoder import Encoder
from bilstm_nlp.nn.horizon import DirectDecoder, LinearBypass
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling
from bilstm_nlp.nn.regression_head import (
    AbsoluteError,
    HuberError,
    Objective,
    PinballError,
    RegressionHead,
    SquaredError,
)
from bilstm_nlp.nn.series_embedder import PatchReader, SeriesEmbedder, StepReader
from bilstm_nlp.tasks.base import Restored
from bilstm_nlp.tasks.forecasting.saved import SavedForecaster
from bilstm_nlp.tasks.forecasting.torch_network import ForecastingModel, TorchNetwork
from bilstm_nlp.tasks.layers import attention, encoder


def restored(
    config: ForecastingConfig, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]], results: Mapping[str, Any]
) -> Restored:
    """Make the forecaster of a saved run, before its weights are loaded. `results` is the content of metrics.json.

    Raises `RunError` if codec.json is damaged or does not fit the config.
    """
    saved = SavedForecaster.of(config, codec, arrays, results)
    untrained = model(config, saved.codec)
    return Restored(saved.around(TorchNetwork(untrained)), untrained)


def model(config: ForecastingConfig, codec: SeriesCodec) -> ForecastingModel:
    """Make the untrained model for a codec's columns.

    The order in which layers are made is that of the random draws of their weights.
    """
    embedder = _series_embedder(config, codec)
    shared = encoder(config.encoder, embedder.outputs, input_dropout=_input_dropout(config), output_dropout=0.0)
    block = attention(config.attention, shared.outputs)
    return Model(embedder, shared, block, _head(config, codec, embedder, shared))


def _series_embedder(config: ForecastingConfig, codec: SeriesCodec) -> SeriesEmbedder:
    """Make the layer that reads a window."""
    categories = CategoryEmbedding(codec.known_labels) if codec.known_labels else None
    columns = _channels(config, codec, codec.inputs + (0 if categories is None else categories.outputs))
    facts = _facts(codec, columns)
    match config.input.reader:
        case StepReaderConfig():
            return SeriesEmbedder(columns, StepReader(columns.features), facts, categories)
        case PatchReaderConfig(length=length, stride=stride, size=size):
            reader = PatchReader(columns.features, length, stride, size)
            return SeriesEmbedder(columns, reader, facts, categories)
        case unknown:
            assert_never(unknown)


def _facts(codec: SeriesCodec, columns: Channels) -> FactEmbedding | None:
    """Make the layer of the facts of a window; `None` if there are none."""
    if codec.facts == 0 and not codec.static_labels:
        return None
    return FactEmbedding(columns, codec.facts, codec.static_labels)


def _ahead(codec: SeriesCodec, columns: Channels, numbers: int) -> AheadReader | None:
    """Make the layer that reads the columns known ahead; `None` if they are numbers, and the series have no facts."""
    meets_facts = codec.static is not None and codec.known + len(codec.known_labels) > 0
    if not codec.known_labels and not meets_facts:
        return None
    facts = _facts(codec, columns) if meets_facts else None
    return AheadReader(columns, codec.known, codec.known_labels, numbers, facts)


def _input_dropout(config: ForecastingConfig) -> float:
    """Return the dropout at the encoder's input: none for single steps, which have few values to lose."""
    match config.input.reader:
        case StepReaderConfig():
            return 0.0
        case PatchReaderConfig():
            return config.encoder.dropout
        case unknown:
            assert_never(unknown)


def _channels(config: ForecastingConfig, codec: SeriesCodec, inputs: int) -> Channels:
    """Make the layout of so many columns as sequences: all in one, or one for each target."""
    match config.input.channels:
        case "joint":
            return JointChannels(inputs, len(codec.columns.targets))
        case "independent":
            return IndependentChannels(inputs, len(codec.columns.targets))
        case unknown:
            assert_never(unknown)


def _head(config: ForecastingConfig, codec: SeriesCodec, embedder: SeriesEmbedder, encoder: Encoder) -> RegressionHead:
    """Make the output end: pooling, decoder, bypass and objective."""
    aim = _objective(config)
    numbers = embedder.channels.targets * aim.outputs
    ahead = _ahead(codec, embedder.channels, numbers)
    known = codec.known if ahead is None else ahead.outputs
    made_by = _decoder(config, codec, known, encoder.outputs, numbers)
    if codec.normalisation == "theta":  # the forecast begins at that of the window's season, level and slope
        made_by.start_at_zero()
    added = _bypass(config, codec)
    margins: tuple[int, ...] = (codec.horizon, len(codec.columns.targets))
    if codec.levels:  # none in runs of version 0.1.0, which have one level for all series
        margins = (len(codec.levels), len(codec.scales), *margins)
    return RegressionHead(
        _pooling(config, encoder),
        made_by,
        added,
        embedder.channels,
        aim,
        levels=codec.levels or (config.interval,),
        margins=margins,
        ahead=ahead,
        shrinks=config.head.shrinkage == "last",
    )


def _decoder(config: ForecastingConfig, codec: SeriesCodec, known: int, inputs: int, outputs: int) -> DirectDecoder:
    """Make the layer from a pooled state of size `inputs`, and `known` columns, to all steps ahead."""
    return DirectDecoder(
        inputs,
        codec.horizon,
        outputs,
        known=known,
        hidden=config.head.hidden,
        dropout=config.encoder.dropout,
    )


def _bypass(config: ForecastingConfig, codec: SeriesCodec) -> LinearBypass | None:
    """Make the linear map from look-back to horizon beside the encoder, if the config asks for one."""
    match config.head.bypass:
        case NoBypass():
            return None
        case LinearBypassConfig():
            return LinearBypass(codec.encoder_rows or codec.look_back, codec.horizon)
        case unknown:
            assert_never(unknown)


def _pooling(config: ForecastingConfig, encoder: Encoder) -> nn.Module:
    """Make the layer from the states of all steps to one vector."""
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


def _objective(config: ForecastingConfig) -> Objective:
    """Make the loss."""
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
