"""Other settings of how the model of a run reads texts or series, given after its training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.reading import Config, apply, parse, to_json
from bilstm_nlp.config.tagging import TaggingConfig

FIXED = ("train", "dev", "test", "fraction", "held_out", "scheme", "scaler")
"""Keys of the data section that say what was trained on, not how a file is read."""
TextConfig = TaggingConfig | TextClassificationConfig
SeriesConfig = SeriesClassificationConfig | LabellingConfig


def reread(config: TextConfig | SeriesConfig, settings: Sequence[str]) -> Config:
    """Return a run's config with other settings of its data section.

    A function of `data.tokenizer` is taken from the settings alone, not from the run.

    Raises `ConfigError` for other keys, and for what training has fixed.

    >>> config = parse({"data": {"train": "a.conll", "dev": "b.conll"}}, "an example")
    >>> reread(config, ["data.token_column=1"]).data.token_column
    1
    """
    names_code = isinstance(config, TextConfig) and _names_code(config)
    if not settings and not names_code:
        return config
    values: Any = to_json(config)
    if names_code:
        values["data"]["tokenizer"] = None
    problems = [problem for setting in settings if (problem := _apply(values, setting))]
    return parse(values, "--set", problems)


def _names_code(config: TextConfig) -> bool:
    """Tell whether a config names a function to cut text. It is not imported because a run names it."""
    return ":" in (config.data.tokenizer or "")


def code_of(config: TextConfig) -> tuple[str, ...]:
    """Return the settings that let a run import the function that a config names, if the caller trusts the config."""
    return (f"data.tokenizer={json.dumps(config.data.tokenizer)}",) if _names_code(config) else ()


def _apply(values: object, setting: str) -> str | None:
    """Put a setting into nested values, in place. Return the problem with it, or None."""
    section, dot, key = setting.partition("=")[0].strip().partition(".")
    if section != "data" or not dot:
        return f"{setting}: expected a key of data that says how files are read, such as data.encoding=latin-1"
    if key.partition(".")[0] in FIXED:
        return f"{setting}: expected a key that says how files are read, found {section}.{key}, which training has used"
    return apply(values, setting)
