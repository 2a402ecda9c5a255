"""The codec of a labeller: the labels of the training data, and the codec of its sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from bilstm_nlp.batch import AnyArray, Ints
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles
from bilstm_nlp.data.labelled.sequence_codec import Scaler, SequenceCodec, SequenceCodecFile
from bilstm_nlp.errors import excerpt
from bilstm_nlp.system.json_values import checked

LABELS_SHOWN = 20
"""Labels that a message lists."""


class CodecFile(BaseModel):
    """The keys of codec.json and their types."""

    model_config = ConfigDict(strict=True)

    labels: list[str]
    input: SequenceCodecFile

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `ValueError` unless there are labels, each once."""
        if not self.labels or len(set(self.labels)) < len(self.labels):
            raise ValueError(f"expected labels, each once, found {excerpt(repr(self.labels))}")
        return self


@dataclass(frozen=True, eq=False)
class LabellingCodec:
    """The labels of training, and the columns with their scales."""

    labels: tuple[str, ...]
    """The K labels: numbers by their size, then all others by their letters."""
    inputs: SequenceCodec

    @classmethod
    def fit(cls, sequences: Sequence[LabelledSequence], roles: Roles, scaler: Scaler) -> LabellingCodec:
        """Take labels, columns and scales of training sequences, of which there is at least one."""
        labels = {label for sequence in sequences for label in sequence.labels or ()}
        return cls(tuple(in_order(labels)), SequenceCodec.fit(sequences, roles, scaler))

    def encode(self, sequences: Sequence[LabelledSequence]) -> EncodedSequences:
        """Scale the numbers of sequences."""
        return self.inputs.encode(sequences)

    def encode_with_labels(self, sequences: Sequence[LabelledSequence]) -> EncodedSequences:
        """Scale the numbers of training sequences, and number their labels."""
        numbers = [self.numbers(sequence.labels or (), self.labels) for sequence in sequences]
        return replace(self.encode(sequences), tags=np.concatenate(numbers))

    def numbers(self, labels: Sequence[str], names: Sequence[str]) -> Ints:
        """Number labels (T,) by their place in `names`."""
        number = {name: place for place, name in enumerate(names)}
        return np.array([number[label] for label in labels], np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return the content of codec.json."""
        return {"labels": list(self.labels), "input": self.inputs.to_json()}

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return the content of codec.safetensors: nothing."""
        return self.inputs.tensors()

    @classmethod
    def from_json(cls, values: object) -> LabellingCodec:
        """Restore a codec. Raises `RunError` for values that are no codec of a labeller."""
        file = checked(CodecFile, values, "codec.json")
        return cls(tuple(file.labels), SequenceCodec.of_file(file.input))


def in_order(labels: set[str]) -> list[str]:
    """Sort labels: whole numbers by their size, then all others by their letters.

    >>> in_order({"10", "9", "on", "off"})
    ['9', '10', 'off', 'on']
    """
    return sorted(labels, key=lambda label: (0, int(label), label) if label.isdecimal() else (1, 0, label))
