"""The table of tasks: from a config to its task, and from a saved run to its predictor.

Only this file and a task's own folder ask for a config's type. Modules of a task are imported where they are used: a
tagger predicts without the modules of forecasting or training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, assert_never

from bilstm_nlp.config import Config, parse
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.reading import apply
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import ConfigError, RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bilstm_nlp.tasks.base import Predictor, Task
    from bilstm_nlp.tasks.comparison import Examples
    from bilstm_nlp.tasks.forecasting.task import ForecastingTask
    from bilstm_nlp.tasks.tagging.task import TaggingTask


def build(config: Config) -> Task:
    """Return the task of a config."""
    match config:
        case TaggingConfig():
            return tagging(config)
        case ForecastingConfig():
            return forecasting(config)
        case _:
            assert_never(config)


def tagging(config: Config, source: str = "config") -> TaggingTask:
    """Return the tagging task of a config that was read from `source`.

    Raises `ConfigError` for a config of another task.
    """
    from bilstm_nlp.tasks.tagging.task import TaggingTask

    if not isinstance(config, TaggingConfig):
        raise ConfigError(source, [f"task: expected tagging, found {config.task}"])
    return TaggingTask(config)


def forecasting(config: Config, source: str = "config") -> ForecastingTask:
    """Return the forecasting task of a config that was read from `source`.

    Raises `ConfigError` for a config of another task.
    """
    from bilstm_nlp.tasks.forecasting.task import ForecastingTask

    if not isinstance(config, ForecastingConfig):
        raise ConfigError(source, [f"task: expected forecasting, found {config.task}"])
    return ForecastingTask(config)


def check(config: Config) -> None:
    """Raise `InputError` for data that can't be trained on as the config says, if a look at them can tell."""
    match config:
        case TaggingConfig():
            pass  # any corpus that can be read can be trained on
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting import requirements

            requirements.check(config, forecasting(config).loader.load())
        case _:
            assert_never(config)


def restored(
    config: Config, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]], results: Mapping[str, Any] | None = None
) -> Predictor:
    """Return the predictor of a saved run, before its weights are loaded.

    `results` is the content of metrics.json, if it is known.

    Raises `RunError` if the codec or the layers can't be made.
    """
    try:
        match config:
            case TaggingConfig():
                from bilstm_nlp.tasks.tagging import model as tagger

                return tagger.restored(config, codec, arrays, results or {})
            case ForecastingConfig():
                from bilstm_nlp.tasks.forecasting import model as forecaster

                return forecaster.restored(config, codec, arrays, results or {})
            case _:
                assert_never(config)
    except (ValueError, RuntimeError) as error:  # of layers with impossible sizes, or too large for the memory
        reason = " ".join(str(error).split())
        raise RunError(f"config.json: expected a model that can be made of codec.json, found {reason}") from None


def examples_of(config: Config) -> type[Examples]:
    """Return the class of the examples that a task's runs store for comparisons. Imports no torch."""
    match config:
        case TaggingConfig():
            from bilstm_nlp.tasks.tagging.comparison import SentenceExamples

            return SentenceExamples
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting.comparison import WindowExamples

            return WindowExamples
        case _:
            assert_never(config)


def config_of_file(path: str, overrides: Sequence[str]) -> Config:
    """Return a config that reads a file of data, with defaults and overrides: series from .csv, otherwise a corpus.

    `task=forecasting` among the overrides says that another file holds series. Raises `ConfigError`.
    """
    values: dict[str, Any] = {}
    problems = [problem for override in overrides if (problem := apply(values, override))]
    task = values.setdefault("task", "forecasting" if path.removesuffix(".gz").endswith(".csv") else "tagging")
    data = values.setdefault("data", {})
    if isinstance(data, dict):
        data |= {"file": path} if task == "forecasting" else {"train": path, "dev": path}
    return parse(values, path, problems)
