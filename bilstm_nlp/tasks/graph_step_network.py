"""The network of a graph that scores the tags of each step: of tokens, or of series. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import numpy as np

from bilstm_nlp.batch import AnyArray, Values
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.system.arrays import expect_array
from bilstm_nlp.tasks.graph_session import Graph, GraphSession
from bilstm_nlp.tasks.step_network import Emissions

B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)


class GraphStepNetwork(Generic[B_contra]):
    """A graph as a `StepNetwork`."""

    def __init__(
        self,
        session: GraphSession,
        inputs: Callable[[B_contra], Mapping[str, AnyArray]],
        chain: ChainScores,
        temperature: float,
        callers: int,
    ) -> None:
        """`inputs` makes the inputs of the graph from a batch."""
        self._session, self._inputs = session, inputs
        self.callers = callers
        self.chain, self.temperature = chain, temperature
        self.heads = session.outputs["attention"][1] if "attention" in session.outputs else 0

    def set_temperature(self, temperature: float) -> None:
        """Set the calibrated temperature."""
        self.temperature = temperature

    def emissions(self, batch: B_contra, /, *, attention: bool = False) -> Emissions:
        """Score each tag at each step. Raises `ValueError` for `attention` of a graph without."""
        inputs = self._inputs(batch)
        if attention:
            if not self.heads:
                raise ValueError("The weights need a model with attention. Got one without.")
            return Emissions(*self._session.run(inputs, ["emissions", "attention"]))
        return Emissions(self._session.run(inputs, ["emissions"])[0], None)


def step_network(
    graph: Graph, inputs: Callable[[B], Mapping[str, AnyArray]], tags: int, callers: int = 1
) -> GraphStepNetwork[B]:
    """Make the network of a graph for so many tags.

    Each of several `callers` computes in its own thread alone: two threads take a third more time for an LSTM layer
    than one. Raises `ValueError` if arrays beside the graph are missing or wrong.
    """
    shapes = {"start": (tags,), "end": (tags,), "transitions": (tags, tags)}
    start, end, transitions = (expect_array(graph.beside, name, np.float32, *shape) for name, shape in shapes.items())
    temperature = float(expect_array(graph.beside, "temperature", np.float32, 1)[0])
    session = graph.session(None if callers == 1 else 1)
    return GraphStepNetwork(session, inputs, ChainScores(start, end, transitions), temperature, callers)


def step_arrays(chain: ChainScores, temperature: float) -> Mapping[str, Values]:
    """Return the arrays that lie beside the graph of a network, besides its tables of words."""
    scores = {name: values.astype(np.float32) for name, values in chain._asdict().items()}
    return {**scores, "temperature": np.array([temperature], np.float32)}
