"""What a finished run leaves for comparisons, in its run directory beside what training left. No torch.

trial.safetensors  numerators and denominators unit by unit, and the examples' numbers
trial.json         the rest; its presence says that the run needs nothing more
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.numpy import save as serialised

from bilstm_nlp.comparison.trial import Cost, SentenceExample, Trial, WindowExample
from bilstm_nlp.errors import RunError
from bilstm_nlp.files import value_of, write_json, write_whole
from bilstm_nlp.metrics import as_json
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.measurement import Measurement, SentenceExamples, WindowExamples

FORMAT = 1

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Resources:
    """What a run may use, so that speeds mean something."""

    cores: int
    """Of all machines together."""
    jobs: int
    """Runs at a time."""
    threads: int
    """Of each run."""


# --- to files --------------------------------------------------------------------------------------------------------


def save(folder: Path, key: str, resources: Resources, measured: Measurement) -> None:
    """Into a run directory, under the key of what was run."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, ratio in measured.measures.items():
        arrays |= {f"{name}.numerator": ratio.numerator, f"{name}.denominator": ratio.denominator}
    values: dict[str, Any] = {
        "format": FORMAT,
        "key": key,
        "resources": asdict(resources),
        "by_type": {name: ratio.by_type for name, ratio in measured.measures.items()},
        "lag": measured.lag,
        "speed": measured.speed,
    }
    match measured.examples:
        case SentenceExamples(tokens, gold, found):
            values["sentences"] = {"tokens": tokens, "gold": gold, "found": found}
        case WindowExamples() as windows:
            values["windows"] = {"series": windows.series, "origins": windows.origins, "columns": windows.columns}
            # For eyes only: three digits are enough.
            arrays |= {name: getattr(windows, name).astype(np.float16) for name in ("past", "actual", "forecast")}
            arrays |= {f"{name}.example": errors for name, errors in windows.errors.items()}
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_whole(folder / "trial.safetensors", lambda partial: partial.write_bytes(serialised(contiguous)))
    write_json(folder / "trial.json", as_json(values))


# --- from files ------------------------------------------------------------------------------------------------------


def key_of(folder: Path) -> str | None:
    """The key of the finished run in a folder; `None` where there is none, or its trial is of another format."""
    if not (folder / "metrics.json").exists() or not (folder / "trial.json").exists():
        return None
    values = read_object(folder / "trial.json")
    return values.get("key") if values.get("format") == FORMAT else None


def resources_of(folder: Path) -> Resources:
    """What a finished run used."""
    return Resources(**read_object(folder / "trial.json")["resources"])


def read(folder: Path, variant: str, seed: int, fraction: float, measure: str) -> Trial:
    """The trial of a finished run. Raises `RunError` when something is missing or damaged."""
    values = read_object(folder / "trial.json")
    training = read_object(folder / "metrics.json")["training"]
    try:
        history = [value_of(line) for line in (folder / "history.jsonl").read_text(encoding="utf-8").splitlines()]
        arrays = load_file(folder / "trial.safetensors")
        numerator, denominator = arrays[f"{measure}.numerator"], arrays[f"{measure}.denominator"]
        if numerator.ndim != 1 or numerator.shape != denominator.shape:
            raise ValueError(f"expected numerators and denominators (U,), found {numerator.shape}, {denominator.shape}")
        return Trial(
            variant=variant,
            seed=seed,
            fraction=fraction,
            numerator=numerator,
            denominator=denominator,
            lag=values["lag"],
            per_type=values["by_type"][measure],
            losses=[epoch["loss"] for epoch in history],
            epoch_scores=[epoch["score"]["value"] for epoch in history],
            cost=Cost(
                parameters=training["parameters"],
                training_seconds=training["seconds"],
                training_speed=training["sequences_per_second"],
                prediction_speed=values["speed"],
                peak_memory_mb=training["peak_memory_mb"],
            ),
            examples=sentences(values["sentences"]) if "sentences" in values else windows(values, arrays, measure),
        )
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise RunError(f"{folder}: expected a run measured for a comparison, found {error!r}") from None


def sentences(values: Mapping[str, Any]) -> list[SentenceExample]:
    return [
        SentenceExample(tokens, [Span(*span) for span in gold], [Span(*span) for span in found])
        for tokens, gold, found in zip(values["tokens"], values["gold"], values["found"], strict=True)
    ]


def windows(values: Mapping[str, Any], arrays: Arrays, measure: str) -> list[WindowExample]:
    names = (values["windows"][key] for key in ("series", "origins", "columns"))
    numbers = (arrays[key] for key in ("past", "actual", "forecast"))
    errors = arrays[f"{measure}.example"].tolist()
    return [WindowExample(*parts) for parts in zip(*names, *numbers, errors, strict=True)]


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object. Raises `RunError` when it is missing or damaged."""
    try:
        value = value_of(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path}: expected a file of a run, found none that can be read: {error.strerror}") from None
    except ValueError as error:
        raise RunError(f"{path}: expected JSON, found {error}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}")
    return value
