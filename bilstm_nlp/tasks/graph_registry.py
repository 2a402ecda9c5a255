"""The table of tasks for exported runs, beside `registry.py`: from a config and a graph to a predictor. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

from bilstm_nlp.batch import AnyArray, WindowBatch
from bilstm_nlp.config import Config
from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import RunError
from bilstm_nlp.tasks.graph_session import Graph

if TYPE_CHECKING:
    from bilstm_nlp.tasks.base import Predictor


def exported(
    config: Config, codec: dict[str, Any], arrays: Mapping[str, AnyArray], results: Mapping[str, Any], graph: Graph
) -> Predictor:
    """Return the predictor of an exported run. `results` is the content of metrics.json.

    Raises `RunError` if a file is damaged, or another run's.
    """
    try:
        match config:
            case TaggingConfig():
                from bilstm_nlp.tasks.tagging import graph_network as tagger

                return tagger.exported(config, codec, arrays, results, graph)
            case ForecastingConfig():
                from bilstm_nlp.tasks.forecasting import graph_network as forecaster

                return forecaster.exported(config, codec, arrays, results, graph)
            case TextClassificationConfig() | SeriesClassificationConfig():
                from bilstm_nlp.tasks.classification import graph_network as classifier

                return classifier.exported(config, codec, arrays, graph)
            case LabellingConfig():
                from bilstm_nlp.tasks.labelling import graph_network as labeller

                return labeller.exported(config, codec, graph)
            case _:
                assert_never(config)
    except ValueError as error:
        raise RunError(f"network.safetensors: {error}") from None


def method_of(config: Config) -> str:
    """Return the name of the method by which a predictor answers from Python."""
    match config:
        case TaggingConfig():
            return "tag"
        case ForecastingConfig():
            return "forecast"
        case TextClassificationConfig() | SeriesClassificationConfig():
            return "classify"
        case LabellingConfig():
            return "label"
        case _:
            assert_never(config)


def example_windows(config: Config, codec: dict[str, Any], inputs: Sequence[Any]) -> WindowBatch[AnyArray] | None:
    """Return recorded inputs as a batch, whose arrays and sizes are the inputs of a forecaster's graph.

    Other tasks have the same inputs whatever their data: None.
    """
    if not isinstance(config, ForecastingConfig):
        return None
    from bilstm_nlp.data.series.codec_file import codec_of
    from bilstm_nlp.tasks.forecasting.predictor import recorded_windows

    series = codec_of(codec)
    return series.collate(*recorded_windows(series, inputs))


def development_results(config: Config, trained: Predictor) -> dict[str, Any]:
    """Score a predictor on the development data of its config. Raises `InputError` for data that can't be used."""
    from bilstm_nlp.tasks.registry import build, forecasting

    if isinstance(config, ForecastingConfig):
        return forecasting(config).evaluate_part(trained, config.data.validate_on)
    data = config.data.model_copy(update={"test": None})
    return build(config.model_copy(update={"data": data})).evaluate(trained, None)
