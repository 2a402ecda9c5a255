"""From a config to a labeller: the layers of its model, and the weights of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, assert_never

import numpy as np
import torch
from torch import Tensor

from bilstm_nlp.batch import Ints, SequenceBatch
from bilstm_nlp.config.labelling import LabelCrfConfig, LabellingConfig, LabelSoftmaxConfig
from bilstm_nlp.errors import ConfigError, listed
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.sequence_embedder import SequenceSteps
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tasks.base import Restored
from bilstm_nlp.tasks.labelling.codec import LABELS_SHOWN, LabellingCodec
from bilstm_nlp.tasks.labelling.saved import SavedLabeller
from bilstm_nlp.tasks.layers import attention, encoder
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork

LabellingModel = Model[SequenceBatch[Tensor], Tensor]


def restored(config: LabellingConfig, codec: object) -> Restored:
    """Make the labeller of a saved run, before its weights are loaded. Raises `RunError` for a damaged codec."""
    saved = SavedLabeller.of(config, codec)
    untrained = model(config, saved.codec)
    return Restored(saved.around(TorchStepNetwork(untrained)), untrained)


def model(config: LabellingConfig, codec: LabellingCodec, weights: Tensor | None = None) -> LabellingModel:
    """Make the model over a codec's columns. `weights` (K,) are those of labels in the loss of a softmax head."""
    embedder = SequenceSteps(codec.inputs.features)
    # A step has few columns. Dropping one would leave nothing to read of it in a whole sequence.
    shared = encoder(config.encoder, embedder.outputs, input_dropout=0.0, output_dropout=config.encoder.dropout)
    chain = LinearChainCrf(len(codec.labels))
    return Model(
        embedder, shared, attention(config.attention, shared.outputs), _head(config, shared.outputs, chain, weights)
    )


def _head(config: LabellingConfig, inputs: int, chain: LinearChainCrf, weights: Tensor | None) -> CrfHead | SoftmaxHead:
    """Make the output end for states of size `inputs`."""
    match config.head:
        case LabelCrfConfig():
            return CrfHead(inputs, chain)
        case LabelSoftmaxConfig():
            return SoftmaxHead(inputs, chain, weights)
        case unknown:
            assert_never(unknown)


def label_weights(head: LabelCrfConfig | LabelSoftmaxConfig, labels: tuple[str, ...], gold: Ints) -> Tensor | None:
    """Return the (K,) weight of each label, of training labels (N,); None if all are the same.

    Raises `ConfigError` for weights of labels that the training data don't have.
    """
    match head:
        case LabelCrfConfig():
            return None
        case LabelSoftmaxConfig(class_weights=chosen):
            return None if chosen is None else torch.tensor(_weights(chosen, labels, gold))
        case _:
            assert_never(head)


def _weights(chosen: Literal["balanced"] | Mapping[str, float], labels: tuple[str, ...], gold: Ints) -> list[float]:
    if chosen == "balanced":
        counts = np.bincount(gold, minlength=len(labels))
        balanced: list[float] = (len(gold) / (len(labels) * counts)).tolist()
        return balanced
    if unknown := [label for label in chosen if label not in labels]:
        expected = f"labels of the training data, {listed(list(labels), most=LABELS_SHOWN)}"
        raise ConfigError("config", [f"head.class_weights: expected {expected}, found {', '.join(unknown)}"])
    return [chosen.get(label, 1.0) for label in labels]
