"""The network of a classifier in ONNX Runtime. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Floats, Ints
from bilstm_nlp.config.classification import ClassificationConfig, SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.readers import PatchReaderConfig
from bilstm_nlp.data.text.text_codec import TextCodec
from bilstm_nlp.nn.patches import patch_counts
from bilstm_nlp.system.arrays import expect_array
from bilstm_nlp.tasks.classification.network import BatchScores, sigmoid, softmax
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.saved import SavedClassifier
from bilstm_nlp.tasks.graph_inputs import WordTables, array_inputs, token_inputs
from bilstm_nlp.tasks.graph_session import Graph, GraphSession


@dataclass(frozen=True, eq=False)
class GraphNetwork:
    """A graph as a `ClassificationNetwork`."""

    session: GraphSession
    inputs: Callable[[Any], Mapping[str, AnyArray]]
    """Makes the inputs of the graph from a batch."""
    to_probabilities: Callable[[Floats], Floats]
    """(N, K) scores, divided by the temperature → (N, K) probabilities"""
    temperature: float
    patches: PatchReaderConfig | None = None
    """The patches in which steps are read; None if each step is read alone."""

    @property
    def classes(self) -> int:
        """K"""
        return int(self.session.outputs["scores"][1])

    @property
    def has_weights(self) -> bool:
        """True if the pooling weighs the states of a sequence."""
        return "weights" in self.session.outputs

    def state_lengths(self, lengths: Ints, /) -> Ints:
        """(N,) lengths of sequences → (N,) numbers of their states."""
        return lengths if self.patches is None else patch_counts(lengths, self.patches.length, self.patches.stride)

    def scores(self, batch: Any, /) -> BatchScores:
        """Score a padded batch."""
        inputs = self.inputs(batch)
        if self.has_weights:
            return BatchScores(*self.session.run(inputs, ["scores", "weights"]))
        return BatchScores(self.session.run(inputs, ["scores"])[0], None)

    def probabilities(self, scores: NDArray[np.float32], temperature: float | None = None, /) -> Floats:
        """(N, K) scores → (N, K) probabilities, by default at the calibrated temperature."""
        divisor = self.temperature if temperature is None else temperature
        return self.to_probabilities(scores.astype(np.float64) / divisor)


def exported(config: ClassificationConfig, values: object, arrays: Mapping[str, AnyArray], graph: Graph) -> Classifier:
    """Make the classifier of saved files and a graph. Raises `RunError` or `ValueError` for damaged files."""
    saved = SavedClassifier.of(config, values, arrays)
    temperature = float(expect_array(graph.beside, "temperature", np.float32, 1)[0])
    rule = softmax if config.head.kind == "softmax" else sigmoid
    match config:
        case TextClassificationConfig():
            codec = saved.codec.inputs
            assert isinstance(codec, TextCodec)
            tables = WordTables.of(graph.beside, codec.frozen, codec.words.trainable)
            network = GraphNetwork(graph.session(), partial(token_inputs, tables=tables), rule, temperature)
        case SeriesClassificationConfig(reader=reader):
            patches = reader if isinstance(reader, PatchReaderConfig) else None
            network = GraphNetwork(graph.session(), array_inputs, rule, temperature, patches)
        case _:
            assert_never(config)
    return saved.around(network)
