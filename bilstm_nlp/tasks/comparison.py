"""Examples for comparisons: some units of the development part with a model's predictions. Knows no torch.

A finished run stores its examples in trial.json and trial.safetensors. A comparison reads them back and shows the units
on which the variants disagree.

To add a task, write a class that is an `Examples`, in a module that imports no torch, and name it in
`registry.examples_of`. A task that shows no examples names `NoExamples`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.config.sections import Section
from bilstm_nlp.errors import RunError
from bilstm_nlp.reports.sections import Table


class StoredArrays:
    """Arrays of a file by name; each is read with the type and shape that it was written with."""

    def __init__(self, place: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """`place` is the file's name in messages."""
        self.place, self.arrays = place, arrays

    def get(self, name: str, kind: type[np.floating[Any]], *shape: int | None) -> NDArray[Any]:
        """Return the array `name`. In `shape`, `None` stands for any length above 0.

        Raises `RunError` if the array is missing or has another type or shape.
        """
        array = self.arrays.get(name)
        if array is None or array.dtype != kind or not _has_shape(array, shape):
            wanted = ", ".join("any" if length is None else str(length) for length in shape)
            there = "none" if array is None else f"{array.dtype} {array.shape}"
            raise RunError(f"{self.place}: expected {name} as {kind.__name__} ({wanted}), found {there}")
        return array

    def amounts(self, name: str, length: int | None = None) -> NDArray[np.float64]:
        """Return the counts or errors `name`, (N,); those of a model that diverged may be NaN or infinite.

        Raises `RunError` as `get` does, and if a value is negative.
        """
        values = self.get(name, np.float64, length)
        if (values < 0).any():
            raise RunError(f"{self.place}: expected nothing below 0 in {name}, found {values[values < 0][0]}")
        return values


def _has_shape(array: NDArray[Any], shape: Sequence[int | None]) -> bool:
    if array.ndim != len(shape):
        return False
    return all(
        length > 0 if wanted is None else length == wanted for length, wanted in zip(array.shape, shape, strict=True)
    )


@dataclass(frozen=True)
class View:
    """A task's part of report.html: a script that draws its disagreements, and the style for it.

    The script defines `disagreementView(report)`; studies/compare/web/disagreements.js says what that returns.
    """

    script: str
    style: str


class Disagreement(Protocol):
    """A unit on which the variants disagree: a dataclass, whose fields are written to report.json."""

    @classmethod
    def tables(cls, disagreements: Sequence[Self], measure: str) -> list[Table]:
        """Return tables of disagreements for report.md; `measure` is the measure's title."""
        ...


class Examples(Protocol):
    """Units of the development part with one model's predictions, in the order of the data.

    All models of a comparison have the same units, in the same order.
    """

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        """Read the examples from what `fields` (as JSON) and `arrays` wrote, with the errors by one measure.

        Raises pydantic's `ValidationError` for other fields and `RunError` for other arrays.
        """
        ...

    @classmethod
    def view(cls) -> View | None:
        """Return the task's part of report.html; `None` for a plain table of each disagreement."""
        ...

    @property
    def units(self) -> Sequence[object]:
        """Return the identity of each unit. Runs can be compared only if their units are equal."""
        ...

    def fields(self) -> dict[str, Any]:
        """Return the examples' own keys of trial.json."""
        ...

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the examples' own arrays of trial.safetensors."""
        ...

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> Sequence[Disagreement]:
        """Return at most `limit` units on which the variants disagree, the largest disagreement first.

        `examples` are those of each variant, with equal `units`. Of two equal disagreements, the first in the data
        comes first.
        """
        ...


class NoExamples:
    """The examples of a task that shows none."""

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        Section.model_validate_json(fields)  # refuses all keys
        return cls()

    @classmethod
    def view(cls) -> None:
        return None

    @property
    def units(self) -> Sequence[object]:
        return ()

    def fields(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> Sequence[Disagreement]:
        return ()
