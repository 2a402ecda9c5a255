"""The inputs of classifiers: from a config to the input end, and to the classifier that reads it.

Modules of series are imported where they are used: a classifier of texts needs no pandas.
"""

from __future__ import annotations

from typing import Any, assert_never

from bilstm_nlp.config.classification import ClassificationConfig, SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.tasks.classification.codec import ClassificationCodec
from bilstm_nlp.tasks.classification.ends import InputEnd
from bilstm_nlp.tasks.classification.network import ClassificationNetwork
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.text import TextEnd
from bilstm_nlp.tasks.classification.text_classifier import TextClassifier


def input_end(config: ClassificationConfig) -> InputEnd[Any]:
    """Return the input end of a config."""
    match config:
        case TextClassificationConfig():
            return TextEnd(config)
        case SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.series import SeriesEnd

            return SeriesEnd(config)
        case _:
            assert_never(config)


def threshold_of(config: ClassificationConfig) -> float | None:
    """Return the least probability of a class that is predicted; None where a sequence has one class."""
    return None if config.head.kind == "softmax" else config.head.threshold


def classifier_of(
    config: ClassificationConfig, end: InputEnd[Any], network: ClassificationNetwork, codec: ClassificationCodec[Any]
) -> Classifier:
    """Return the classifier of a network."""
    match config:
        case TextClassificationConfig():
            assert isinstance(end, TextEnd)
            return TextClassifier(network, codec, end, threshold_of(config))
        case SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.series import SeriesEnd
            from bilstm_nlp.tasks.classification.series_classifier import SeriesClassifier

            assert isinstance(end, SeriesEnd)
            return SeriesClassifier(network, codec, end, threshold_of(config))
        case _:
            assert_never(config)
