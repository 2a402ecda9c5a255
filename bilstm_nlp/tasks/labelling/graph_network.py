"""The labeller of an exported run: a graph in place of a model of torch. Knows no torch."""

from __future__ import annotations

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.tasks.graph_inputs import array_inputs
from bilstm_nlp.tasks.graph_session import Graph
from bilstm_nlp.tasks.graph_step_network import step_network
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.saved import SavedLabeller


def exported(config: LabellingConfig, values: object, graph: Graph) -> Labeller:
    """Make the labeller of a saved codec and a graph. Raises `RunError` or `ValueError` for damaged files."""
    saved = SavedLabeller.of(config, values)
    return saved.around(step_network(graph, array_inputs, len(saved.codec.labels)))
