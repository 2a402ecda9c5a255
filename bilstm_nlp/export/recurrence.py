"""The encoder as nodes of a graph. Padding changes no state: the lengths of the sequences go with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bilstm_nlp.errors import InputError
from bilstm_nlp.export.graph import Graph, Value
from bilstm_nlp.nn.encoder import DocumentEncoder, Encoder, RecurrentLayer

GATES = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""The gates of torch (input, forget, cell, output; reset, update, new) in the order of ONNX."""


def encoded(graph: Graph, inputs: Value, lengths: Value, encoder: Encoder) -> Value:
    """(B, T, D) inputs, (B,) lengths → (B, T, outputs) states, 0 at padding.

    Raises `InputError` for an encoder whose states start at random.
    """
    steps, counts = graph.transposed(inputs, (1, 0, 2)), graph.cast(lengths, "int32")
    for number, layer in enumerate(encoder.layers):
        assert isinstance(layer, RecurrentLayer)
        if layer.initial_state != "zeros":
            raise InputError(f"encoder.initial_state: expected zeros for an export, found {layer.initial_state}")
        is_last = number == len(encoder.layers) - 1
        states = graph.transposed(recurrent(graph, steps, counts, layer)[0], (2, 0, 1, 3) if is_last else (0, 2, 1, 3))
        steps = graph.reshaped(states, (0, 0, -1))
    return steps


def encoded_in_windows(graph: Graph, inputs: Value, encoder: DocumentEncoder) -> tuple[Value, Value]:
    """(B, T, D) inputs → (W, V, outputs) states of windows, and the (B, T) cell of each token in them.

    The windows are three further inputs of the graph: `tokens` (W, V), `window_lengths` (W,) and `cells` (B, T).
    """
    tokens = graph.input("tokens", "int64", ["windows", "window_columns"])
    lengths = graph.input("window_lengths", "int64", ["windows"])
    cells = graph.input("cells", "int64", ["sentences", "tokens"])
    flat = graph.reshaped(inputs, (-1, encoder.boundary.shape[0]))
    with_boundary = graph.concatenated([flat, graph.weight(encoder.boundary[None])], 0)
    return encoded(graph, graph.rows(with_boundary, tokens), lengths, encoder.encoder), cells


def in_cells(graph: Graph, values: Value, cells: Value, size: int) -> Value:
    """(W, V, size) values of windows, (B, T) cells → (B, T, size)"""
    return graph.rows(graph.reshaped(values, (-1, size)), cells)


def recurrent(graph: Graph, steps: Value, lengths: Value, layer: RecurrentLayer) -> tuple[Value, Value]:
    """(T, B, D) steps, (B,) int32 lengths → (T, directions, B, H) states and (directions, B, H) last states."""
    weights = [tuple(direction.parameters()) for direction in layer.directions]
    return recurrence(graph, steps, lengths, weights, layer.cell)


def recurrence(
    graph: Graph, steps: Value, lengths: Value, directions: Sequence[Sequence[Tensor]], cell: str
) -> tuple[Value, Value]:
    """Add a recurrent layer with the weights of each direction: input weights, recurrent weights and their biases."""
    stacked = [np.stack([_reordered(weights[kind], cell) for weights in directions]) for kind in range(4)]
    input_weights, recurrent_weights, input_biases, recurrent_biases = stacked
    hidden = recurrent_weights.shape[2]
    biases = np.concatenate([input_biases, recurrent_biases], axis=1)
    attributes: dict[str, int | str] = {
        "hidden_size": hidden,
        "direction": "bidirectional" if len(directions) == 2 else "forward",
    }
    if cell == "gru":
        attributes["linear_before_reset"] = 1
    states, last = graph.nodes(
        cell.upper(),
        [steps, *(graph.weight(array) for array in (input_weights, recurrent_weights, biases)), lengths],
        attributes,
        2,
    )
    return states, last


def _reordered(weights: Tensor, cell: str) -> NDArray[Any]:
    """Put the gates of weights (gates · H, …) into the order of ONNX."""
    blocks = np.split(weights.detach().cpu().numpy(), len(GATES[cell]))
    return np.concatenate([blocks[gate] for gate in GATES[cell]])
