"""From TOML files to one checked config, and back to JSON: every problem at once."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Tag, TypeAdapter, ValidationError

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.shipped import config_file
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.system.json_values import levels

Config: TypeAlias = TaggingConfig | ForecastingConfig


def task_of(values: Any) -> Any:
    """Which config the values are meant for: tagging, where they don't say."""
    return values.get("task", "tagging") if isinstance(values, dict) else values.task


ADAPTER: TypeAdapter[Config] = TypeAdapter(
    Annotated[
        Annotated[TaggingConfig, Tag("tagging")] | Annotated[ForecastingConfig, Tag("forecasting")],
        Discriminator(task_of),
    ]
)


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file, apply `KEY=VALUE` overrides (VALUE in TOML; what is not TOML is a string), check the whole.

    Raises `ConfigError` with every problem at once.
    """
    values = read_toml(path)
    problems = [problem for override in overrides if (problem := apply(values, override))]
    return parse(values, str(path), problems)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises `ConfigError`."""
    try:
        return values_of(config_file(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.toml")], n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ConfigError(str(path), [f"expected a TOML file, found nothing there{hint}"]) from None
    except IsADirectoryError:
        raise ConfigError(str(path), ["expected a TOML file, found a directory"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), [f"expected UTF-8 text, found byte {error.object[error.start]:#x}"]) from None
    except NotToml as error:
        raise ConfigError(str(path), [f"not valid TOML: {error}"]) from None
    except OSError as error:
        raise ConfigError(str(path), [f"could not be read: {error.strerror}"]) from None
    except ValueError:  # a name that no file has
        raise ConfigError(str(path), ["expected a TOML file, found a name with NUL in it"]) from None


class NotToml(Exception):
    """A text that is no TOML, or more than anybody means by it; the message says why."""


def values_of(text: str) -> dict[str, Any]:
    """The tables of a text. Raises `NotToml`."""
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise NotToml(f"expected values at most {MOST_LEVELS} deep, found deeper ones") from None
    except ValueError as error:  # a number of too many digits is none of tomllib's own errors
        raise NotToml(str(error)) from None
    if (problem := excess(values)) is not None:
        raise NotToml(problem)
    return values


MOST_LEVELS = 40
"""Tables in tables; a config has four."""
MOST_BITS = 64
"""Of a whole number, as TOML has it."""


def excess(values: Any) -> str | None:
    """What in nested values is deeper than can be walked, or larger than can be shown; None where nothing is."""
    for number, level in enumerate(levels(values, MOST_LEVELS + 1)):
        if number == MOST_LEVELS:
            return f"expected values at most {MOST_LEVELS} deep, found deeper ones"
        for value in level:
            if isinstance(value, int) and value.bit_length() > MOST_BITS:
                return f"expected whole numbers of at most {MOST_BITS} bits, found one of {value.bit_length()}"
    return None


def apply(values: Any, override: str) -> str | None:
    """Put one `KEY=VALUE` into nested `values`, in place; returns what is wrong with it, if anything."""
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        return f"--set {override}: expected KEY=VALUE with a dotted key, such as encoder.cell=gru"
    try:
        value = values_of(f"value = {text}")["value"]
    except NotToml:
        value = text
    if len(parts) > MOST_LEVELS:
        return f"--set {override}: expected a key of at most {MOST_LEVELS} parts, found {len(parts)}"
    for part in parts[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            return f"--set {override}: {part} is a value, not a table, in the file"
    values[parts[-1]] = value
    return None


def parse(values: dict[str, Any], source: str, problems: Sequence[str] = ()) -> Config:
    """Check nested values against the schema; `problems` found before are reported with those found here."""
    if (problem := excess(values)) is not None:
        raise ConfigError(source, [*problems, problem])
    try:
        config = ADAPTER.validate_python(values)
    except ValidationError as error:
        known = list(dotted_keys(task_of(values)))
        found = [describe(dict(detail), values, known) for detail in error.errors(include_url=False)]
        raise ConfigError(source, [*problems, *found]) from None
    if problems:
        raise ConfigError(source, list(problems))
    return config


def describe(detail: dict[str, Any], values: dict[str, Any], known: list[str]) -> str:
    """One problem in one line: dotted key, rule, what was found, near miss."""
    # pydantic names the member of a union in its path (head, crf, size); the file has no such level.
    parts: list[str] = []
    level: Any = values
    for index, part in enumerate(detail["loc"]):
        last = index == len(detail["loc"]) - 1
        inside = part in level if isinstance(level, dict) else isinstance(level, list) and part in range(len(level))
        if inside:
            level = level[part]
        if inside or (last and detail["type"] == "missing"):
            parts.append(str(part))
    key = ".".join(parts)
    match detail["type"]:
        case "missing":
            return f"{key}: required, but it is not there"
        case "extra_forbidden" if key in known:  # of another kind of the same table
            table, kind = key.rpartition(".")[0], detail["loc"][-2]
            return (
                f"{key}: unknown key where {table}.kind is {kind}; {table}={{kind='{kind}'}} replaces the whole table"
            )
        case "extra_forbidden":
            elsewhere = sorted((k for k in known if k.rpartition(".")[2] == parts[-1]), key=lambda k: k.count("."))
            near = elsewhere or difflib.get_close_matches(key, known, n=1, cutoff=0.6)
            return f"{key}: unknown key" + (f"; did you mean {near[0]}?" if near else "")
        case "union_tag_invalid":
            expected = detail["ctx"]["expected_tags"].replace("'", "")
            return f"{key + '.kind' if parts else 'task'}: expected one of {expected}, found {detail['ctx']['tag']!r}"
        case "union_tag_not_found":
            return f"{key}.kind: required, to tell which {parts[-1]} is meant" if parts else "task: expected a string"
        case "between_keys":
            return f"{key}.{detail['ctx']['key']}: expected {detail['msg']}"
        case _:
            rule = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, expected ")
            return f"{key}: expected {rule}, found {detail['input']!r}"


def dotted_keys(task: str) -> Iterator[str]:
    """Every key that a config of a task can have, with its tables: `encoder.cell`. None for an unknown task."""
    schema = json_schema()

    def walk(node: dict[str, Any], prefix: str) -> Iterator[str]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        if not prefix and node.get("properties", {}).get("task", {}).get("const", task) != task:
            return
        for member in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
            yield from walk(member, prefix)
        for name, child in node.get("properties", {}).items():
            yield prefix + name
            yield from walk(child, f"{prefix}{name}.")

    return iter(dict.fromkeys(walk(schema, "")))


@cache
def json_schema() -> dict[str, Any]:
    """The JSON Schema itself; it takes longer to make than a file to read."""
    return ADAPTER.json_schema()


def to_json(config: Config) -> dict[str, Any]:
    """The whole resolved config, defaults included: enough to repeat the run. `parse` is the way back."""
    values = ADAPTER.dump_python(config, mode="json")
    assert isinstance(values, dict)
    return values


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys."""
    pairs: dict[str, Any] = {}
    for key, value in values.items():
        pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return pairs


def schema() -> str:
    """The JSON Schema of a config file, for editors that complete and check TOML."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
