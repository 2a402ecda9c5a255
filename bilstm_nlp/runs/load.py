"""Open a trained run: its directory, its config, and the model with its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from bilstm_nlp.config import Config, parse
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.graphs import graphs_of, read_graph
from bilstm_nlp.system.memory import keep_few_kernels
from bilstm_nlp.tasks.graph_registry import exported
from bilstm_nlp.tasks.registry import reread, restored
from bilstm_nlp.tasks.request import Engine, Request

if TYPE_CHECKING:
    from bilstm_nlp.tasks.base import Predictor
    from bilstm_nlp.tasks.classification.predictor import Classifier
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster
    from bilstm_nlp.tasks.labelling.predictor import Labeller
    from bilstm_nlp.tasks.tagging.predictor import Tagger

T = TypeVar("T")
PathLike: TypeAlias = "str | os.PathLike[str]"


@dataclass(frozen=True, eq=False)
class Run:
    """A trained run that has been opened."""

    directory: RunDirectory
    config: Config
    """The config of its training, with the settings that it was opened with."""
    predictor: Predictor
    """The model with its best weights, ready to predict."""


def open_run(path: PathLike, settings: Sequence[str] = (), engine: Engine = "torch") -> Run:
    """Open a finished run, an export, or a model such as `english`. `settings`, each `KEY=VALUE`, change how it reads.

    `engine`: torch, or ONNX Runtime with the graph that `export.kept` keeps in the run. An export has its own graph.

    Raises `InputError` for a path that is no run directory, for an unfinished run, and for files of a run that are
    missing or damaged. An unfinished run has neither calibrated intervals nor calibrated probabilities.
    """
    return open_directory(finished(path_of(path)), settings, engine)


def open_directory(directory: RunDirectory, settings: Sequence[str] = (), engine: Engine = "torch") -> Run:
    """Open the trained run of a directory that was opened before. Raises `InputError` as `open_run` does."""
    config = reread(config_of(directory), settings)
    return Run(directory, config, _predictor_of(directory, config, engine))


def _predictor_of(directory: RunDirectory, config: Config, engine: Engine) -> Predictor:
    """Make the predictor of a directory's files. Here alone, the engine that computes is chosen.

    Raises `RunError` for files that are missing or damaged.
    """
    arrays, codec = directory.read_arrays("codec.safetensors"), directory.read_json("codec.json")
    graphs = graphs_of(directory, engine)
    if graphs is not None:
        return exported(config, codec, arrays, _results_of(directory), read_graph(graphs))

    from bilstm_nlp.runs.tensors import load_weights  # imports torch

    made = restored(config, codec, arrays, _results_of(directory))
    load_weights(directory, made.model)
    made.model.eval()
    return made.predictor


def load(path: PathLike) -> Predictor:
    """Load the predictor of a trained run: a tagger, a classifier, a labeller or a forecaster.

    `load_tagger`, `load_classifier`, `load_labeller` and `load_forecaster` tell a type checker which.

        tagger = bilstm_nlp.load("runs/conll2003")

    Raises `InputError` for a path that is no run directory, and for files of a run that are missing or damaged.
    """
    return open_run(path).predictor


def load_tagger(path: PathLike) -> Tagger:
    """Load the tagger of a trained run.

        bilstm_nlp.load_tagger("runs/conll2003").tag(["EU rejects German call"])

    Raises `InputError` for a run of another task.
    """
    from bilstm_nlp.tasks.tagging.predictor import Tagger

    return _of_task(path, Tagger, "tagging")


def load_classifier(path: PathLike) -> Classifier:
    """Load the classifier of a trained run.

        bilstm_nlp.load_classifier("runs/sst2").classify("A gem of a film.").classes

    Raises `InputError` for a run of another task.
    """
    from bilstm_nlp.tasks.classification.predictor import Classifier

    return _of_task(path, Classifier, "classification")  # type: ignore[type-abstract]  # mypy issue 4717


def load_labeller(path: PathLike) -> Labeller:
    """Load the labeller of a trained run.

        bilstm_nlp.load_labeller("runs/machine").label("recording.csv")

    Raises `InputError` for a run of another task.
    """
    from bilstm_nlp.tasks.labelling.predictor import Labeller

    return _of_task(path, Labeller, "labelling")


def load_forecaster(path: PathLike) -> Forecaster:
    """Load the forecaster of a trained run.

        bilstm_nlp.load_forecaster("runs/energy").forecast(frame)

    Raises `InputError` for a run of another task.
    """
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster

    return _of_task(path, Forecaster, "forecasting")


def _results_of(directory: RunDirectory) -> dict[str, Any]:
    """Return the content of metrics.json; nothing if it is missing or damaged, since predictions do without."""
    with suppress(RunError):
        return directory.read_json("metrics.json")
    return {}


def _of_task(path: PathLike, kind: type[T], task: str) -> T:
    """Load a predictor of a kind. Raises `InputError` for a run of another task."""
    run = open_run(path)
    if not isinstance(run.predictor, kind):
        raise InputError(
            f"{run.directory.path}: expected a run of the task {task}, found one of the task {run.config.task}"
        )
    return run.predictor


def path_of(path: PathLike) -> Path:
    """Return a path that a caller gives as text or as a path.

    Raises `InputError` for any other type.
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise InputError(f"path: expected text or a path of text, such as 'runs/energy', found {path!r}")
    return Path(path)


def config_of(directory: RunDirectory) -> Config:
    """Return the config of a run."""
    return parse(directory.read_json("config.json"), str(directory.path / "config.json"))


def predictions(path: Path, request: Request) -> Iterator[bytes]:
    """Predict with a trained run, and yield pieces of output in the input's order.

    Raises `InputError` for a line that can't be read, after all output for the lines before it.
    """
    keep_few_kernels()
    return open_run(path, request.settings, request.engine).predictor.predictions(request)
