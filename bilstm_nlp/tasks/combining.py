"""What runs must share to predict as one, whatever they predict. Knows no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bilstm_nlp.batch import Ints
from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.errors import InputError, listed
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine

PARTS = ("train", "dev", "test", "fraction", "held_out")
"""Keys of the data section that may differ."""
Combinable = TextClassificationConfig | SeriesClassificationConfig | LabellingConfig


def check_mean(combine: Combine, models: str) -> None:
    """Raise `InputError` for another combination than the mean."""
    if combine != "mean":
        raise InputError(f"combine: expected mean for {models}, found {combine!r}")


def check_alike(members: Sequence[Member]) -> None:
    """Raise `InputError` for a run that reads files otherwise than the first, or is one of another task or input."""
    first, *others = members
    expected = _reading_of(first)
    for member in others:
        found = _reading_of(member)
        for key in {**expected, **found}:
            if expected.get(key) != found.get(key):
                raise InputError(
                    f"{member.name}: expected {key} {expected.get(key)}, as {first.name} has, found {found.get(key)}"
                )


def check_common_part(members: Sequence[Member]) -> None:
    """Raise `InputError` unless all runs have the same test part, or the same development part without one."""
    first, *others = members
    for member in others:
        if _scored(member) != _scored(first):
            raise InputError(
                f"{member.name}: expected the data of {first.name}, {_scored(first)}, found {_scored(member)}; "
                "--data names a file to score on"
            )


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


def _reading_of(member: Member) -> dict[str, Any]:
    """Return the settings of how a run reads files."""
    config = _config_of(member)
    values = {key: value for key, value in config.data.model_dump().items() if key not in PARTS}
    kind = "texts" if isinstance(config, TextClassificationConfig) else "series"
    return {"task": config.task, "input": kind, **{f"data.{key}": value for key, value in values.items()}}


def _scored(member: Member) -> str:
    """Describe the part that a run is scored on by default."""
    config = _config_of(member)
    data = config.data
    if data.test is not None:
        return f"{data.test}"
    if isinstance(data.dev, DevShare):
        seed = config.seed if data.dev.seed is None else data.dev.seed
        return f"{data.dev.share:g} by seed {seed} of {data.train}"
    return f"{data.dev}"


def _config_of(member: Member) -> Combinable:
    """Return the config of a run. Raises `InputError` for a run of another task."""
    if not isinstance(member.config, Combinable):
        raise InputError(
            f"{member.name}: expected a run of a classifier or labeller, found one of {member.config.task}"
        )
    return member.config
