"""From sequences of a file to scaled numbers and label ids, and back to labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveFloat, model_validator

from bilstm_nlp.batch import AnyArray, Floats
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Reading, Roles, SequenceFormat
from bilstm_nlp.errors import excerpt
from bilstm_nlp.system.json_values import checked

Scaler: TypeAlias = Literal["standard", "sequence", "none"]


class RolesFile(BaseModel):
    """The columns in codec.json."""

    model_config = ConfigDict(strict=True)

    id: str | None
    step: str | None
    label: str | None
    values: list[str]


class CodecFile(BaseModel):
    """The keys of codec.json and their types."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    reading: Literal["class", "steps"]
    scaler: Scaler
    roles: RolesFile
    mean: list[float]
    deviation: list[PositiveFloat]
    labels: list[str]

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `ValueError` for lists that do not fit together, and for labels that are not sorted."""
        if not len(self.roles.values) == len(self.mean) == len(self.deviation) > 0:
            counts = f"{len(self.roles.values)}, {len(self.mean)} and {len(self.deviation)}"
            raise ValueError(f"expected as many columns, means and deviations, found {counts}")
        if not self.labels or sorted(set(self.labels)) != self.labels:
            raise ValueError(f"expected distinct labels in order, found {excerpt(repr(self.labels))}")
        return self


@dataclass(frozen=True, eq=False)
class SequenceCodec:
    """The columns, their scales, and the labels of the training data.

    >>> sequence = LabelledSequence("a", "a.csv", 2, np.array([[1.0], [3.0]]), ("on", "off"), np.array([2, 3]))
    >>> codec = SequenceCodec.fit([sequence], Roles("id", None, "state", ("speed",)), "steps", "standard")
    >>> codec.labels, codec.encode([sequence]).values.tolist()
    (('off', 'on'), [[-1.0], [1.0]])
    """

    reading: Literal["class", "steps"]
    """The meaning of labels: a class for each sequence, or a label for each step."""
    scaler: Scaler
    roles: Roles
    mean: Floats
    """(F,) of each column over all training steps; 0 unless the scaler is `standard`."""
    deviation: Floats
    """(F,) above 0; 1 unless the scaler is `standard`, and for a constant column."""
    labels: tuple[str, ...]
    """The K labels or classes of training, sorted."""

    @classmethod
    def fit(
        cls,
        sequences: Sequence[LabelledSequence],
        roles: Roles,
        reading: Literal["class", "steps"],
        scaler: Scaler,
    ) -> SequenceCodec:
        """Take columns, scales and labels of training sequences, of which there is at least one."""
        features = len(roles.values)
        mean, deviation = np.zeros(features), np.ones(features)
        if scaler == "standard":
            mean, deviation = _moments(np.concatenate([sequence.values for sequence in sequences]))
        labels = {label for sequence in sequences for label in sequence.labels or ()}
        return cls(reading, scaler, roles, mean, deviation, tuple(sorted(labels)))

    def format(self, settings: SequenceFormat, reading: Reading) -> SequenceFormat:
        """Return the layout of further files: that of training with the columns that it had."""
        return replace(settings.with_roles(self.roles), reading=reading)

    def encode(self, sequences: Sequence[LabelledSequence], with_labels: bool = False) -> EncodedSequences:
        """Scale the numbers of sequences, and number their labels. Raises `ValueError` for a label that is unknown."""
        values = [self._scaled(sequence.values).astype(np.float32) for sequence in sequences]
        offsets = np.cumsum([0, *map(len, values)])
        flat = np.concatenate(values) if values else np.zeros((0, len(self.roles.values)), np.float32)
        if not with_labels:
            return EncodedSequences(offsets, flat)
        ids = {label: number for number, label in enumerate(self.labels)}
        unknown = next((label for each in sequences for label in each.labels or () if label not in ids), None)
        if unknown is not None:
            raise ValueError(f"Labels must be those of training. Got {unknown!r} instead.")
        numbers = np.array([ids[label] for each in sequences for label in each.labels or ()], np.int64)
        if self.reading == "class":
            return EncodedSequences(offsets, flat, classes=numbers)
        return EncodedSequences(offsets, flat, tags=numbers)

    def _scaled(self, values: Floats) -> Floats:
        """Scale the values (T, F) of a sequence."""
        mean, deviation = _moments(values) if self.scaler == "sequence" else (self.mean, self.deviation)
        scaled: Floats = (values - mean) / deviation
        return scaled

    def to_json(self) -> dict[str, Any]:
        """Return the content of codec.json."""
        return {
            "reading": self.reading,
            "scaler": self.scaler,
            "roles": {**vars(self.roles), "values": list(self.roles.values)},
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
            "labels": list(self.labels),
        }

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return the content of codec.safetensors: nothing."""
        return {}

    @classmethod
    def from_json(cls, values: object) -> SequenceCodec:
        """Restore a codec. Raises `RunError` for values that are no codec of sequences."""
        file = checked(CodecFile, values, "codec.json")
        roles = Roles(file.roles.id, file.roles.step, file.roles.label, tuple(file.roles.values))
        mean, deviation = np.array(file.mean), np.array(file.deviation)
        return cls(file.reading, file.scaler, roles, mean, deviation, tuple(file.labels))


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the standard deviation (F,) of values (N, F); 1 for the deviation of a constant column."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    # Rounding leaves a constant column a deviation of some 1e-16 of its size.
    constant = deviation <= 1e-12 * np.abs(values).max(axis=0)
    return mean, np.where(constant, 1.0, deviation)
