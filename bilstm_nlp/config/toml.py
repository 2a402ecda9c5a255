"""Values as TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def toml(value: Any) -> str:
    """Write a value as TOML, tables in a line.

    >>> print(toml({"kind": "last", "levels": [0.1, True], "of": ("a",)}))
    { kind = "last", levels = [0.1, true], of = ["a"] }
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str):
        # A string of JSON is one of TOML, but for the control character DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)  # a date
