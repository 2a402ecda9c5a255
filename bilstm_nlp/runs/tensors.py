"""The files of a run that hold tensors of torch: weights, losses, and the state to resume from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import digest, problem_of
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.training.reports import EpochReport, Part
from bilstm_nlp.training.state import State

STATE = "state.safetensors"


def write_tensors(
    run: RunDirectory, name: str, tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None
) -> None:
    """Write tensors and metadata as a safetensors file."""
    contiguous = {key: value.contiguous() for key, value in tensors.items()}
    run.write(name, lambda partial: partial.write_bytes(save(contiguous, metadata)))


def read_tensors(run: RunDirectory, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a safetensors file.

    Raises `RunError` if the file is missing or damaged.
    """
    path = run.path / name
    try:
        run.checksums.check(name, digest(path))
        with safe_open(path, framework="pt") as stream:
            return {key: stream.get_tensor(key) for key in stream.keys()}, stream.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise RunError(f"{path}: expected a file of a run, found nothing there") from None
    except SafetensorError as error:
        raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None


def load_weights(run: RunDirectory, model: nn.Module) -> None:
    """Load the run's best weights into `model`.

    Raises `RunError` if they are another model's.
    """
    tensors, _ = read_tensors(run, "model.safetensors")
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{run.path / 'model.safetensors'}: weights of another model: {reason}") from None


def write_state(run: RunDirectory, state: State) -> None:
    """Write the state, then the history. `read_state` needs the state alone."""
    metadata = {"reports": json.dumps([asdict(report) for report in state.reports])}
    if state.part is not None:
        metadata["part"] = json.dumps(asdict(state.part))
    write_tensors(run, STATE, state.tensors, metadata)
    run.write_history(state.reports)


def read_state(run: RunDirectory) -> State | None:
    """Return the state that the run was left in; None if no state was written yet.

    Raises `RunError` for damage.
    """
    path = run.path / STATE
    if not path.exists():
        return None
    tensors, metadata = read_tensors(run, STATE)
    try:
        reports = TypeAdapter(tuple[EpochReport, ...]).validate_json(metadata["reports"])
        part = TypeAdapter(Part).validate_json(metadata["part"]) if "part" in metadata else None
    except KeyError as error:
        raise RunError(f"{path}: expected epoch reports, found no {error}") from None
    except ValidationError as error:
        raise RunError(f"{path}: expected epoch reports, found: {problem_of(error)}") from None
    state = State(tensors, reports, part)
    if (problem := state.problem()) is not None:
        raise RunError(f"{path}: expected {problem}, found others")
    return state
