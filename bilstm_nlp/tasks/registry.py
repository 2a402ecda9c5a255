"""The table of tasks: from a config to its task, and from a saved run to its predictor.

Only this file and a task's own folder ask for a config's type. Modules of a task are imported where they are used: a
tagger predicts without the modules of forecasting or training.

The file is longer than others, so that a task is entered in one place. Only exports have a table of their own:
`graph_registry.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from bilstm_nlp.config import Config, parse
from bilstm_nlp.config import load as load_config
from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.reading import apply
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.errors import ConfigError, DataError, InputError, RunError
from bilstm_nlp.tasks.base import Restored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bilstm_nlp.data.series.method_forecasts import Methods
    from bilstm_nlp.data.series.statistical import Method
    from bilstm_nlp.tasks.audit import Auditor
    from bilstm_nlp.tasks.base import Task
    from bilstm_nlp.tasks.classification.predictor import Classifier
    from bilstm_nlp.tasks.comparison import Examples
    from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
    from bilstm_nlp.tasks.forecasting.task import ForecastingTask
    from bilstm_nlp.tasks.labelling.predictor import Labeller
    from bilstm_nlp.tasks.measurement import Measurement
    from bilstm_nlp.tasks.members import Member
    from bilstm_nlp.tasks.request import Combine, Ranking, Request
    from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble
    from bilstm_nlp.tasks.tagging.task import TaggingTask

logger = logging.getLogger(__name__)


def build(config: Config) -> Task:
    """Return the task of a config."""
    match config:
        case TaggingConfig():
            return tagging(config)
        case ForecastingConfig():
            return forecasting(config)
        case TextClassificationConfig() | SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.task import ClassificationTask

            return ClassificationTask(config)
        case LabellingConfig():
            from bilstm_nlp.tasks.labelling.task import LabellingTask

            return LabellingTask(config)
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


def auditor(config: Config, folds: int, source: str = "config") -> Auditor:
    """Return the auditor of the training corpus of a config that was read from `source`, in so many folds.

    Raises `ConfigError` for a task without audits, and for a config that holds out a fold itself. Raises `InputError`
    for data that can't be used.
    """
    if isinstance(config, ForecastingConfig):
        raise ConfigError(source, [f"task: expected tagging, classification or labelling, found {config.task}"])
    if config.data.held_out is not None:
        raise ConfigError(source, ["data.held_out: expected none, since an audit holds out each fold itself"])
    match config:
        case TaggingConfig():
            from bilstm_nlp.tasks.tagging.audit import TaggingAuditor

            return TaggingAuditor(config, folds)
        case TextClassificationConfig() | SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.audit import ClassificationAuditor

            return ClassificationAuditor(config, folds)
        case LabellingConfig():
            from bilstm_nlp.tasks.labelling.audit import LabellingAuditor

            return LabellingAuditor(config, folds)
        case _:
            assert_never(config)


def forecasting(config: Config, source: str = "config") -> ForecastingTask:
    """Return the forecasting task of a config that was read from `source`.

    Raises `ConfigError` for a config of another task.
    """
    from bilstm_nlp.tasks.forecasting.task import ForecastingTask

    if not isinstance(config, ForecastingConfig):
        raise ConfigError(source, [f"task: expected forecasting, found {config.task}"])
    return ForecastingTask(config)


def reread(config: Config, settings: Sequence[str]) -> Config:
    """Return a run's config with other settings, each `KEY=VALUE`, of how it reads files.

    Raises `ConfigError` for other keys, for what training has fixed, and for settings of another task's run.
    """
    if not isinstance(config, ForecastingConfig):
        from bilstm_nlp.tasks import rereading

        return rereading.reread(config, settings)
    if settings:
        expected = "a run of a tagger, classifier or labeller"
        raise ConfigError("--set, --encoding", [f"expected {expected}, found one of {config.task}"])
    return config


def code_of(config: Config) -> tuple[str, ...]:
    """Return the settings that let a run import the function that a config names, if the caller trusts the config."""
    if isinstance(config, TaggingConfig | TextClassificationConfig):
        from bilstm_nlp.tasks import rereading

        return rereading.code_of(config)
    return ()


def inherited(config: Config, parent: Config, name: str) -> Config:
    """Return a config with the architecture of the run called `name`, whose config is `parent`.

    Raises `ConfigError` with all keys that the config sets otherwise, and for a config or a run of another task.
    """
    if not isinstance(config, TaggingConfig):
        raise ConfigError("training.parent", [f"expected the config of a tagger, found one of {config.task}"])
    from bilstm_nlp.tasks.tagging import parent_config

    return parent_config.inherited(config, parent, name)


def check(config: Config) -> None:
    """Raise `InputError` for data that can't be trained on as the config says, if a look at them can tell."""
    match config:
        case TaggingConfig():
            pass  # any corpus that can be read can be trained on
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting import requirements
            from bilstm_nlp.tasks.forecasting.data import SeriesLoader, table_format

            requirements.check(config, SeriesLoader(config.data, table_format(config)).load())
        case TextClassificationConfig() | SeriesClassificationConfig() | LabellingConfig():
            pass  # data that can be read are looked at when the training is prepared
        case _:
            assert_never(config)


