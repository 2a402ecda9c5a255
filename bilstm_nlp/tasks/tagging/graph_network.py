"""The tagger of an exported run: a graph in place of a model of torch. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.tasks.graph_inputs import WordTables, token_inputs
from bilstm_nlp.tasks.graph_session import Graph, usable_threads
from bilstm_nlp.tasks.graph_step_network import step_network
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.saved import SavedTagger

MOST_CALLERS = 4
"""Threads that tag at a time, at most. Python's lock is taken for a quarter to two fifths of their time."""


def exported(
    config: TaggingConfig,
    values: dict[str, Any],
    arrays: Mapping[str, AnyArray],
    results: Mapping[str, Any],
    graph: Graph,
) -> Tagger:
    """Make the tagger of saved files and a graph. Raises `RunError` or `ValueError` for damaged files."""
    saved = SavedTagger.of(config, values, arrays, results)
    return saved.around(network_of(saved.codec, graph))


def network_of(codec: TaggingCodec, graph: Graph) -> TaggingNetwork:
    """Make the network of a graph. Raises `ValueError` if arrays beside it are missing or wrong."""
    tables = WordTables.of(graph.beside, codec.frozen, codec.words.trainable)
    return step_network(
        graph, partial(token_inputs, tables=tables), len(codec.tags), callers=min(usable_threads(), MOST_CALLERS)
    )
