"""The preparation of a labeller's training: codec and model of its training part."""

from __future__ import annotations

import numpy as np
import torch

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.errors import DataError
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.labelling.codec import LabellingCodec
from bilstm_nlp.tasks.labelling.data import LabelledParts
from bilstm_nlp.tasks.labelling.model import label_weights, model
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.prepared import PreparedLabelling
from bilstm_nlp.tasks.torch_step_network import model_of


def fitted(config: LabellingConfig, data: LabelledParts) -> PreparedLabelling:
    """Seed, fit the codec, and make the untrained model. Raises `DataError` for steps that all have one label."""
    torch.manual_seed(config.seed)
    codec = LabellingCodec.fit(data.train.sequences, data.train.roles, config.data.scaler)
    if len(codec.labels) < 2:
        raise DataError(data.train.source, "steps with at least two labels", f"{codec.labels[0]!r} alone")
    gold = np.concatenate([codec.numbers(each.labels or (), codec.labels) for each in data.train.sequences])
    weights = label_weights(config.head, codec.labels, gold)
    with allocating("making the model", "size of the encoder"):
        untrained = model(config, codec, weights)
    return PreparedLabelling(config, data, codec, untrained)


def trained(config: LabellingConfig, data: LabelledParts, labeller: Labeller) -> PreparedLabelling:
    """Take the codec and the model of a trained labeller. Raises `InputError` for a model of another engine."""
    return PreparedLabelling(config, data, labeller.codec, model_of(labeller.network))
