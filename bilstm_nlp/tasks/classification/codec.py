"""The codec of a classifier: the classes of the training data, and the codec of its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.errors import DataError, RunError, excerpt, listed
from bilstm_nlp.tasks.classification.ends import InputCodec, Labelled, Part

T = TypeVar("T")
CLASSES_SHOWN = 20
"""Classes that a message lists."""


class _ClassesFile(BaseModel):
    """The `classes` of codec.json."""

    model_config = ConfigDict(strict=True)

    classes: Annotated[list[str], Field(min_length=1)]


@dataclass(frozen=True)
class ClassificationCodec(Generic[T]):
    """The classes of a classifier, and its input."""

    classes: tuple[str, ...]
    """In the order of the scores."""
    inputs: InputCodec[T]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.classes)}

    def gold(self, part: Part[T]) -> NDArray[np.bool_]:
        """Return the (N, K) classes of the sequences of a part.

        Raises `DataError` for a class that the training data don't have.
        """
        flags = np.zeros((len(part.examples), len(self.classes)), bool)
        for row, example in enumerate(part.examples):
            for name in example.classes:
                if name not in self._number:
                    expected = f"classes of the training data, {listed(list(self.classes), most=CLASSES_SHOWN)}"
                    raise DataError(example.source, expected, repr(name), example.line)
                flags[row, self._number[name]] = True
        return flags

    def to_json(self) -> dict[str, Any]:
        """Return the content of codec.json."""
        return {"classes": list(self.classes), "input": self.inputs.to_json()}

    def tensors(self) -> Mapping[str, AnyArray]:
        """Return the content of codec.safetensors."""
        return self.inputs.tensors()


def classes_of(examples: Sequence[Labelled[Any]]) -> tuple[str, ...]:
    """List the classes of the training data: numbers by their size, then all others by their letters.

    >>> classes_of([Labelled("a", ("10",), "a.txt", 1), Labelled("b", ("9", "no"), "a.txt", 2)])
    ('9', '10', 'no')
    """
    names = {name for example in examples for name in example.classes}
    return tuple(sorted(names, key=lambda name: (0, int(name), name) if _is_number(name) else (1, 0, name)))


def _is_number(name: str) -> bool:
    """Tell whether a class is a whole number."""
    return name.isascii() and name.isdecimal() and len(name) <= 9


def saved_classes(values: object) -> tuple[str, ...]:
    """Read the classes of codec.json. Raises `RunError` if they are missing or wrong."""
    try:
        classes = tuple(_ClassesFile.model_validate(values).classes)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        place = ".".join(map(str, detail["loc"]))
        raise RunError(f"codec.json: {place}: {detail['msg']}, found {excerpt(repr(detail['input']))}") from None
    if len(set(classes)) != len(classes):
        raise RunError("codec.json: expected each class once, found some again")
    return classes
