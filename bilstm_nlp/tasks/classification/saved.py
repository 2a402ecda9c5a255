"""The classifier of saved files: its classes and codec, around a network of any engine. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.tasks.classification.codec import ClassificationCodec, saved_classes
from bilstm_nlp.tasks.classification.ends import InputEnd
from bilstm_nlp.tasks.classification.inputs import classifier_of, input_end
from bilstm_nlp.tasks.classification.network import ClassificationNetwork
from bilstm_nlp.tasks.classification.predictor import Classifier


@dataclass(frozen=True)
class SavedClassifier:
    """All of a saved classifier but its network."""

    config: ClassificationConfig
    end: InputEnd[Any]
    codec: ClassificationCodec[Any]

    @classmethod
    def of(cls, config: ClassificationConfig, values: object, arrays: Mapping[str, AnyArray]) -> Self:
        """Read the content of codec.json and codec.safetensors. Raises `RunError` for a damaged codec."""
        classes = saved_classes(values)
        end = input_end(config)
        inputs = end.restored(values.get("input") if isinstance(values, dict) else None, arrays)
        return cls(config, end, ClassificationCodec(classes, inputs))

    def around(self, network: ClassificationNetwork) -> Classifier:
        """Return the classifier with a network."""
        return classifier_of(self.config, self.end, network, self.codec)
