"""TOML files to a checked config, and back to JSON. All problems are reported at once."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast, get_args

from pydantic import ConfigDict, Discriminator, Tag, TypeAdapter, ValidationError

from bilstm_nlp.config.classification import (
    ClassificationConfig,
    SeriesClassificationConfig,
    TextClassificationConfig,
)
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.problems import describe
from bilstm_nlp.config.sections import FOLDER
from bilstm_nlp.config.shipped import config_file, is_shipped
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.system.json_values import levels

Config: TypeAlias = TaggingConfig | ForecastingConfig | ClassificationConfig | LabellingConfig


def task_of(values: Any) -> Any:
    """Return the task of nested values or of a config; without a task, tagging."""
    return values.get("task", "tagging") if isinstance(values, dict) else values.task


def input_of(values: Any) -> Any:
    """Return the input of a classifier's nested values or of its config; without an input, text."""
    return values.get("input", "text") if isinstance(values, dict) else values.input


ADAPTER: TypeAdapter[Config] = TypeAdapter(
    Annotated[
        Annotated[TaggingConfig, Tag("tagging")]
        | Annotated[ForecastingConfig, Tag("forecasting")]
        | Annotated[
            Annotated[TextClassificationConfig, Tag("text")] | Annotated[SeriesClassificationConfig, Tag("series")],
            Discriminator(input_of),
            Tag("classification"),
        ]
        | Annotated[LabellingConfig, Tag("labelling")],
        Discriminator(task_of),
    ],
    config=ConfigDict(defer_build=True),
)


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file or `sample:NAME`, apply `KEY=VALUE` overrides, and check all of it.

    VALUE is read as TOML. If that fails, it is text. Files that are not in the current folder may be beside the config.
    Raises `ConfigError` with all problems at once.

    >>> load(Path("sample:ner"), ["encoder.cell=gru"]).encoder.cell
    'gru'
    """
    values = read_toml(path)
    problems = [problem for override in overrides if (problem := apply(values, override))]
    return parse(values, str(path), problems, None if is_shipped(str(path)) else path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file, or of `sample:NAME`.

    Raises `ConfigError` for a file that can't be read, and for a name that is not there.
    """
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
    """A text that is not TOML, or that exceeds a limit. The message says why."""


def values_of(text: str) -> dict[str, Any]:
    """Return the tables of a text.

    Raises `NotToml` for a text that is not TOML or exceeds a limit.
    """
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise NotToml(f"expected values at most {MAX_LEVELS} deep, found deeper ones") from None
    except ValueError as error:  # a number of too many digits raises no TOMLDecodeError
        raise NotToml(str(error)) from None
    if (problem := excess(values)) is not None:
        raise NotToml(problem)
    return values


MAX_LEVELS = 40
"""Largest depth of nested tables. A config needs four levels."""
MAX_BITS = 64
"""Largest size of an integer, as in the specification of TOML."""


def excess(values: Any) -> str | None:
    """Describe a value that is nested too deep to be walked, or too large to be shown. Return None if there is none."""
    for number, level in enumerate(levels(values, MAX_LEVELS + 1)):
        if number == MAX_LEVELS:
            return f"expected values at most {MAX_LEVELS} deep, found deeper ones"
        for value in level:
            if isinstance(value, int) and value.bit_length() > MAX_BITS:
                return f"expected whole numbers of at most {MAX_BITS} bits, found one of {value.bit_length()}"
    return None


def apply(values: Any, override: str) -> str | None:
    """Put a `KEY=VALUE` into nested `values`, in place. Return the problem with it, or None."""
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        return f"--set {override}: expected KEY=VALUE with a dotted key, such as encoder.cell=gru"
    try:
        value = values_of(f"value = {text}")["value"]
    except NotToml:
        value = text
    if len(parts) > MAX_LEVELS:
        return f"--set {override}: expected a key of at most {MAX_LEVELS} parts, found {len(parts)}"
    for part in parts[:-1]:
        values = values.setdefault(part, {})
        if not isinstance(values, dict):
            return f"--set {override}: {part} is a value, not a table, in the file"
    values[parts[-1]] = value
    return None


def parse(values: dict[str, Any], source: str, problems: Sequence[str] = (), folder: Path | None = None) -> Config:
    """Check nested values against the schema. Relative paths are looked for in the current folder, then in `folder`.

    Raises `ConfigError` with all problems, those in `problems` first.

    >>> parse({"data": {"train": "a.conll", "dev": "b.conll"}}, "an example").encoder.hidden
    256
    """
    if (problem := excess(values)) is not None:
        raise ConfigError(source, [*problems, problem])
    try:
        config = _checked(values, {FOLDER: folder})
    except ValidationError as error:
        known = list(dotted_keys(task_of(values)))
        invalid = [describe(dict(detail), values, known) for detail in error.errors(include_url=False)]
        raise ConfigError(source, [*problems, *invalid]) from None
    if problems:
        raise ConfigError(source, list(problems))
    return config


def _checked(values: dict[str, Any], context: dict[str, Any]) -> Config:
    """Check nested values. Raises pydantic's `ValidationError`.

    They are first checked against the schema of their own task, because making those of all tasks takes longer. The
    schema of all tasks describes what is wrong.
    """
    for section in get_args(Config):
        if section.model_fields["task"].default == task_of(values):
            with suppress(ValidationError):
                return cast(Config, section.model_validate(values, context=context))
    return ADAPTER.validate_python(values, context=context)


def dotted_keys(task: str) -> Iterator[str]:
    """Yield all keys that a config of a task can have, with their tables. An unknown task has no keys.

    >>> "encoder.cell" in dotted_keys("tagging")
    True
    """
    schema = json_schema()

    def walk(node: dict[str, Any], prefix: str) -> Iterator[str]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        if not prefix and node.get("properties", {}).get("task", {}).get("const", task) != task:
            return
        for member in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
            yield from walk(member, prefix)
        if isinstance(node.get("items"), dict):
            yield from walk(node["items"], prefix)
        for name, child in node.get("properties", {}).items():
            yield prefix + name
            yield from walk(child, f"{prefix}{name}.")

    return iter(dict.fromkeys(walk(schema, "")))


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema. It is cached, because making it takes longer than reading a file."""
    return ADAPTER.json_schema()


def to_json(config: Config) -> dict[str, Any]:
    """Return the whole config as JSON values, defaults included. `parse` is the inverse."""
    values = ADAPTER.dump_python(config, mode="json")
    assert isinstance(values, dict)
    return values


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested tables as dotted keys.

    >>> flat({"encoder": {"cell": "gru"}})
    {'encoder.cell': 'gru'}
    """
    pairs: dict[str, Any] = {}
    for key, value in values.items():
        pairs |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return pairs


def schema() -> str:
    """Return the JSON Schema of a config file as text, for editors that complete and check TOML."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
