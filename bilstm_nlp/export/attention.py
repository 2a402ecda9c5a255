"""Attention as nodes of a graph, with its weights as a second value."""

from __future__ import annotations

import numpy as np
from torch import nn

from bilstm_nlp.errors import InputError
from bilstm_nlp.export.graph import Graph, Value
from bilstm_nlp.nn.attention import AdditiveAttention, MultiHeadAttention

LOWEST = float(np.finfo(np.float32).min)


def attended(graph: Graph, states: Value, lengths: Value, block: object) -> tuple[Value, Value]:
    """(B, T, D) states, (B,) lengths → (B, T, D) states and (B, heads, T, T) weights.

    Raises `InputError` for an unknown kind of attention.
    """
    match block:
        case AdditiveAttention():
            return _additive(graph, states, lengths, block)
        case MultiHeadAttention():
            return _multi_head(graph, states, lengths, block)
        case _:
            raise InputError(f"attention: expected additive or multi-head, found {type(block).__name__}")


def _additive(graph: Graph, states: Value, lengths: Value, block: AdditiveAttention) -> tuple[Value, Value]:
    """Add additive attention. One query after the other is scored, so that (B, T, size) numbers are held, not T times
    as many."""
    normed = graph.normed(states, block.norm)
    queries = graph.transposed(graph.linear(normed, block.query), (1, 0, 2))  # (T, B, A)
    keys, real = graph.linear(normed, block.key), graph.inside(lengths, states)

    def weights_of(query: Value) -> Value:
        """(B, A) → (B, T)"""
        hidden = graph.node("Tanh", [graph.node("Add", [graph.unsqueezed(query, 1), keys])])
        return _masked_softmax(graph, real, graph.squeezed(graph.linear(hidden, block.score), 2))

    weights = graph.transposed(graph.over_rows(queries, weights_of), (1, 0, 2))
    contexts = graph.node("MatMul", [weights, normed])
    return _added(graph, states, contexts, block.output), graph.unsqueezed(weights, 1)


def _multi_head(graph: Graph, states: Value, lengths: Value, block: MultiHeadAttention) -> tuple[Value, Value]:
    """Add scaled dot-product attention."""
    features = block.output.in_features
    projected = graph.linear(graph.normed(states, block.norm), block.projection)
    size = features // block.heads

    def part(number: int) -> Value:
        """Return queries, keys or values as (B, heads, T, size)."""
        cut = graph.part(projected, 2, number * features, (number + 1) * features)
        return graph.transposed(graph.reshaped(cut, (0, 0, block.heads, size)), (0, 2, 1, 3))

    queries, keys, values = map(part, range(3))
    products = graph.node("MatMul", [queries, graph.transposed(keys, (0, 1, 3, 2))])
    scores = graph.node("Mul", [products, graph.number(size**-0.5)])
    weights = _masked_softmax(graph, graph.unsqueezed(graph.inside(lengths, states), 1, 2), scores)
    contexts = graph.transposed(graph.node("MatMul", [weights, values]), (0, 2, 1, 3))
    return _added(graph, states, graph.reshaped(contexts, (0, 0, features)), block.output), weights


def _masked_softmax(graph: Graph, real: Value, scores: Value) -> Value:
    """(…, T) scores → (…, T) weights, exactly 0 at padding."""
    return graph.node("Softmax", [graph.node("Where", [real, scores, graph.number(LOWEST)])], {"axis": -1})


def _added(graph: Graph, states: Value, contexts: Value, output: nn.Linear) -> Value:
    """Add the projected contexts to the states."""
    return graph.node("Add", [states, graph.linear(contexts, output)])
