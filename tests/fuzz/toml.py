"""Values as TOML, also values that JSON lacks."""

from __future__ import annotations

import json
from datetime import date, datetime, time


class Raw(str):
    """A text that is written into TOML unchanged."""

    def __repr__(self) -> str:
        return f"Raw({self[:9]}…, {len(self)} characters)"


def toml(value: object) -> str:
    """Return a value as one line of TOML."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else str(value)


def quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f") if text.isascii() else json.dumps(text, ensure_ascii=False)


def document(values: dict[str, object]) -> str:
    """Return a whole file, with a line for each key."""
    return "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in values.items())
