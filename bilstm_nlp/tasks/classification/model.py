"""From a config to a classifier: its layers, and the weights of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.classification import (
    ClassificationConfig,
    HeadConfig,
    OneClassConfig,
    Pooling,
    SeriesClassificationConfig,
    SeveralClassesConfig,
    TextClassificationConfig,
)
from bilstm_nlp.config.readers import PatchReaderConfig
from bilstm_nlp.config.sections import EncoderConfig
from bilstm_nlp.errors import ConfigError, listed
from bilstm_nlp.nn import class_pooling
from bilstm_nlp.nn.classification_head import ClassificationHead, OneClass, SeveralClasses
from bilstm_nlp.nn.model import Embedder, Model
from bilstm_nlp.nn.sequence_embedder import SequencePatches
from bilstm_nlp.tasks.base import Restored
from bilstm_nlp.tasks.classification import embedders
from bilstm_nlp.tasks.classification.codec import CLASSES_SHOWN
from bilstm_nlp.tasks.classification.saved import SavedClassifier
from bilstm_nlp.tasks.classification.torch_network import ClassificationModel, TorchNetwork
from bilstm_nlp.tasks.layers import attention, encoder


def restored(config: ClassificationConfig, values: object, arrays: Mapping[str, AnyArray]) -> Restored:
    """Make the classifier of a saved run, before its weights are loaded. Raises `RunError` for a damaged codec."""
    saved = SavedClassifier.of(config, values, arrays)
    untrained = model(config, embedders.untrained(config, saved.codec.inputs), len(saved.codec.classes))
    return Restored(saved.around(TorchNetwork(untrained)), untrained)


def model(
    config: ClassificationConfig, embedder: Embedder[Any], classes: int, weights: Tensor | None = None
) -> ClassificationModel:
    """Make the model over an embedder. `weights` (K,) are those of the classes in the loss."""
    shared = encoder(
        config.encoder,
        embedder.outputs,
        input_dropout=_input_dropout(config),
        output_dropout=config.encoder.dropout,
    )
    reader = attention(config.attention, shared.outputs)
    head = ClassificationHead(
        pooling(config.head.pooling, config.encoder, shared.outputs),
        classes,
        outcome(config.head),
        dropout=config.head.dropout,
        weights=weights,
        state_lengths=embedder.counts if isinstance(embedder, SequencePatches) else None,
    )
    return Model(embedder, shared, reader, head)


def _input_dropout(config: ClassificationConfig) -> float:
    """Return the dropout of the encoder's input. Steps of series have few numbers, of which none is dropped."""
    match config:
        case TextClassificationConfig():
            return config.encoder.dropout
        case SeriesClassificationConfig():
            return config.encoder.dropout if isinstance(config.reader, PatchReaderConfig) else 0.0
        case _:
            assert_never(config)


def outcome(head: HeadConfig) -> OneClass | SeveralClasses:
    """Make the rule that turns scores into probabilities and into a loss."""
    match head:
        case OneClassConfig(label_smoothing=smoothing):
            return OneClass(smoothing)
        case SeveralClassesConfig(label_smoothing=smoothing):
            return SeveralClasses(smoothing)
        case _:
            assert_never(head)


def pooling(kind: Pooling, config: EncoderConfig, inputs: int) -> class_pooling.Pooling:
    """Make the pooling over states of `inputs` features."""
    match kind:
        case "last":
            return class_pooling.LastState(inputs)
        case "both-ends":
            return class_pooling.BothEnds(inputs, config.hidden)
        case "mean":
            return class_pooling.MeanState(inputs)
        case "max":
            return class_pooling.MaxState(inputs)
        case "attention":
            return class_pooling.AttentiveState(inputs)
        case _:
            assert_never(kind)


def class_weights(head: HeadConfig, classes: tuple[str, ...], gold: NDArray[np.bool_]) -> Tensor | None:
    """Return the (K,) weight of each class, of (N, K) training classes; None if all are the same.

    Raises `ConfigError` for weights of classes that the training data don't have.
    """
    if head.class_weights is None:
        return None
    if head.class_weights == "balanced":
        return torch.from_numpy(_balanced(head, gold).astype(np.float32))
    return torch.tensor(_given(head.class_weights, classes))


def _given(weights: Mapping[str, float] | Literal["balanced"], classes: tuple[str, ...]) -> list[float]:
    """Return the weight of each class. Raises `ConfigError` for a class that the training data don't have."""
    assert not isinstance(weights, str)
    if unknown := [name for name in weights if name not in classes]:
        expected = f"classes of the training data, {listed(list(classes), most=CLASSES_SHOWN)}"
        raise ConfigError("config", [f"head.class_weights: expected {expected}, found {', '.join(unknown)}"])
    return [weights.get(name, 1.0) for name in classes]


def _balanced(head: HeadConfig, gold: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the weights with which rare classes count as much as frequent ones."""
    total, counts = len(gold), gold.sum(0)
    match head:
        case OneClassConfig():
            weights: NDArray[np.float64] = total / (len(counts) * counts)
        case SeveralClassesConfig():
            weights = np.maximum(total - counts, 1) / counts
        case _:
            assert_never(head)
    return weights
