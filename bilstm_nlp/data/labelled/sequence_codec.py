"""From the sequences of a file to scaled numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, PositiveFloat, model_validator

from bilstm_nlp.batch import AnyArray, Floats
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Reading, Roles, SequenceFormat
from bilstm_nlp.system.json_values import checked

Scaler: TypeAlias = Literal["standard", "sequence", "none"]


class RolesFile(BaseModel):
    """The columns in codec.json."""

    model_config = ConfigDict(strict=True)

    id: str | None
    step: str | None
    label: str | None
    values: list[str]


class SequenceCodecFile(BaseModel):
    """The codec of sequences in codec.json."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    scaler: Scaler
    roles: RolesFile
    mean: list[float]
    deviation: list[PositiveFloat]

    @model_validator(mode="after")
    def check(self) -> Self:
        """Raise `ValueError` for lists that do not fit together."""
        counts = (len(self.roles.values), len(self.mean), len(self.deviation))
        if len(set(counts)) > 1 or not counts[0]:
            found = "{}, {} and {}".format(*counts)
            raise ValueError(f"expected as many columns, means and deviations, found {found}")
        return self


@dataclass(frozen=True, eq=False)
class SequenceCodec:
    """The columns of the training data and their scales.

    >>> sequence = LabelledSequence("a", "a.csv", 2, np.array([[1.0], [3.0]]), None, np.array([2, 3]))
    >>> codec = SequenceCodec.fit([sequence], Roles("id", None, "state", ("speed",)), "standard")
    >>> codec.encode([sequence]).values.tolist()
    [[-1.0], [1.0]]
    """

    scaler: Scaler
    roles: Roles
    mean: Floats
    """(F,) of each column over all training steps; 0 unless the scaler is `standard`."""
    deviation: Floats
    """(F,) above 0; 1 unless the scaler is `standard`, and for a constant column."""

    @classmethod
    def fit(cls, sequences: Sequence[LabelledSequence], roles: Roles, scaler: Scaler) -> SequenceCodec:
        """Take the columns and the scales of training sequences, of which there is at least one."""
        features = len(roles.values)
        mean, deviation = np.zeros(features), np.ones(features)
        if scaler == "standard":
            mean, deviation = _moments(np.concatenate([sequence.values for sequence in sequences]))
        return cls(scaler, roles, mean, deviation)

    @property
    def features(self) -> int:
        """The number of columns."""
        return len(self.roles.values)

    def format(self, settings: SequenceFormat, reading: Reading) -> SequenceFormat:
        """Return the layout of further files: the columns of training, unless the settings name others.

        Raises `ConfigError` for another number of columns of numbers.
        """
        return replace(settings.with_roles(self.roles), reading=reading)

    def encode(self, sequences: Sequence[LabelledSequence]) -> EncodedSequences:
        """Scale the numbers of sequences."""
        values = [self._scaled(sequence.values).astype(np.float32) for sequence in sequences]
        flat = np.concatenate(values) if values else np.zeros((0, self.features), np.float32)
        return EncodedSequences(np.cumsum([0, *map(len, values)]), flat)

    def _scaled(self, values: Floats) -> Floats:
        """Scale the values (T, F) of a sequence."""
        mean, deviation = _moments(values) if self.scaler == "sequence" else (self.mean, self.deviation)
        scaled: Floats = (values - mean) / deviation
        return scaled

    def to_json(self) -> dict[str, Any]:
        """Return the codec's part of codec.json."""
        return {
            "scaler": self.scaler,
            "roles": {**vars(self.roles), "values": list(self.roles.values)},
            "mean": self.mean.tolist(),
            "deviation": self.deviation.tolist(),
        }

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return the content of codec.safetensors: nothing."""
        return {}

    @classmethod
    def from_json(cls, values: object) -> SequenceCodec:
        """Restore a codec. Raises `RunError` for values that are no codec of sequences."""
        return cls.of_file(checked(SequenceCodecFile, values, "codec.json: input"))

    @classmethod
    def of_file(cls, file: SequenceCodecFile) -> SequenceCodec:
        """Restore a codec of its checked values."""
        roles = Roles(file.roles.id, file.roles.step, file.roles.label, tuple(file.roles.values))
        return cls(file.scaler, roles, np.array(file.mean), np.array(file.deviation))


def _moments(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean and the standard deviation (F,) of values (N, F); 1 for the deviation of a constant column."""
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    # Rounding leaves a constant column a deviation of some 1e-16 of its size.
    constant = deviation <= 1e-12 * np.abs(values).max(axis=0)
    return mean, np.where(constant, 1.0, deviation)
