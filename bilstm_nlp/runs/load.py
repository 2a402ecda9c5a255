"""From a trained run to what predicts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bilstm_nlp.config import Config, parse
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.system.memory import keep_few_kernels
from bilstm_nlp.tasks.predictor import restored
from bilstm_nlp.tasks.request import Request

if TYPE_CHECKING:
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster
    from bilstm_nlp.tasks.tagging.predictor import Tagger


def load(path: str | Path) -> Tagger | Forecaster:
    """A trained run, ready to predict."""
    run = RunDirectory.open(Path(path))
    config = config_of(run)
    arrays = run.read_arrays("codec.safetensors")
    predictor = restored(config, run.read_json("codec.json"), arrays)
    run.load_weights(predictor.model)
    predictor.model.eval()
    return predictor


def config_of(run: RunDirectory) -> Config:
    """The config of a run."""
    return parse(run.read_json("config.json"), str(run.path / "config.json"))


def predictions(path: Path, request: Request) -> Iterator[bytes]:
    """Predict in a trained run's way; yields pieces of output in the input's order.

    When a line can't be read, all that came before it is yielded and then the `InputError` is raised.
    """
    keep_few_kernels()
    return load(path).predictions(request)
