"""From a config to its task: what to train on, and how to score."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, assert_never

from bilstm_nlp.config import Config, parse
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.reading import apply
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.tasks.base import Task
from bilstm_nlp.tasks.forecasting import model as forecaster
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.tagging import model as tagger
from bilstm_nlp.tasks.tagging.task import TaggingTask


def build(config: Config) -> Task[Any, Any, Any]:
    """The task that a config describes."""
    match config:
        case TaggingConfig():
            return tagging(config)
        case ForecastingConfig():
            return forecasting(config)
        case _:
            assert_never(config)


def tagging(config: TaggingConfig) -> TaggingTask:
    """The tagging task."""
    return TaggingTask(config, tagger.column_format(config), partial(tagger.model, config))


def forecasting(config: ForecastingConfig) -> ForecastingTask:
    """The forecasting task."""
    return ForecastingTask(config, forecaster.table_format(config), partial(forecaster.model, config))


def config_of_file(path: str, overrides: Sequence[str]) -> Config:
    """A config that reads a file of data with defaults and overrides: series from .csv, else a corpus.

    Raises `ConfigError`. `task=forecasting` among the overrides says that another file holds series.
    """
    values: dict[str, Any] = {}
    problems = [problem for override in overrides if (problem := apply(values, override))]
    task = values.setdefault("task", "forecasting" if path.removesuffix(".gz").endswith(".csv") else "tagging")
    data = values.setdefault("data", {})
    if isinstance(data, dict):
        data |= {"file": path} if task == "forecasting" else {"train": path, "dev": path}
    return parse(values, path, problems)
