"""JSON in, JSON out: only values that can be written again."""

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

MAX_DEPTH = 100
"""Brackets within brackets. None of our files has ten."""


def json_text(value: object) -> str:
    """Format `value` as JSON with an indent of one blank.

    Raises `ValueError` for NaN and infinities, which JSON does not have.

    >>> json_text({"f1": 0.5})
    '{\\n "f1": 0.5\\n}\\n'
    """
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def value_of(text: str) -> Any:
    """Parse JSON, and accept only what `json_text` can write.

    Raises `ValueError` for other text, NaN and infinities, numbers of too many digits, halves of surrogate pairs and
    more than `MAX_DEPTH` brackets within brackets.

    >>> value_of('{"f1": 0.5}')
    {'f1': 0.5}
    """
    too_deep = ValueError(f"brackets more than {MAX_DEPTH} deep")
    try:
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
    except RecursionError:
        raise too_deep from None
    if depth(value, MAX_DEPTH + 1) > MAX_DEPTH:
        raise too_deep
    check_surrogates(text, value)
    return value


def check_surrogates(text: str, value: object) -> None:
    """Raises `UnicodeEncodeError`, a `ValueError`, if `value`, read from JSON `text`, has half a surrogate pair."""
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode("utf-8")


def _finite(text: str) -> float:
    """Parse a number. Raises `ValueError` for NaN and infinities."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"a number that JSON does not have, {text[:20]}")
    return number


_NESTED = (dict, list)
"""As a tuple: a union would be made anew for each value, which takes longer than the look at the value."""
_TYPES = frozenset(_NESTED)


def levels(value: Any, limit: int) -> Iterator[list[Any]]:
    """Yield the values of each depth of nested lists and tables, outermost first, down to `limit` depths.

    Works level by level, because nested calls would overflow the stack on hostile input.

    >>> list(levels([1, [2]], 3))
    [[[1, [2]]], [1, [2]], [2]]
    """
    level = [value]
    for _ in range(limit):
        if not level:
            return
        yield level
        nested = [item for item in level if isinstance(item, _NESTED)]
        level = list(chain.from_iterable([item.values() if isinstance(item, dict) else item for item in nested]))


def depth(value: Any, limit: int) -> int:
    """Count the `levels` of a value, up to `limit`, without a list of each: a third of the time for a large vocabulary.

    >>> depth([1, [2]], 3), depth([[[[]]]], 3), depth([], 3), depth("a", 3)
    (3, 3, 1, 1)
    """
    nested: list[Any] = [value] if isinstance(value, _NESTED) else []
    for level in range(1, limit):
        if not any(nested):
            return level
        if dict in set(map(type, nested)):
            nested = [item.values() if isinstance(item, dict) else item for item in nested]
        if _TYPES.isdisjoint(map(type, chain.from_iterable(nested))):
            return level + 1
        nested = [item for item in chain.from_iterable(nested) if type(item) is list or type(item) is dict]
    return limit


def shortest(values: NDArray[np.float32]) -> Any:
    """Convert float32 numbers to nested lists with the fewest digits that round-trip: a third of the file's size.

    >>> shortest(np.array([0.1, 0.25], np.float32))
    [0.1, 0.25]
    """
    return values.astype(str).astype(np.float64).tolist()


Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def as_json(value: object) -> Json:
    """Convert dataclasses to tables, arrays and tuples to lists, and NaN and infinities to `None`.

    Raises `TypeError` for values that have no such form.

    >>> as_json((1, float("nan"), np.array([2.5])))
    [1, None, [2.5]]
    """
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
        value = "none" if is_missing else repr(problem["input"])
        raise RunError(f"{place}: expected {rule}, found {value[:60] + '…' if len(value) > 60 else value}") from None
