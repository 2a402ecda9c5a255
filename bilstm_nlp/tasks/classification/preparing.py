"""The preparation of a classifier's training: codec and model of its training data."""

from __future__ import annotations

from typing import Any

import torch

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.classification import embedders
from bilstm_nlp.tasks.classification.codec import ClassificationCodec, classes_of
from bilstm_nlp.tasks.classification.ends import InputEnd
from bilstm_nlp.tasks.classification.model import class_weights, model
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.prepared import PreparedClassification
from bilstm_nlp.tasks.classification.requirements import check
from bilstm_nlp.tasks.classification.torch_network import TorchNetwork


def fitted(config: ClassificationConfig, end: InputEnd[Any]) -> PreparedClassification:
    """Read the data, seed, fit the codec, and make the untrained model."""
    data = end.load()
    torch.manual_seed(config.seed)
    classes = classes_of(data.train.examples)
    check(config, data, classes)
    inputs, embedder = embedders.fit(end, data.train.inputs)
    codec = ClassificationCodec(classes, inputs)
    for part in (data.dev, data.test):
        if part is not None:
            codec.gold(part)  # names an unknown class before anything is trained
    weights = class_weights(config.head, classes, codec.gold(data.train))
    with allocating("making the model", "size of the encoder or of embeddings"):
        made = model(config, embedder, len(classes), weights)
    return PreparedClassification(config, end, data, codec, made)


def trained(config: ClassificationConfig, classifier: Classifier) -> PreparedClassification:
    """Put a trained classifier, whose network is one of torch, in the place of the one that would be fitted."""
    assert isinstance(classifier.network, TorchNetwork)
    end = classifier.end
    return PreparedClassification(config, end, end.load(), classifier.codec, classifier.network.model)
