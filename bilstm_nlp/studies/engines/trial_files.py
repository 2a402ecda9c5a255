"""The files of a trial, written into the run directory of a finished run. Knows no torch.

trial.safetensors  numerators and denominators of the units, and the arrays of the examples
trial.json         everything else; it is written last, and marks the job as finished
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import to_json
from safetensors import SafetensorError
from safetensors.numpy import load
from safetensors.numpy import save as serialised

from bilstm_nlp.config.sections import NotNegative, Positive
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import Checksums, problem_of
from bilstm_nlp.studies.engines.trial import Cost, PlannedRun, Trial
from bilstm_nlp.system.files import text_to
from bilstm_nlp.system.json_values import as_json, json_text
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


class _Score(BaseModel):
    """The score of an epoch, in history.jsonl; NaN or infinite if the model diverged."""

    value: float


class Epoch(BaseModel):
    """A line of history.jsonl."""

    loss: float
    score: _Score
    best: bool


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
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    files = Checksums(folder)
    files.write(TENSORS, lambda partial: partial.write_bytes(serialised(contiguous)))
    files.write(TRIAL, text_to(json_text(as_json(values))))


# --- from files ------------------------------------------------------------------------------------------------------


def key_of(folder: Path) -> str | None:
    """Return the key of the finished run in a folder; `None` without one, or if its trial has another format.

    Raises `RunError` for a damaged trial.
    """
    if not (folder / "metrics.json").exists() or not (folder / TRIAL).exists():
        return None
    # Before the checksum is checked: another format may have none.
    any_file = _parsed_as(_AnyTrialFile, folder / TRIAL, Checksums(folder).content(TRIAL))
    return _trial_file(folder).key if any_file.format == FORMAT else None


def resources_of(folder: Path) -> Resources:
    """Return the resources of a finished run. Raises `RunError`."""
    return _trial_file(folder).resources


def versions_of(folder: Path) -> dict[str, str]:
    """Return the versions of the packages that made a run. Raises `RunError`."""
    return _read_as(_Origin, folder / "run.json").versions


def read(folder: Path, run: PlannedRun, measure: str) -> Trial:
    """Read the trial of a finished run. Raises `RunError` if a file is missing or damaged."""
    file = _trial_file(folder)
    if measure not in file.by_type:
        measured = ", ".join(file.by_type) or "nothing"
        raise RunError(f"{folder / TRIAL}: expected a run measured by {measure}, found one measured by {measured}")
    training = _read_as(_Results, folder / "metrics.json").training
    epochs = history(folder)
    arrays = _read_arrays(folder / TENSORS)
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
        losses=[epoch.loss for epoch in epochs],
        epoch_scores=[epoch.score.value for epoch in epochs],
        cost=Cost(
            parameters=training.parameters,
            training_seconds=training.seconds,
            training_speed=training.sequences_per_second,
            prediction_speed=file.speed,
            peak_memory_mb=training.peak_memory_mb,
        ),
        examples=examples,
    )


def _trial_file(folder: Path) -> _TrialFile:
    return _read_as(_TrialFile, folder / TRIAL)


def _read_as(kind: type[ModelT], path: Path) -> ModelT:
    """Read a file of a run. Raises `RunError` if it is missing, damaged or of another kind."""
    return _parsed_as(kind, path, Checksums(path.parent).checked(path.name))


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


def history(folder: Path) -> list[Epoch]:
    """Read the epochs of a run, finished or not. Raises `RunError` if there are none yet, and for damage."""
    path = folder / "history.jsonl"
    lines = Checksums(folder).checked(path.name).splitlines()
    try:
        return [Epoch.model_validate_json(line, strict=True) for line in lines]
    except ValidationError as error:
        raise RunError(f"{path}: expected epoch reports, found: {problem_of(error)}") from None


def _read_arrays(path: Path) -> StoredArrays:
    """Read the tensors of a run. Raises `RunError` if the file is missing or damaged."""
    try:
        return StoredArrays(str(path), load(Checksums(path.parent).checked(path.name)))
    except (SafetensorError, KeyError) as error:  # KeyError: for a dtype that numpy does not have
        raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None
