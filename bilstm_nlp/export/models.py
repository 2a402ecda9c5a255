"""A trained model as a graph: its embedder, encoder, attention and head, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from bilstm_nlp.batch import AnyArray, WindowBatch
from bilstm_nlp.errors import InputError
from bilstm_nlp.export.attention import attended
from bilstm_nlp.export.graph import Graph, Value
from bilstm_nlp.export.pooling import pooled
from bilstm_nlp.export.recurrence import encoded, encoded_in_windows, in_cells
from bilstm_nlp.export.series import embedded_sequences, embedded_windows, forecasts, window_inputs
from bilstm_nlp.export.token_embedder import embedded_tokens
from bilstm_nlp.nn.classification_head import ClassificationHead
from bilstm_nlp.nn.encoder import DocumentEncoder, Encoder
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.regression_head import RegressionHead
from bilstm_nlp.nn.sequence_embedder import SequencePatches, SequenceSteps
from bilstm_nlp.nn.series_embedder import SeriesEmbedder
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.token_embedder import TokenEmbedder

Outputs: TypeAlias = dict[str, tuple[Value, Sequence[int | str]]]
"""The value and the shape of each output of a graph."""


def graph_of(model: Model[Any, Any], opset: int, example: WindowBatch[AnyArray] | None = None) -> Any:
    """Return a model as an ONNX model. `example` is a batch of a forecaster, whose arrays and sizes are its inputs.

    A tagger and a labeller have the output `emissions` (B, T, K), a classifier `scores` (B, K), a forecaster
    `forecasts` (B, H, C, Q). Attention has the further output `attention` (B, heads, T, T), the pooling of a classifier
    with weights `weights` (B, T).

    Raises `InputError` for a layer that no graph can express.
    """
    graph = Graph(opset)
    if isinstance(model.embedder, SeriesEmbedder):
        if example is None:
            raise ValueError("A forecaster needs an example of its windows. Got none.")
        return graph.model(_forecaster(graph, model, model.embedder, example))
    inputs, lengths = _embedded(graph, model.embedder)
    match model.encoder:
        case Encoder() as encoder:
            states = encoded(graph, inputs, lengths, encoder)
        case DocumentEncoder() as encoder:
            states, cells = encoded_in_windows(graph, inputs, encoder)
            if model.attention is None and isinstance(model.head, CrfHead | SoftmaxHead):
                # Few scores are moved from windows to sentences, in place of many states.
                tags = model.head.crf.tags
                scores = in_cells(graph, graph.linear(states, model.head.projection), cells, tags)
                return graph.model({"emissions": (scores, ["sentences", "tokens", tags])})
            states = in_cells(graph, states, cells, encoder.outputs)
    outputs: Outputs = {}
    if model.attention is not None:
        states, weights = attended(graph, states, lengths, model.attention)
        outputs["attention"] = (weights, ["sentences", model.attention.heads, "tokens", "tokens"])
    return graph.model(_with_head(graph, states, lengths, model.head) | outputs)


def _embedded(graph: Graph, embedder: object) -> tuple[Value, Value]:
    """Add an input end: (B, T, outputs) inputs of the encoder, and the (B,) numbers of states."""
    match embedder:
        case TokenEmbedder():
            return embedded_tokens(graph, embedder)
        case SequenceSteps():
            return embedded_sequences(graph, embedder, embedder.outputs)
        case SequencePatches():
            return embedded_sequences(graph, embedder, embedder.projection.in_features // embedder.length)
        case _:
            raise InputError(f"embedder: expected one of tokens or of sequences, found {type(embedder).__name__}")


def _with_head(graph: Graph, states: Value, lengths: Value, head: object) -> Outputs:
    """Add an output end: the outputs of the graph, with their shapes."""
    match head:
        case CrfHead() | SoftmaxHead():
            return {"emissions": (graph.linear(states, head.projection), ["sentences", "tokens", head.crf.tags])}
        case ClassificationHead():
            vector, weights = pooled(graph, states, lengths, head.pooling)
            classes = len(head.class_weights)
            outputs: Outputs = {"scores": (graph.linear(vector, head.projection), ["sentences", classes])}
            if weights is not None:
                outputs["weights"] = (weights, ["sentences", "tokens"])
            return outputs
        case _:
            raise InputError(f"head: expected one of tags or of classes, found {type(head).__name__}")


def _forecaster(
    graph: Graph, model: Model[Any, Any], embedder: SeriesEmbedder, example: WindowBatch[AnyArray]
) -> Outputs:
    """Add a forecaster, whose windows have no padding."""
    batch = window_inputs(graph, example)
    inputs = embedded_windows(graph, batch, embedder, example.past.shape[1])
    sequences, steps = graph.unsqueezed(graph.size(inputs, 0), 0), graph.size(inputs, 1)
    lengths = graph.node("Expand", [steps, sequences])
    assert isinstance(model.encoder, Encoder)
    states = encoded(graph, inputs, lengths, model.encoder)
    if model.attention is not None:
        states, _ = attended(graph, states, lengths, model.attention)
    assert isinstance(model.head, RegressionHead)
    sizes = (model.head.decoder.horizon, model.head.channels.forecasts, model.head.objective.outputs)
    return {"forecasts": (forecasts(graph, states, batch, model.head), ["windows", *sizes])}
