"""The inputs of classifiers: from a config to the input end, and to the classifier that reads it."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.tasks.classification.codec import ClassificationCodec
from bilstm_nlp.tasks.classification.ends import InputEnd
from bilstm_nlp.tasks.classification.model import ClassificationModel
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.text import TextEnd
from bilstm_nlp.tasks.classification.text_classifier import TextClassifier


def input_end(config: ClassificationConfig) -> InputEnd[Any]:
    """Return the input end of a config."""
    return TextEnd(config)


def threshold_of(config: ClassificationConfig) -> float | None:
    """Return the least probability of a class that is predicted; None where a sequence has one class."""
    return None if config.head.kind == "softmax" else config.head.threshold


def classifier_of(
    config: ClassificationConfig, end: InputEnd[Any], model: ClassificationModel, codec: ClassificationCodec[Any]
) -> Classifier:
    """Return the classifier of a model."""
    assert isinstance(end, TextEnd)
    return TextClassifier(model, codec, end, threshold_of(config))
