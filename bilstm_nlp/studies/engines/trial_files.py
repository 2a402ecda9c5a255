"""What a finished run leaves for comparisons, in its run directory beside what training left. No torch.

trial.safetensors  numerators and denominators unit by unit, and the examples' numbers
trial.json         the rest; its presence says that the run needs nothing more
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.dataclasses import dataclass
from safetensors import SafetensorError
from safetensors.numpy import load
from safetensors.numpy import save as serialised

from bilstm_nlp.config.sections import NotNegative, Positive, Section
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import Checksums, problem_of
from bilstm_nlp.studies.engines.trial import Cost, SentenceExample, Trial, WindowExample
from bilstm_nlp.system.files import text_to
from bilstm_nlp.system.json_values import as_json, json_text
from bilstm_nlp.tasks.measurement import Measurement, SentenceExamples, WindowExamples

FORMAT = 2
"""Of trial.json. 1 had no checksum."""
TRIAL, TENSORS = "trial.json", "trial.safetensors"

Arrays = Mapping[str, NDArray[Any]]
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


def within(example: SentenceExample) -> SentenceExample:
    """Raises `ValueError` where an entity is not made of the sentence's tokens."""
    for span in (*example.gold, *example.found):
        if not 0 <= span.start < span.end <= len(example.tokens):
            said = f"one from {span.start} to {span.end}"
            raise ValueError(f"expected entities of the sentence's {len(example.tokens)} tokens, found {said}")
    return example


class AnyTrialFile(BaseModel):
    """trial.json, whatever its format."""

    format: object = None


class TrialFile(Section):
    """trial.json"""

    format: Literal[2]
    key: str
    """Of what was run."""
    resources: Resources
    by_type: dict[str, dict[str, Amount | None]]
    """Of each measure."""
    lag: NotNegative
    speed: Amount
    sentences: list[Annotated[SentenceExample, AfterValidator(within)]] = Field([])
    """Of a tagger."""
    windows: list[tuple[str, str, str]] = Field([])
    """Of a forecaster: series, origin and column of each example. Its numbers are in trial.safetensors."""

    @model_validator(mode="after")
    def with_examples(self) -> TrialFile:
        """Raises `ValueError` unless the examples are of one kind."""
        if bool(self.sentences) == bool(self.windows):
            raise ValueError("expected either sentences or windows")
        return self


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
    """Into a run directory, under the key of what was run."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, ratio in measured.measures.items():
        arrays |= {f"{name}.numerator": ratio.numerator, f"{name}.denominator": ratio.denominator}
    values: dict[str, Any] = {
        "format": FORMAT,
        "key": key,
        "resources": resources,
        "by_type": {name: ratio.by_type for name, ratio in measured.measures.items()},
        "lag": measured.lag,
        "speed": measured.speed,
    }
    match measured.examples:
        case SentenceExamples(tokens, gold, found):
            values["sentences"] = [SentenceExample(*parts) for parts in zip(tokens, gold, found, strict=True)]
        case WindowExamples() as windows:
            values["windows"] = list(zip(windows.series, windows.origins, windows.columns, strict=True))
            # For eyes only: three digits are enough.
            arrays |= {name: getattr(windows, name).astype(np.float16) for name in ("past", "actual", "forecast")}
            arrays |= {f"{name}.example": errors for name, errors in windows.errors.items()}
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


def read(folder: Path, variant: str, seed: int, fraction: float, measure: str) -> Trial:
    """The trial of a finished run. Raises `RunError` when something is missing or damaged."""
    file = trial_file(folder)
    if measure not in file.by_type:
        measured = ", ".join(file.by_type) or "nothing"
        raise RunError(f"{folder / TRIAL}: expected a run measured by {measure}, found one measured by {measured}")
    training = read_as(Results, folder / "metrics.json").training
    epochs = history(folder)
    tensors = Tensors(folder / TENSORS)
    numerator = tensors.units(f"{measure}.numerator")
    denominator = tensors.units(f"{measure}.denominator", len(numerator))
    if not np.isfinite(denominator).all():
        raise RunError(f"{tensors.path}: expected numbers in {measure}.denominator, found others")
    return Trial(
        variant=variant,
        seed=seed,
        fraction=fraction,
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
        examples=file.sentences or windows(file, tensors, measure),
    )


def trial_file(folder: Path) -> TrialFile:
    return read_as(TrialFile, folder / TRIAL)


def read_as(kind: type[ModelT], path: Path) -> ModelT:
    """What a file of a run says. Raises `RunError` when it is missing or damaged, or says something else."""
    return said(kind, path, Checksums(path.parent).checked(path.name))


def said(kind: type[ModelT], path: Path, content: bytes) -> ModelT:
    """What the content of a file says. Raises `RunError` when that is something else."""
    try:
        return kind.model_validate_json(content, strict=True)
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


class Tensors:
    """The tensors of a run, each asked for as what it was written as."""

    def __init__(self, path: Path) -> None:
        """Raises `RunError` when the file is missing or damaged."""
        self.path = path
        try:
            self.arrays: Arrays = load(Checksums(path.parent).checked(path.name))
        except (SafetensorError, KeyError) as error:  # the latter for types that numpy has not
            raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None

    def get(self, name: str, kind: type[np.floating[Any]], *shape: int | None) -> NDArray[Any]:
        """One of this type and shape, where `None` is any length but 0. Raises `RunError` for another, and for none."""
        found = self.arrays.get(name, np.empty(0, bool))
        fits = found.ndim == len(shape) and all(
            length == wanted if wanted is not None else length > 0
            for length, wanted in zip(found.shape, shape, strict=True)
        )
        if found.dtype != kind or not fits:
            wanted = ", ".join("any" if length is None else str(length) for length in shape)
            there = f"{found.dtype} {found.shape}" if name in self.arrays else "none"
            raise RunError(f"{self.path}: expected {name} as {kind.__name__} ({wanted}), found {there}")
        return found

    def units(self, name: str, length: int | None = None) -> NDArray[np.float64]:
        """(U,) or (E,) counts or errors; of a model that has gone astray these may be no numbers. Raises `RunError`."""
        found = self.get(name, np.float64, length)
        if (found < 0).any():
            raise RunError(f"{self.path}: expected nothing below 0 in {name}, found {found[found < 0][0]}")
        return found


def windows(file: TrialFile, tensors: Tensors, measure: str) -> list[WindowExample]:
    """The examples of a forecaster. Raises `RunError`."""
    count = len(file.windows)
    past = tensors.get("past", np.float16, count, None)
    actual = tensors.get("actual", np.float16, count, None)
    forecast = tensors.get("forecast", np.float16, *actual.shape)
    errors = tensors.units(f"{measure}.example", count).tolist()
    return [
        WindowExample(*place, *numbers)
        for place, *numbers in zip(file.windows, past, actual, forecast, errors, strict=True)
    ]
