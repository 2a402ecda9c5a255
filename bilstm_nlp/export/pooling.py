"""Pooling as nodes of a graph: the states of all steps become one vector a sequence."""

from __future__ import annotations

import numpy as np
from torch import nn

from bilstm_nlp.errors import InputError
from bilstm_nlp.export.graph import Graph, Value
from bilstm_nlp.nn.class_pooling import AttentiveState, BothEnds, LastState, MaxState, MeanState
from bilstm_nlp.nn.pooling import AttentionPooling, BothEndsPooling, LastPooling, MeanPooling

LOWEST = float(np.finfo(np.float32).min)


def pooled(graph: Graph, states: Value, lengths: Value, pooling: object) -> tuple[Value, Value | None]:
    """(B, T, D) states, (B,) lengths → (B, outputs), and (B, T) weights if the pooling has weights.

    Raises `InputError` for an unknown kind of pooling.
    """
    match pooling:
        case LastState():
            return _last(graph, states, lengths), None
        case BothEnds(hidden=hidden):
            forward = _last(graph, graph.part(states, 2, 0, hidden), lengths)
            backward = graph.squeezed(graph.part(graph.part(states, 1, 0, 1), 2, hidden), 1)
            return graph.concatenated([forward, backward], 1), None
        case MeanState():
            real = graph.unsqueezed(graph.inside(lengths, states), 2)
            total = graph.total(graph.node("Where", [real, states, graph.number(0.0)]), 1)
            return graph.node("Div", [total, graph.unsqueezed(graph.cast(lengths, "float32"), 1)]), None
        case MaxState():
            real = graph.unsqueezed(graph.inside(lengths, states), 2)
            return graph.largest(graph.node("Where", [real, states, graph.number(LOWEST)]), 1), None
        case AttentiveState(projection=projection, query=query):
            scores = _scores(graph, states, projection, query)
            masked = graph.node("Where", [graph.inside(lengths, states), scores, graph.number(LOWEST)])
            weights = graph.node("Softmax", [masked], {"axis": 1})
            return _weighted(graph, weights, states), weights
        case _:
            raise InputError(f"head.pooling: expected a pooling of sequences, found {type(pooling).__name__}")


def pooled_windows(graph: Graph, states: Value, pooling: object) -> Value:
    """(S, T, D) states without padding → (S, D). Raises `InputError` for an unknown kind of pooling."""
    match pooling:
        case LastPooling():
            return graph.squeezed(graph.part(states, 1, -1), 1)
        case BothEndsPooling(hidden=hidden):
            forward = graph.part(graph.part(states, 1, -1), 2, 0, hidden)
            backward = graph.part(graph.part(states, 1, 0, 1), 2, hidden)
            return graph.squeezed(graph.concatenated([forward, backward], 2), 1)
        case MeanPooling():
            steps = graph.cast(graph.size(states, 1), "float32")
            return graph.node("Div", [graph.total(states, 1), steps])
        case AttentionPooling(projection=projection, query=query):
            scores = _scores(graph, states, projection, query)
            return _weighted(graph, graph.node("Softmax", [scores], {"axis": 1}), states)
        case _:
            raise InputError(f"head.pooling: expected a pooling of windows, found {type(pooling).__name__}")


def _last(graph: Graph, states: Value, lengths: Value) -> Value:
    """(B, T, D) states, (B,) lengths → (B, D): the state at the last step of each sequence."""
    last = graph.unsqueezed(graph.node("Sub", [lengths, graph.integer(1)]), 1)
    return graph.squeezed(graph.node("GatherND", [states, graph.unsqueezed(last, 2)], {"batch_dims": 1}), 1)


def _scores(graph: Graph, states: Value, projection: nn.Linear, query: nn.Linear) -> Value:
    """(B, T, D) → (B, T): v · tanh(W s + b)"""
    return graph.squeezed(graph.linear(graph.node("Tanh", [graph.linear(states, projection)]), query), 2)


def _weighted(graph: Graph, weights: Value, states: Value) -> Value:
    """(B, T) weights, (B, T, D) states → (B, D)"""
    return graph.squeezed(graph.node("MatMul", [graph.unsqueezed(weights, 1), states]), 1)
