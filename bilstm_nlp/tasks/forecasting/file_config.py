"""The config of a file of series: settings that are given, and settings that are chosen from the data."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.reading import apply, flat, parse
from bilstm_nlp.config.sections import LARGEST
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.tasks.forecasting import defaults
from bilstm_nlp.tasks.forecasting.data import SeriesLoader, table_format
from bilstm_nlp.tasks.forecasting.facts import Choice

logger = logging.getLogger(__name__)


def load(source: str, overrides: Sequence[str] = (), complain: Complain = stop) -> ForecastingConfig:
    """Choose the settings for a file of series, and say so.

    Problems of the series go to `complain`. Raises `InputError` for overrides and series that can't be used.
    """
    given, choices = chosen(source, overrides, complain)
    for choice in choices:
        logger.info("chose %s", choice)
    return with_choices(source, given, choices)


def starter(source: str, overrides: Sequence[str]) -> str:
    """Write a config for a file of series, with the reason of each setting. Raises `InputError` as `load` does."""
    return defaults.as_file(source, *chosen(source, overrides))


def chosen(
    source: str, overrides: Sequence[str] = (), complain: Complain = stop
) -> tuple[dict[str, Any], list[Choice]]:
    """Return the settings that overrides give, by dotted key, and choose all others for a file of series.

    Problems of the series go to `complain`. Raises `InputError` for overrides and series that can't be used.
    """
    given = _given(source, overrides)
    if (task := given.get("task", "forecasting")) != "forecasting":
        raise ConfigError(source, [f"task: expected forecasting for a file of series, found {task}"])
    # Settings that bound given ones, and that are chosen later.
    lenient = {"data.missing": "interpolate", "data.look_back": LARGEST, "training.epochs": 1} | given
    config = with_choices(source, lenient, [])
    roles = []
    if "data.static" not in given:
        roles = defaults.roles(SeriesLoader(config.data, table_format(config)).constant_columns())
        config = with_choices(source, lenient, roles)
    facts = SeriesLoader(config.data, table_format(config)).facts(complain)
    try:
        choices = [*roles, *defaults.choose(facts, given)]
    except InputError as error:
        raise InputError(f"{source}: {error}") from None
    return given, choices


def _given(source: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Return overrides by dotted key. Raises `ConfigError` for overrides that can't be read."""
    values: dict[str, Any] = {}
    if problems := [problem for override in overrides if (problem := apply(values, override))]:
        raise ConfigError(source, problems)
    return flat(values)


def with_choices(source: str, given: Mapping[str, Any], choices: Sequence[Choice]) -> ForecastingConfig:
    """Return the config of a file of series, from settings by their dotted keys."""
    settings = {"task": "forecasting", "data.file": source, **{choice.key: choice.value for choice in choices}, **given}
    values: dict[str, Any] = {}
    for key, value in settings.items():
        *tables, name = key.split(".")
        table = values
        for part in tables:
            table = table.setdefault(part, {})
        table[name] = value
    config = parse(values, source)
    assert isinstance(config, ForecastingConfig)
    return config
