"""The files of a trial, written into the run directory of a finished run. Knows no torch.

trial.safetensors  numerators and denominators of the units, and the arrays of the examples
trial.json         everything else; it is written last, and marks the job as finished
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import to_json

from bilstm_nlp.config.sections import NotNegative, Positive
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import problem_of
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.studies.engines.trial import Cost, PlannedRun, Trial
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tasks.comparison import StoredArrays
from bilstm_nlp.tasks.measurement import Measurement
from bilstm_nlp.tasks.registry import examples_of

FORMAT = 2
"""The format of trial.json. Format 1 had no checksum."""
TRIAL, TENSORS = "trial.json", "trial.safetensors"

ModelT = TypeVar("ModelT", bound=BaseModel)


# --- the content of the files ----------------------------------------------------------------------------------------

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Resources:
    """The resources of a run, without which its speeds mean nothing."""

    cores: Positive
    """Cores of all machines together."""
    jobs: Positive
    """Runs at a time."""
    threads: Positive
    """Threads of each run."""


class _AnyTrialFile(BaseModel):
    """trial.json of any format."""

    format: object = None


class _TrialFile(BaseModel):
    """trial.json. The keys that it does not name belong to the task's examples."""

    model_config = ConfigDict(extra="allow", frozen=True)

    format: Literal[2]
    key: str
    """The key of the job that made the run."""
    resources: Resources
    by_type: dict[str, dict[str, Amount | None]]
    """For each measure, its value by type of entity or by column."""
    lag: NotNegative
    speed: Amount


class _Training(BaseModel):
    """The cost of the training, in metrics.json."""

    parameters: NotNegative
    seconds: Amount
    sequences_per_second: Amount
    peak_memory_mb: Amount


class _Results(BaseModel):
    """metrics.json"""

    training: _Training


class _Origin(BaseModel):
    """run.json"""

    versions: dict[str, str] = {}


# --- to files --------------------------------------------------------------------------------------------------------


def save(folder: Path, key: str, resources: Resources, measured: Measurement) -> None:
    """Write a measurement into a run directory, under the key of the run's job."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, ratio in measured.measures.items():
        arrays |= {f"{name}.numerator": ratio.numerator, f"{name}.denominator": ratio.denominator}
    arrays |= measured.examples.arrays()
    values = {
        "format": FORMAT,
        "key": key,
        "resources": resources,
        "by_type": {name: ratio.by_type for name, ratio in measured.measures.items()},
        "lag": measured.lag,
        "speed": measured.speed,
        **measured.examples.fields(),
    }
    directory = RunDirectory(folder)
    directory.write_arrays(TENSORS, arrays)
    directory.write_json(TRIAL, as_json(values))


# --- from files ------------------------------------------------------------------------------------------------------


def key_of(folder: Path) -> str | None:
    """Return the key of the finished run in a folder; `None` without one, or if its trial has another format.

    Raises `RunError` for a damaged trial.
    """
    directory = RunDirectory(folder)
    if not directory.finished or not (folder / TRIAL).exists():
        return None
    # The format comes first: a trial of another format may have no checksum.
    any_file = _parsed_as(_AnyTrialFile, folder / TRIAL, directory.checksums.content(TRIAL))
    return _read_as(_TrialFile, directory, TRIAL).key if any_file.format == FORMAT else None


def resources_of(folder: Path) -> Resources:
    """Return the resources of a finished run. Raises `RunError`."""
    return _read_as(_TrialFile, RunDirectory(folder), TRIAL).resources


def versions_of(folder: Path) -> dict[str, str]:
    """Return the versions of the packages that made a run. Raises `RunError`."""
    return _read_as(_Origin, RunDirectory(folder), "run.json").versions


def read(folder: Path, run: PlannedRun, measure: str) -> Trial:
    """Read the trial of a finished run. Raises `RunError` if a file is missing or damaged."""
    directory = RunDirectory(folder)
    file = _read_as(_TrialFile, directory, TRIAL)
    trial = _measured(directory, file, run, measure)
    training = _read_as(_Results, directory, "metrics.json").training
    epochs = directory.read_history()
    return replace(
        trial,
        losses=[epoch.loss for epoch in epochs],
        epoch_scores=[epoch.score.value for epoch in epochs],
        cost=Cost(
            parameters=training.parameters,
            training_seconds=training.seconds,
            training_speed=training.sequences_per_second,
            prediction_speed=file.speed,
            peak_memory_mb=training.peak_memory_mb,
        ),
    )


def read_method(folder: Path, key: str, run: PlannedRun, measure: str) -> Trial | None:
    """Read the trial of a method of statistics that was saved under a key; `None` if there is none.

    Raises `RunError` if a file is damaged.
    """
    directory = RunDirectory(folder)
    if not (folder / TRIAL).exists():
        return None
    file = _read_as(_TrialFile, directory, TRIAL)
    return _measured(directory, file, run, measure) if file.key == key else None


def _measured(directory: RunDirectory, file: _TrialFile, run: PlannedRun, measure: str) -> Trial:
    """Read what was measured, without costs and curves."""
    folder = directory.path
    if measure not in file.by_type:
        measured = ", ".join(file.by_type) or "nothing"
        raise RunError(f"{folder / TRIAL}: expected a run measured by {measure}, found one measured by {measured}")
    arrays = StoredArrays(str(folder / TENSORS), directory.read_arrays(TENSORS))
    numerator = arrays.amounts(f"{measure}.numerator")
    denominator = arrays.amounts(f"{measure}.denominator", len(numerator))
    if not np.isfinite(denominator).all():
        raise RunError(f"{arrays.place}: expected numbers in {measure}.denominator, found others")
    with _validation_of(folder / TRIAL):
        examples = examples_of(run.config).read(to_json(file.model_extra), arrays, measure)
    return Trial(
        variant=run.variant,
        seed=run.seed,
        fraction=run.fraction,
        numerator=numerator,
        denominator=denominator,
        lag=file.lag,
        per_type=file.by_type[measure],
        losses=(),
        epoch_scores=(),
        cost=None,
        examples=examples,
    )


def _read_as(kind: type[ModelT], directory: RunDirectory, name: str) -> ModelT:
    """Read a file of a run. Raises `RunError` if it is missing, damaged or of another kind."""
    return _parsed_as(kind, directory.path / name, directory.checksums.checked(name))


def _parsed_as(kind: type[ModelT], path: Path, content: bytes) -> ModelT:
    """Parse the content of a file. Raises `RunError` if it is of another kind."""
    with _validation_of(path):
        return kind.model_validate_json(content, strict=True)


@contextmanager
def _validation_of(path: Path) -> Iterator[None]:
    """Raise a `ValidationError` as a `RunError` that names the file."""
    try:
        yield
    except ValidationError as error:
        raise RunError(f"{path}: expected what a comparison asks of a run, found: {problem_of(error)}") from None
