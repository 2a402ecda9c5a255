"""The config of a tagger that starts from a finished run: the run gives the architecture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bilstm_nlp.config.reading import Config, flat, parse, to_json
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import ConfigError

ARCHITECTURE = (
    "data.scheme",
    "embeddings.file",
    "embeddings.file_words",
    "embeddings.dimension",
    "embeddings.characters",
    "embeddings.bigrams",
    "embeddings.lexicon",
    "embeddings.usage",
    "embeddings.shapes",
    "embeddings.columns",
    "embeddings.gazetteers",
    "embeddings.gazetteer_case",
    "context",
    "encoder.cell",
    "encoder.hidden",
    "encoder.layers",
    "encoder.bidirectional",
    "encoder.initial_state",
    "attention",
    "head",
)
"""Keys and tables that the weights and the vocabularies of a tagger depend on."""
TRAINING_ONLY = frozenset({"attention.dropout", "head.constrain_training", "head.class_weights"})
"""Keys of these tables that matter to a training alone."""


def inherited(config: TaggingConfig, parent: Config, name: str) -> Config:
    """Return a config with the architecture of the run called `name`, whose config is `parent`.

    Raises `ConfigError` with all keys that the config sets otherwise, and for a run of another task.

    >>> data = {"train": "a.conll", "dev": "b.conll"}
    >>> parent = parse({"data": data, "encoder": {"hidden": 64}}, "an example")
    >>> inherited(parse({"data": data}, "an example"), parent, "a run").encoder.hidden
    64
    """
    if not isinstance(parent, TaggingConfig):
        raise ConfigError("training.parent", [f"expected the run of a tagger, found {name}, a {parent.task} run"])
    given = config.model_dump(mode="json", exclude_unset=True)
    values, own = to_json(config), to_json(parent)
    problems: list[str] = []
    for key in ARCHITECTURE:
        problems += _differences(key, _value(given, key), _value(own, key), name)
        _inherit(values, key, _value(given, key), _value(own, key))
    if problems:
        raise ConfigError("training.parent", problems)
    return parse(values, name)


def _value(values: Any, key: str) -> Any:
    """Return the value of a dotted key, or None if it is not there."""
    for part in key.split("."):
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _differences(key: str, given: Any, own: Any, name: str) -> Iterator[str]:
    """Describe each key that is given otherwise than the run has it."""
    before = flat(own, f"{key}.") if isinstance(own, dict) else {key: own}
    now = flat(given, f"{key}.") if isinstance(given, dict) else {key: given}
    for part, value in now.items():
        if value is not None and part not in TRAINING_ONLY and value != before.get(part):
            if isinstance(value, list) and _same_members(value, before.get(part)):
                continue
            yield f"{part}: expected {before.get(part)!r}, as {name} has, found {value!r}; leave it out"


def _same_members(given: list[Any], own: Any) -> bool:
    """Tell whether tables in a list have the values that are given, whatever else they have."""
    if not isinstance(own, list) or len(given) != len(own):
        return False
    return all(
        isinstance(table, dict) and all(value is None or other.get(key) == value for key, value in table.items())
        for table, other in zip(given, own, strict=True)
    )


def _inherit(values: dict[str, Any], key: str, given: Any, own: Any) -> None:
    """Put the run's value of a key into nested values, without what matters to training alone if it is given."""
    *tables, last = key.split(".")
    table = values
    for part in tables:
        table = table[part]
    kept: dict[str, Any] = {}
    if isinstance(given, dict):
        kept = {part: value for part, value in given.items() if f"{key}.{part}" in TRAINING_ONLY}
    table[last] = {**own, **kept} if isinstance(own, dict) else own
