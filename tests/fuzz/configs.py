"""Configs made from their own schema, and configs with wrong values anywhere."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import strategies as st

from bilstm_nlp.config import schema
from tests.fuzz.toml import Raw

SCHEMA: dict[str, Any] = json.loads(schema())
TASKS = {"tagging": "TaggingConfig", "forecasting": "ForecastingConfig"}


@st.composite
def right(draw: st.DrawFn, node: dict[str, Any] | None = None) -> Any:
    """Draw a value that the schema allows, with some of the optional keys."""
    if node is None:
        node = SCHEMA["$defs"][TASKS[draw(st.sampled_from(sorted(TASKS)))]]
    if "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rpartition("/")[2]]
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return draw(st.sampled_from(node["enum"]))
    if members := node.get("anyOf") or node.get("oneOf"):
        return draw(right(draw(st.sampled_from([member for member in members if member.get("type") != "null"]))))
    match node["type"]:
        case "object" if "properties" not in node:  # keys of the user's own
            keys = st.sampled_from(["a", "PER", "city", "embedder", "字"])
            return draw(st.dictionaries(keys, right(node["additionalProperties"]), max_size=2))
        case "object":
            needed = {*node.get("required", ()), *({"kind", "task"} & node["properties"].keys())}
            names = [name for name in node["properties"] if name in needed or draw(st.booleans())]
            return {name: draw(right(node["properties"][name])) for name in names}
        case "array" if "prefixItems" in node:
            return [draw(right(item)) for item in node["prefixItems"]]
        case "array":
            return draw(st.lists(right(node["items"]), min_size=node.get("minItems", 0), max_size=3))
        case "boolean":
            return draw(st.booleans())
        case "integer":
            low = node.get("minimum", -5)
            return draw(st.integers(low, node.get("maximum", 10**9)) | st.integers(low, low + 9))
        case "number":
            low, high = (node.get(key, node.get(f"exclusive{key.title()}")) for key in ("minimum", "maximum"))
            exclusive = {"exclude_min": "exclusiveMinimum" in node, "exclude_max": "exclusiveMaximum" in node}
            return draw(st.floats(low, high, allow_nan=False, allow_infinity=False, **exclusive))
        case "string" if node.get("format") == "date":
            return draw(st.dates())
        case "string" if node.get("format") == "date-time":
            return draw(st.datetimes(timezones=st.none() | st.just(UTC)))
        case "string":
            return draw(st.sampled_from(["x", "a/b.conll", "sample:energy.csv", "hf:x:train", "utf-8", "h", "字"]))
    raise AssertionError(node)


HUGE = Raw("0x" + "f" * 6000)
"""Python limits the digits of decimal numbers only; this number fails when it is printed."""
VALUES: list[Any] = [
    0,
    -1,
    1,
    2**31,
    2**63,
    2**64,
    HUGE,
    Raw("9" * 5000),
    Raw("[" * 3000 + "]" * 3000),
    Raw("{a = " * 3000 + "1" + "}" * 3000),
    -0.0,
    0.5,
    1e308,
    float("inf"),
    float("-inf"),
    float("nan"),
    True,
    "",
    "\0",
    "a\nb",
    "\u2028\u202e",
    "~nobody/x",
    "~",
    "x" * 5000,
    "crf",
    "tagging",
    "NaN",
    "1e999",
    [],
    [[]],
    [1, 2],
    [0.1, 0.5, 0.9],
    ["a", 1],
    {},
    {"kind": "crf"},
    {"kind": []},
    {"kind": {"kind": 1}},
    {"kind": HUGE},
    {"a": {"b": {"c": 1}}},
    date(1, 1, 1),
    date(9999, 12, 31),
    datetime(2020, 2, 29, 12, 30, 1, 5),
    datetime(2020, 1, 1, tzinfo=UTC),
    time(23, 59),
]
KEYS = ["", "kind", "task", "a\nb", "\u2028", "\0", "a.b", "x" * 500, "字", "heads", "hidden", "seed"]


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each value in nested values."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


@st.composite
def wrong(draw: st.DrawFn, values: Any, odd: tuple[Any, ...] = tuple(VALUES)) -> Any:
    """Draw nested values with a few values changed, dropped or added."""
    values = copy.deepcopy(values)
    for _ in range(draw(st.integers(0, 3))):
        paths = [*places(values)]
        if not paths:
            return draw(st.sampled_from(odd))
        *above, key = draw(st.sampled_from(paths))
        table = values
        for part in above:
            table = table[part]
        value = copy.deepcopy(draw(st.sampled_from(odd)))
        match draw(st.sampled_from(["change", "change", "drop", "add"])):
            case "change":
                table[key] = value
            case "drop":
                table.pop(key, None) if isinstance(table, dict) else table.pop(key)
            case "add" if isinstance(table, dict):
                table[draw(st.sampled_from(KEYS))] = value
    return values
