"""The ends for series as nodes of a graph: windows in, forecasts out; and sequences of numbers in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from bilstm_nlp.batch import AnyArray, WindowBatch
from bilstm_nlp.errors import InputError
from bilstm_nlp.export.graph import Graph, Kind, Value
from bilstm_nlp.export.pooling import pooled_windows
from bilstm_nlp.nn.categories import AheadReader, CategoryEmbedding, FactEmbedding
from bilstm_nlp.nn.channels import Channels, IndependentChannels, JointChannels
from bilstm_nlp.nn.horizon import DirectDecoder
from bilstm_nlp.nn.regression_head import PinballError, RegressionHead
from bilstm_nlp.nn.sequence_embedder import SequencePatches, SequenceSteps
from bilstm_nlp.nn.series_embedder import PatchReader, SeriesEmbedder, StepReader


@dataclass(frozen=True)
class WindowInputs:
    """The values of a batch of windows in a graph. Absent arrays are no inputs."""

    past: Value
    level: Value
    scale: Value
    known: Value | None
    facts: Value | None
    past_codes: Value | None
    known_codes: Value | None
    static_codes: Value | None


def window_inputs(graph: Graph, batch: WindowBatch[AnyArray]) -> WindowInputs:
    """Add the inputs of windows like those of a batch: the arrays that it has, and their sizes but for the first."""

    def added(name: str, array: AnyArray | None, kind: Kind = "float32") -> Value | None:
        present = array is not None and array.size > 0
        return graph.input(name, kind, ["windows", *array.shape[1:]]) if present and array is not None else None

    past, level, scale = added("past", batch.past), added("level", batch.level), added("scale", batch.scale)
    assert past is not None
    assert level is not None
    assert scale is not None
    return WindowInputs(
        past=past,
        level=level,
        scale=scale,
        known=added("known", batch.known),
        facts=added("facts", batch.facts),
        past_codes=added("past_codes", batch.past_codes, "int64"),
        known_codes=added("known_codes", batch.known_codes, "int64"),
        static_codes=added("static_codes", batch.static_codes, "int64"),
    )


def embedded_windows(graph: Graph, batch: WindowInputs, embedder: SeriesEmbedder, look_back: int) -> Value:
    """Add a series embedder: (S, T, outputs), from windows of `look_back` steps."""
    past = batch.past
    if embedder.categories is not None and batch.past_codes is not None:
        past = graph.concatenated([past, _categories(graph, batch.past_codes, embedder.categories)], 2)
    steps = _read(graph, _sequences(graph, past, embedder.channels), embedder.reader, look_back)
    if embedder.facts is None:
        return steps
    return _beside_each(graph, steps, _facts(graph, batch, embedder.facts))


def forecasts(graph: Graph, states: Value, batch: WindowInputs, head: RegressionHead) -> Value:
    """(S, T, D) states → (B, H, C, Q) forecasts, in the units of the targets."""
    channels = head.channels
    known = _known(graph, batch, channels) if head.ahead is None else _ahead(graph, batch, head.ahead)
    numbers = _decoded(graph, pooled_windows(graph, states, head.pooling), known, head.decoder)
    if head.ahead is not None and known is not None:
        numbers = graph.node("Add", [numbers, graph.linear(known, head.ahead.effects)])
    horizon, outputs = head.decoder.horizon, head.objective.outputs
    numbers = _forecast(graph, numbers, channels, horizon, outputs)
    if isinstance(head.objective, PinballError):
        numbers = _ascending(graph, numbers)
    if head.bypass is not None:
        targets = graph.transposed(graph.part(batch.past, 2, 0, channels.forecasts), (0, 2, 1))
        direct = graph.transposed(graph.linear(targets, head.bypass.projection), (0, 2, 1))
        numbers = graph.node("Add", [numbers, graph.unsqueezed(direct, 3)])
    scaled = graph.node("Mul", [numbers, graph.unsqueezed(batch.scale, 3)])
    return graph.node("Add", [scaled, graph.unsqueezed(batch.level, 3)])


def embedded_sequences(graph: Graph, embedder: SequenceSteps | SequencePatches, features: int) -> tuple[Value, Value]:
    """Add the inputs of sequences of numbers: (B, T, outputs) inputs of the encoder, and the (B,) numbers of states."""
    values = graph.input("values", "float32", ["sequences", "steps", features])
    lengths = graph.input("lengths", "int64", ["sequences"])
    if isinstance(embedder, SequenceSteps):
        return values, lengths
    stride = graph.integer(embedder.stride)
    counts = _patches(graph, lengths, embedder)
    most = _patches(graph, graph.size(values, 1), embedder)
    begins = graph.node("Mul", [graph.node("Range", [graph.integer(0), most, graph.integer(1)]), stride])
    offsets = graph.weight(np.arange(embedder.length))
    steps = graph.node("Add", [graph.unsqueezed(begins, 1), offsets])  # (patches, length)
    last = graph.unsqueezed(graph.node("Sub", [lengths, graph.integer(1)]), 1, 2)
    steps = graph.node("Min", [graph.unsqueezed(steps, 0), last])  # (B, patches, length)
    patches = graph.node("GatherND", [values, graph.unsqueezed(steps, 3)], {"batch_dims": 1})
    return graph.linear(graph.reshaped(patches, (0, 0, embedder.length * features)), embedder.projection), counts


def _patches(graph: Graph, lengths: Value, embedder: SequencePatches) -> Value:
    """Count the patches of sequences of such lengths."""
    beyond = graph.node("Max", [graph.node("Sub", [lengths, graph.integer(embedder.length)]), graph.integer(0)])
    rounded = graph.node("Add", [beyond, graph.integer(embedder.stride - 1)])
    further = graph.node("Div", [rounded, graph.integer(embedder.stride)])
    return graph.node("Add", [further, graph.integer(1)])


# --- channels ---


def _sequences(graph: Graph, past: Value, channels: Channels) -> Value:
    """(B, L, F) → (S, L, features)"""
    if not _apart(channels):
        return past
    targets = graph.transposed(graph.part(past, 2, 0, channels.forecasts), (0, 2, 1))  # (B, C, L)
    targets = graph.unsqueezed(graph.node("Reshape", [targets, _rows_by_size(graph, past, 1)]), 2)
    if channels.features == 1:
        return targets
    others = _repeated(graph, graph.part(past, 2, channels.forecasts), channels)
    return graph.concatenated([targets, others], 2)


def _rows_by_size(graph: Graph, value: Value, axis: int) -> Value:
    """Return the shape (-1, size of an axis)."""
    return graph.concatenated([graph.ints([-1]), graph.unsqueezed(graph.size(value, axis), 0)], 0)


def _known(graph: Graph, batch: WindowInputs, channels: Channels, *further: Value) -> Value | None:
    """Return the columns known ahead with further ones, (S, H, K); None if there are none."""
    columns = [*([] if batch.known is None else [batch.known]), *further]
    if not columns:
        return None
    known = graph.concatenated(columns, 2)
    return _repeated(graph, known, channels) if _apart(channels) else known


def _repeated(graph: Graph, values: Value, channels: Channels) -> Value:
    """(B, N, K) → (B · C, N, K): each window once for each target."""
    rows = graph.node("Mul", [graph.size(values, 0), graph.integer(channels.forecasts)])
    numbers = graph.node("Range", [graph.integer(0), rows, graph.integer(1)])
    return graph.rows(values, graph.node("Div", [numbers, graph.integer(channels.forecasts)]))


def _forecast(graph: Graph, numbers: Value, channels: Channels, horizon: int, outputs: int) -> Value:
    """(S, H, targets · Q) → (B, H, C, Q)"""
    if not _apart(channels):
        return graph.reshaped(numbers, (0, horizon, channels.targets, outputs))
    apart = graph.reshaped(numbers, (-1, channels.forecasts, horizon, outputs))
    return graph.transposed(apart, (0, 2, 1, 3))


def _apart(channels: Channels) -> bool:
    """Return True if each target is a sequence of its own. Raises `InputError` for an unknown kind of channels."""
    match channels:
        case JointChannels():
            return False
        case IndependentChannels():
            return True
        case _:
            raise InputError(f"encoder.channels: expected joint or independent, found {type(channels).__name__}")


# --- columns ---


def _read(graph: Graph, sequences: Value, reader: StepReader | PatchReader, look_back: int) -> Value:
    """(S, L, F) → (S, T, outputs)"""
    if isinstance(reader, StepReader):
        return sequences
    missing = max(reader.length - look_back, (reader.length - look_back) % reader.stride)
    begins = np.arange(0, look_back + missing - reader.length + 1, reader.stride)
    steps = np.maximum(begins[:, None] + np.arange(reader.length) - missing, 0)  # the oldest value is repeated
    patches = graph.node("Gather", [sequences, graph.weight(steps)], {"axis": 1})  # (S, patches, length, F)
    ordered = graph.transposed(patches, (0, 1, 3, 2))
    return graph.linear(graph.reshaped(ordered, (0, 0, reader.projection.in_features)), reader.projection)


def _categories(graph: Graph, codes: Value, layer: CategoryEmbedding) -> Value:
    """(B, N, J) codes → (B, N, outputs)"""
    parts = []
    for number, table in enumerate(layer.tables):
        assert isinstance(table, nn.Embedding)
        column = graph.squeezed(graph.part(codes, 2, number, number + 1), 2)
        parts.append(graph.rows(graph.weight(table.weight), column))
    return graph.concatenated(parts, 2)


def _facts(graph: Graph, batch: WindowInputs, layer: FactEmbedding) -> Value:
    """Return the facts (S, outputs)."""
    blocks = [] if batch.facts is None else [batch.facts]
    if layer.table is not None and batch.static_codes is not None:
        blocks.append(_categories(graph, batch.static_codes, layer.table))
    return graph.reshaped(graph.concatenated(blocks, 2), (-1, layer.outputs))


def _ahead(graph: Graph, batch: WindowInputs, layer: AheadReader) -> Value | None:
    """Return the columns known ahead (S, H, outputs)."""
    further = []
    if layer.table is not None and batch.known_codes is not None:
        further.append(_categories(graph, batch.known_codes, layer.table))
    known = _known(graph, batch, layer.channels, *further)
    if layer.mixing is None or layer.facts is None or known is None:
        return known
    both = _beside_each(graph, known, _facts(graph, batch, layer.facts))
    return graph.concatenated([known, graph.node("Relu", [graph.linear(both, layer.mixing)])], 2)


def _beside_each(graph: Graph, steps: Value, facts: Value) -> Value:
    """(S, N, D) steps, (S, P) facts → (S, N, D + P)"""
    sizes = [graph.ints([1]), graph.unsqueezed(graph.size(steps, 1), 0), graph.ints([1])]
    spread = graph.node("Expand", [graph.unsqueezed(facts, 1), graph.concatenated(sizes, 0)])
    return graph.concatenated([steps, spread], 2)


# --- the decoder ---


def _decoded(graph: Graph, states: Value, known: Value | None, decoder: DirectDecoder) -> Value:
    """(S, D) pooled states, (S, H, K) columns known ahead → (S, H, outputs)"""
    features = states
    if known is not None:
        features = graph.concatenated([states, graph.node("Flatten", [known], {"axis": 1})], 1)
    layers = decoder.projection if isinstance(decoder.projection, nn.Sequential) else [decoder.projection]
    for layer in layers:
        features = graph.linear(features, layer) if isinstance(layer, nn.Linear) else graph.node("Relu", [features])
    return graph.reshaped(features, (-1, decoder.horizon, decoder.outputs))


def _ascending(graph: Graph, numbers: Value) -> Value:
    """(…, Q) → (…, Q): the first number, then positive steps added up."""
    first, rest = graph.part(numbers, 3, 0, 1), graph.node("Softplus", [graph.part(numbers, 3, 1)])
    return graph.node("CumSum", [graph.concatenated([first, rest], 3), graph.integer(3)])
