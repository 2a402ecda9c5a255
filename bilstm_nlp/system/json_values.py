"""JSON that can be written again."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.errors import RunError

if TYPE_CHECKING:
    from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound="BaseModel")

MOST_LEVELS = 100
"""Brackets in brackets; no file of ours has ten."""


def json_text(value: object) -> str:
    """Indented by one blank; a number that JSON does not have is a ValueError."""
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def value_of(text: str) -> Any:
    """The value of a text in JSON: what `write_json` can write, and nothing else.

    Raises `ValueError` for other text, NaN and infinities, numbers of too many digits, halves of surrogate pairs and
    what is nested too deep to be walked.
    """
    too_deep = ValueError(f"brackets more than {MOST_LEVELS} deep")
    try:
        value = json.loads(text, parse_constant=finite, parse_float=finite)
    except RecursionError:
        raise too_deep from None
    if len(list(levels(value, MOST_LEVELS + 1))) > MOST_LEVELS:
        raise too_deep
    if "\\ud" in text.lower():
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # an error of encoding is a ValueError too
    return value


def finite(text: str) -> float:
    """A number. Raises `ValueError` for one that JSON does not have."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number that JSON does not have, {text[:20]}")
    return number


def levels(value: Any, most: int) -> Iterator[list[Any]]:
    """What is nested in lists and tables, level by level, down to so many; nobody's stack is too small for it."""
    level = [value]
    for _ in range(most):
        if not level:
            return
        yield level
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = list(chain.from_iterable(inner))


def shortest(values: NDArray[np.float32]) -> Any:
    """Numbers as lists, each with as few digits as make the same float32 again: a third of the file."""
    return values.astype(str).astype(np.float64).tolist()


Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def as_json(value: object) -> Json:
    """The dataclasses below as dictionaries, arrays and tuples as lists, NaN and infinities as `None`."""
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def checked(model: type[ModelT], values: object, file: str) -> ModelT:
    """Validate the content of one of our JSON files by a pydantic model.

    Raises `RunError` for the first problem, with file, key, expected and found. A validator's own `ValueError` says
    "expected …, found …" itself.
    """
    from pydantic import ValidationError

    try:
        return model.model_validate(values)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ": ".join([file, ".".join(map(str, problem["loc"]))]) if problem["loc"] else file
        if problem["type"] == "value_error":
            raise RunError(f"{place}: {problem['msg'].removeprefix('Value error, ')}") from None
        is_missing = problem["type"] == "missing"
        rule = "a value" if is_missing else problem["msg"].removeprefix("Input should be ")
        found = "none" if is_missing else repr(problem["input"])
        raise RunError(f"{place}: expected {rule}, found {found[:60] + '…' if len(found) > 60 else found}") from None
