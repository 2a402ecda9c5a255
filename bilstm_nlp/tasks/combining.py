"""What runs must share to predict as one, whatever they predict. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from pydantic import BaseModel

from bilstm_nlp.batch import Ints
from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.errors import InputError, listed
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine

PARTS = ("train", "dev", "test", "fraction", "held_out")
"""Keys of the data section that may differ."""


class Parts(Protocol):
    """The parts of the data section of a config."""

    @property
    def train(self) -> object: ...

    @property
    def dev(self) -> object: ...

    @property
    def test(self) -> object: ...


def check_mean(combine: Combine, models: str) -> None:
    """Raise `InputError` for another combination than the mean."""
    if combine != "mean":
        raise InputError(f"combine: expected mean for {models}, found {combine!r}")


def check_alike(members: Sequence[Member], readings: Sequence[Mapping[str, Any]]) -> None:
    """Raise `InputError` for a run that reads files otherwise than the first. `readings` has the settings of each."""
    first, expected = members[0], readings[0]
    for member, reading in zip(members, readings, strict=True):
        for key in {**expected, **reading}:
            if expected.get(key) != reading.get(key):
                raise InputError(
                    f"{member.name}: expected {key} {expected.get(key)}, as {first.name} has, found {reading.get(key)}"
                )


def check_common_part(members: Sequence[Member], parts: Sequence[str]) -> None:
    """Raise `InputError` unless all runs are scored on the same part by default. `parts` describes that of each."""
    for member, part in zip(members, parts, strict=True):
        if part != parts[0]:
            raise InputError(
                f"{member.name}: expected the data of {members[0].name}, {parts[0]}, found {part}; "
                "--data names a file to score on"
            )


def reading_of(data: BaseModel) -> dict[str, Any]:
    """Return the settings of a data section that say how files are read, by dotted key."""
    return {f"data.{key}": value for key, value in data.model_dump().items() if key not in PARTS}


def scored_part(data: Parts, seed: int) -> str:
    """Describe the part that a run is scored on by default: the test part, or the development part without one."""
    if data.test is not None:
        return f"{data.test}"
    if isinstance(data.dev, DevShare):
        return f"{data.dev.share:g} by seed {seed if data.dev.seed is None else data.dev.seed} of {data.train}"
    return f"{data.dev}"


def order_of(expected: Sequence[str], found: Sequence[str], what: str, name: str, first: str) -> Ints:
    """Return the (K,) number in `found` of each of the `expected` classes or labels of a run.

    >>> order_of(["no", "yes"], ["yes", "no"], "classes", "runs/b", "runs/a").tolist()
    [1, 0]

    Raises `InputError` if they are not the same.
    """
    missing, further = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or further:
        differences = [*(f"none of {name}" for name in missing), *(f"{name} besides" for name in further)]
        raise InputError(f"{name}: expected the {what} of {first}, found {listed(differences)}")
    return np.array([found.index(label) for label in expected], np.int64)