def combined(members: Sequence[Member], combine: Combine) -> Ensemble | TaggerEnsemble | Classifier | Labeller:
    """Make one predictor of several runs. Raises `InputError` for runs that differ, or of different tasks."""
    match members[0].config:
        case TaggingConfig():
            from bilstm_nlp.tasks.tagging.members import taggers

            return taggers(members, _taggings(members), combine)
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting.members import forecasters

            return forecasters(members, _forecastings(members), combine)
        case TextClassificationConfig() | SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.ensemble import classifiers

            return classifiers(members, combine)
        case LabellingConfig():
            from bilstm_nlp.tasks.labelling.ensemble import labellers

            return labellers(members, combine)
        case config:
            assert_never(config)


def evaluate_combined(
    members: Sequence[Member],
    combine: Combine,
    source: str | None,
    errors: Path | None,
    methods: Methods | None,
    stride: int | None,
    static: str | None,
    settings: Sequence[str] = (),
) -> tuple[Config, dict[str, Any]]:
    """Score several runs as one, on data that is read with other `settings`. Return also the config of a run.

    Raises `InputError` as `combined` does, and for an option of another task.
    """
    match members[0].config:
        case TaggingConfig():
            from bilstm_nlp.tasks.tagging.members import evaluate as evaluate_taggers

            _no_forecasters_options(methods, stride, static)
            reader = tagging(reread(members[0].config, settings)) if settings else None
            scores = evaluate_taggers(members, _taggings(members), combine, source, errors, reader)
            return members[0].config, scores
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting.members import evaluate as evaluate_forecasters

            if errors is not None:
                raise InputError("--errors: not for a forecaster")
            tasks = _forecastings(members)
            return evaluate_forecasters(members, tasks, combine, source, methods, stride or 1, static)
        case TextClassificationConfig() | SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.ensemble import evaluate as evaluate_classifiers

            _no_forecasters_options(methods, stride, static)
            return members[0].config, evaluate_classifiers(members, combine, source, errors)
        case LabellingConfig():
            from bilstm_nlp.tasks.labelling.ensemble import evaluate as evaluate_labellers

            _no_forecasters_options(methods, stride, static)
            reading = reread(members[0].config, settings)
            return members[0].config, evaluate_labellers(members, reading, combine, source, errors)
        case config:
            assert_never(config)


def _no_forecasters_options(methods: Methods | None, stride: int | None, static: str | None) -> None:
    """Raise `InputError` for options of forecasters alone."""
    if methods is not None or stride is not None or static is not None:
        raise InputError("--baselines, --stride, --static: for forecasters only")


