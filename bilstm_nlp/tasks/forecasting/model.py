"""From a config to a forecaster: its model over a codec's columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, assert_never

from numpy.typing import NDArray
from torch import nn

from bilstm_nlp.config.forecasting import (
    ForecastingConfig,
    HuberConfig,
    LinearBypassConfig,
    MaeConfig,
    MseConfig,
    NoBypass,
    PatchReaderConfig,
    QuantileConfig,
    StepReaderConfig,
)
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.table_files import TableFormat
from bilstm_nlp.errors import RunError
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
from bilstm_nlp.nn.series_embedder import (
    Channels,
    IndependentChannels,
    JointChannels,
    PatchReader,
    SeriesEmbedder,
    StepReader,
)
from bilstm_nlp.tasks.forecasting.evaluation import ForecastingModel
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.layers import attention, encoder


def restored(config: ForecastingConfig, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Forecaster:
    """Make the forecaster of a saved run, before its weights are loaded.

    Raises `RunError` if codec.json is damaged or does not fit the config.
    """
    series_codec = SeriesCodec.from_json(codec)
    sizes, expected = (series_codec.look_back, series_codec.horizon), (config.data.look_back, config.data.horizon)
    if sizes != expected:
        raise RunError(f"codec.json: expected look_back and horizon {expected} as in config.json, found {sizes}")
    baselines = partial(Baselines.from_json, codec, arrays, series_codec)
    return Forecaster(model(config, series_codec), series_codec, table_format(config), config.interval, baselines)


def table_format(config: ForecastingConfig) -> TableFormat:
    """How its files are read."""
    data = config.data
    named = (*data.targets, *data.observed, *data.known) if data.targets is not None else None
    return TableFormat(data.layout, data.date_column, data.id_column, named, data.missing, data.frequency)


def model(config: ForecastingConfig, codec: SeriesCodec) -> ForecastingModel:
    """The model over a codec's columns."""
    embedder = series_embedder(config, codec)
    shared = encoder(config.encoder, embedder.outputs, input_dropout=input_dropout(config), output_dropout=0.0)
    block = attention(config.attention, shared.outputs)
    return Model(embedder, shared, block, head(config, codec, embedder, shared))


def series_embedder(config: ForecastingConfig, codec: SeriesCodec) -> SeriesEmbedder:
    """What reads a window."""
    columns = channels(config, codec)
    match config.input.reader:
        case StepReaderConfig():
            return SeriesEmbedder(columns, StepReader(columns.features))
        case PatchReaderConfig(length=length, stride=stride, size=size):
            return SeriesEmbedder(columns, PatchReader(columns.features, length, stride, size))
        case unknown:
            assert_never(unknown)


def input_dropout(config: ForecastingConfig) -> float:
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


def head(config: ForecastingConfig, codec: SeriesCodec, embedder: SeriesEmbedder, encoder: Encoder) -> RegressionHead:
    """The output end."""
    aim = objective(config)
    made_by = decoder(config, codec, embedder.channels, encoder.outputs, aim.outputs)
    added = bypass(config, codec)
    return RegressionHead(pooling(config, encoder), made_by, added, embedder.channels, aim, horizon=codec.horizon)


def decoder(
    config: ForecastingConfig, codec: SeriesCodec, columns: Channels, inputs: int, quantiles: int
) -> DirectDecoder:
    """What makes all steps ahead of a pooled state of size `inputs`."""
    return DirectDecoder(
        inputs,
        codec.horizon,
        columns.targets * quantiles,
        known=codec.known,
        hidden=config.head.hidden,
        dropout=config.encoder.dropout,
    )


def bypass(config: ForecastingConfig, codec: SeriesCodec) -> LinearBypass | None:
    """What goes round the encoder."""
    match config.head.bypass:
        case NoBypass():
            return None
        case LinearBypassConfig():
            return LinearBypass(codec.look_back, codec.horizon)
        case unknown:
            assert_never(unknown)


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
