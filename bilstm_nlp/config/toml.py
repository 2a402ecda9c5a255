"""Values as TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any


def toml(value: Any) -> str:
    """Write a value as TOML, tables in a line.

    >>> print(toml({"kind": "last", "levels": [0.1, True], "of": ("a",)}))
    { kind = "last", levels = [0.1, true], of = ["a"] }
    """
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return str(value)  # a date


def _key(name: str) -> str:
    """Write a key, in quotes if needed.

    >>> _key("tag_map"), _key("B_*")
    ('tag_map', '"B_*"')
    """
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _string(name)


def _string(text: str) -> str:
    # A string of JSON is one of TOML, but for the control character DEL.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