def ranked(predictor: object, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Yield the sentences, texts or series of an input that a tagger, classifier or labeller is least sure of.

    Raises `InputError` for another model.
    """
    from bilstm_nlp.tasks.classification.text_classifier import TextClassifier
    from bilstm_nlp.tasks.tagging.sentence_tagger import SentenceTagger

    if isinstance(predictor, TextClassifier):
        from bilstm_nlp.tasks.classification import text_rank

        return text_rank.ranked(predictor, request, ranking)
    if isinstance(predictor, SentenceTagger):
        from bilstm_nlp.tasks.tagging import rank as sentence_rank

        return sentence_rank.ranked(predictor, request, ranking)
    # Modules of series import pandas, which texts do not need.
    from bilstm_nlp.tasks.classification.series_classifier import SeriesClassifier
    from bilstm_nlp.tasks.labelling.predictor import Labeller

    if isinstance(predictor, SeriesClassifier):
        from bilstm_nlp.tasks.classification import series_rank

        return series_rank.ranked(predictor, request, ranking)
    if isinstance(predictor, Labeller):
        from bilstm_nlp.tasks.labelling import rank as step_rank

        return step_rank.ranked(predictor, request, ranking)
    raise InputError("rank: expected runs of taggers, classifiers or labellers, found a model of another task")


def _taggings(members: Sequence[Member]) -> list[TaggingTask]:
    """Return the tasks of members. Raises `ConfigError` for a run of another task."""
    return [tagging(member.config, member.name) for member in members]


def _forecastings(members: Sequence[Member]) -> list[ForecastingTask]:
    """Return the tasks of members. Raises `ConfigError` for a run of another task."""
    return [forecasting(member.config, member.name) for member in members]


def methods_of(config: Config) -> tuple[Method, ...]:
    """Return the methods of statistics that a config puts beside its model."""
    match config:
        case TaggingConfig():
            return ()
        case ForecastingConfig():
            return config.baselines
        case TextClassificationConfig() | SeriesClassificationConfig() | LabellingConfig():
            return ()
        case _:
            assert_never(config)


def without_methods(config: Config) -> Config:
    """Return a config that puts no methods of statistics beside its model."""
    match config:
        case TaggingConfig():
            return config
        case ForecastingConfig():
            return config.model_copy(update={"baselines": ()})
        case TextClassificationConfig() | SeriesClassificationConfig() | LabellingConfig():
            return config
        case _:
            assert_never(config)


def measure_methods(config: Config, methods: Methods) -> Mapping[str, Measurement]:
    """Measure methods of statistics on the windows that runs of a forecaster's config are measured on, by title."""
    return forecasting(config).prepare().measure_methods(methods)


def restored(
    config: Config, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]], results: Mapping[str, Any] | None = None
) -> Restored:
    """Return the predictor of a saved run with its model of torch, before the model's weights are loaded.

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
            case TextClassificationConfig() | SeriesClassificationConfig():
                from bilstm_nlp.tasks.classification import model as classifier

                return classifier.restored(config, codec, arrays)
            case LabellingConfig():
                from bilstm_nlp.tasks.labelling import model as labeller

                return labeller.restored(config, codec)
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
        case TextClassificationConfig() | SeriesClassificationConfig():
            from bilstm_nlp.tasks.classification.comparison import ClassifiedExamples

            return ClassifiedExamples
        case LabellingConfig():
            from bilstm_nlp.tasks.labelling.comparison import LabelledExamples

            return LabelledExamples
        case _:
            assert_never(config)


def is_data(source: str) -> bool:
    """Return True for the name of a file of series, which is no config.

    >>> is_data("sales.csv.gz"), is_data("sample:energy.csv"), is_data("sales.toml")
    (True, True, False)
    """
    return source.removesuffix(".gz").endswith((".csv", ".parquet"))


def load(source: str, overrides: Sequence[str] = (), complain: Complain = stop) -> Config:
    """Return the config of a TOML file or `sample:NAME`, or choose one for a file of series and say so.

    Problems of series go to `complain`, which by default raises the first as `DataError`.
    Raises `ConfigError` with all problems of a config, and `InputError` for series that settings can't be chosen for.
    """
    if not is_data(source):
        return load_config(Path(source), overrides)
    from bilstm_nlp.tasks.forecasting import file_config

    if _task_of_file(source) == "classification":
        advice = "bilstm-nlp init classification writes a config for them"
        raise InputError(f"{source}: expected series, found texts with classes; {advice}")
    return file_config.load(source, overrides, complain)


def starter(kind: str, source: str, overrides: Sequence[str]) -> str:
    """Write a config for a file of series, with the reason of each setting.

    Raises `InputError` for another kind of model, and for overrides and series that can't be used.
    """
    from bilstm_nlp.tasks.forecasting import file_config

    if kind != "forecasting":
        raise InputError(f"KIND: expected forecasting for {source}, found {kind}")
    return file_config.starter(source, overrides)


def verdict(config: Config, results: Mapping[str, Any]) -> str | None:
    """Say that a model is worse than a forecast at no cost; `None` if it is not."""
    match config:
        case TaggingConfig():
            return None
        case ForecastingConfig():
            from bilstm_nlp.tasks.forecasting import report

            return report.verdict(results[config.data.validate_on], config.data.validate_on)
        case TextClassificationConfig() | SeriesClassificationConfig() | LabellingConfig():
            return None
        case _:
            assert_never(config)


def _task_of_file(path: str) -> str:
    """Tell the task whose data a file holds: series in CSV, texts with classes, otherwise a corpus of taggers."""
    from bilstm_nlp.data.labelled.text_recognition import are_labelled_texts
    from bilstm_nlp.data.text.formats.recognition import corpus_format

    if are_labelled_texts(path, "latin-1"):
        return "classification"
    is_series = path.removesuffix(".gz").endswith(".csv") and corpus_format(path, "latin-1") != "csv"
    return "forecasting" if is_series else "tagging"


def config_of_file(path: str, overrides: Sequence[str]) -> Config:
    """Return a config that inspects a file of data: series, texts with classes, or a corpus.

    Settings are those that `load` chooses for a file of series, otherwise the defaults, with overrides.
    `task=forecasting` or `task=classification` among the overrides says what another file holds. Raises `ConfigError`.
    """
    values: dict[str, Any] = {}
    problems = [problem for override in overrides if (problem := apply(values, override))]
    task = values.setdefault("task", _task_of_file(path))
    data = values.setdefault("data", {})
    if isinstance(data, dict):
        data |= {"file": path} if task == "forecasting" else {"train": path, "dev": path}
    config = parse(values, path, problems)
    if is_data(path) and isinstance(config, ForecastingConfig):
        with suppress(DataError):  # nothing can be read: the inspection says why
            return load(path, overrides, lambda problem: None)
    return config
