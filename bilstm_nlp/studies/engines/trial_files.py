"""What a finished run leaves for comparisons, in its run directory beside what training left. No torch.

trial.safetensors  numerators and denominators unit by unit, and the examples' numbers
trial.json         the rest; its presence says that the run needs nothing more
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
"""Of trial.json. 1 had no checksum."""
TRIAL, TENSORS = "trial.json", "trial.safetensors"

ModelT = TypeVar("ModelT", bound=BaseModel)


# --- what the files say ----------------------------------------------------------------------------------------------

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Resources:
    """What a run may use, so that speeds mean something."""

    cores: Positive
    """Of all machines together."""
    jobs: Positive
    """Runs at a time."""
    threads: Positive
    """Of each run."""


class AnyTrialFile(BaseModel):
    """trial.json, whatever its format."""

    format: object = None


class TrialFile(BaseModel):
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


class Training(BaseModel):
    """metrics.json: what training took."""

    parameters: NotNegative
    seconds: Amount
    sequences_per_second: Amount
    peak_memory_mb: Amount


class Results(BaseModel):
    """metrics.json"""

    training: Training


class Watched(BaseModel):
    """history.jsonl: the score of an epoch, which is no number where a model has gone astray."""

    value: float


class Line(BaseModel):
    """A line of history.jsonl."""

    loss: float
    score: Watched
    best: bool


class Origin(BaseModel):
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
    """The key of the finished run in a folder; `None` where there is none, or its trial is of another format."""
    if not (folder / "metrics.json").exists() or not (folder / TRIAL).exists():
        return None
    # Before its checksum: another format may have none.
    found = said(AnyTrialFile, folder / TRIAL, Checksums(folder).content(TRIAL))
    return trial_file(folder).key if found.format == FORMAT else None


def resources_of(folder: Path) -> Resources:
    """What a finished run used. Raises `RunError`."""
    return trial_file(folder).resources


def versions_of(folder: Path) -> dict[str, str]:
    """What a run was made with. Raises `RunError`."""
    return read_as(Origin, folder / "run.json").versions


def read(folder: Path, run: PlannedRun, measure: str) -> Trial:
    """Read the trial of a finished run. Raises `RunError` if a file is missing or damaged."""
    file = trial_file(folder)
    if measure not in file.by_type:
        measured = ", ".join(file.by_type) or "nothing"
        raise RunError(f"{folder / TRIAL}: expected a run measured by {measure}, found one measured by {measured}")
    training = read_as(Results, folder / "metrics.json").training
    epochs = history(folder)
    arrays = read_arrays(folder / TENSORS)
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


def trial_file(folder: Path) -> TrialFile:
    return read_as(TrialFile, folder / TRIAL)


def read_as(kind: type[ModelT], path: Path) -> ModelT:
    """What a file of a run says. Raises `RunError` when it is missing or damaged, or says something else."""
    return said(kind, path, Checksums(path.parent).checked(path.name))


def said(kind: type[ModelT], path: Path, content: bytes) -> ModelT:
    """Parse the content of a file. Raises `RunError` if it is not of this kind."""
    with _validation_of(path):
        return kind.model_validate_json(content, strict=True)


@contextmanager
def _validation_of(path: Path) -> Iterator[None]:
    """Raise a `ValidationError` as a `RunError` that names the file."""
    try:
        yield
    except ValidationError as error:
        raise RunError(f"{path}: expected what a comparison asks of a run, found: {problem_of(error)}") from None


def history(folder: Path) -> list[Line]:
    """All epochs of a run, finished or not. Raises `RunError` when there are none yet, and for damage."""
    path = folder / "history.jsonl"
    lines = Checksums(folder).checked(path.name).splitlines()
    try:
        return [Line.model_validate_json(line, strict=True) for line in lines]
    except ValidationError as error:
        raise RunError(f"{path}: expected epoch reports, found: {problem_of(error)}") from None


def read_arrays(path: Path) -> StoredArrays:
    """Read the tensors of a run. Raises `RunError` if the file is missing or damaged."""
    try:
        return StoredArrays(str(path), load(Checksums(path.parent).checked(path.name)))
    except (SafetensorError, KeyError) as error:  # KeyError: for a dtype that numpy does not have
        raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None
