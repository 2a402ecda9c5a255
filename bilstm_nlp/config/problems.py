"""Descriptions of what is wrong with a config: dotted key, rule, what was found, near miss."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any


def describe(detail: dict[str, Any], values: dict[str, Any], known: list[str]) -> str:
    """Describe a problem in one line: dotted key, rule, what was found, near miss.

    `detail` is an error of pydantic, `known` the dotted keys of the schema.
    """
    message = MESSAGES.get(detail["type"], _rule_message)
    return message(_key_parts(detail, values), detail, known)


def _key_parts(detail: dict[str, Any], values: dict[str, Any]) -> list[str]:
    """Return the parts of the key that an error is about, as the file has them.

    pydantic's path also names the member of a union (head, crf, size), for which the file has no level.
    """
    path = detail["loc"]
    parts: list[str] = []
    level: Any = values
    for index, part in enumerate(path):
        is_there = part in level if isinstance(level, dict) else isinstance(level, list) and part in range(len(level))
        is_missing_key = index == len(path) - 1 and detail["type"] == "missing"
        if is_there:
            level = level[part]
        if is_there or is_missing_key:
            parts.append(str(part))
    return parts


def _missing_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a required key that is missing."""
    return f"{'.'.join(parts)}: required, but it is not there"


def _unknown_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a key that the schema does not have, or has in another kind of the same table."""
    key = ".".join(parts)
    if key in known:
        table, kind = key.rpartition(".")[0], detail["loc"][-2]
        replacing = f"{table}={{kind='{kind}'}} replaces the whole table"
        return f"{key}: unknown key where {table}.kind is {kind}; {replacing}"
    in_other_tables = [other for other in known if other.rpartition(".")[2] == parts[-1]]
    near = sorted(in_other_tables, key=lambda other: other.count(".")) or difflib.get_close_matches(key, known, n=1)
    return f"{key}: unknown key" + (f"; did you mean {near[0]}?" if near else "")


def _kind_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a kind of table, or a task, that does not exist."""
    expected = detail["ctx"]["expected_tags"].replace("'", "")
    # Within a task, the only table whose kinds differ as a whole is the config of a classifier.
    key = ".".join([*parts, "kind"]) if parts else "input" if detail["loc"] else "task"
    return f"{key}: expected one of {expected}, found {detail['ctx']['tag']!r}"


def _no_kind_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a table without its kind."""
    if not parts:
        return f"{'input' if detail['loc'] else 'task'}: expected a string"
    return f"{'.'.join(parts)}.kind: required, to tell which {parts[-1]} is meant"


def _between_keys_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a key that does not fit another key."""
    return f"{'.'.join([*parts, detail['ctx']['key']])}: expected {detail['msg']}"


def _rule_message(parts: list[str], detail: dict[str, Any], known: list[str]) -> str:
    """Describe a value that breaks the rule of its key."""
    if detail["type"] == "too_short":
        return f"{'.'.join(parts)}: expected at least {detail['ctx']['min_length']} of them, found {detail['input']!r}"
    rule = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, expected ")
    return f"{'.'.join(parts)}: expected {rule}, found {detail['input']!r}"


MESSAGES: dict[str, Callable[[list[str], dict[str, Any], list[str]], str]] = {
    "missing": _missing_message,
    "extra_forbidden": _unknown_message,
    "union_tag_invalid": _kind_message,
    "union_tag_not_found": _no_kind_message,
    "between_keys": _between_keys_message,
}
"""Type of pydantic's error → function that describes it. All other types are described by their rule."""
