"""The run directory: what is in it, each file written whole or not at all.

run.json           format version, and what it is made of and where: versions, machine, command, hashes of the data
config.json        the resolved config, enough to repeat the run
codec.json         what was learnt from the training data before training
codec.safetensors  its tensors
model.safetensors  the best weights so far
state.safetensors  the state after the last epoch, or after the batch it was stopped at; gone when the run is finished
history.jsonl      a line an epoch
losses.safetensors the loss of each step, epoch by epoch
replay.json        a few inputs, and what the saved model answers to them
metrics.json       all results; its presence says that the run is finished
report.md, plots/  the same for people
trial.json, trial.safetensors  what a comparison that made the run has measured since
checksums.json     what each of these files held when it was written, but for the plots
.lock              who trains into it, while somebody does
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as save_arrays
from safetensors.torch import save
from torch import Tensor

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import NAME as CHECKSUMS
from bilstm_nlp.runs.checksums import Checksums, digest, digest_of, parsed, problem_of
from bilstm_nlp.runs.lock import FILES as LOCK_FILES
from bilstm_nlp.system.arrays import mapped_arrays
from bilstm_nlp.system.files import partial_of, text_to
from bilstm_nlp.system.json_values import json_text
from bilstm_nlp.training.state import EpochReport, Part, State

FORMAT = 2
"""Of the whole directory. 1 had no checksums."""

BEFORE_A_RUN = (*LOCK_FILES, CHECKSUMS, *(partial_of(Path(name)).name for name in (CHECKSUMS, "run.json")))
"""All that somebody can have left who was killed before there was a run."""
COMING_AND_GOING = ("state.safetensors", "trial.json", "trial.safetensors")
"""Files that a finished run may be without, though they were written."""
REMOVAL = {"metrics.json": -2, "config.json": -1, "run.json": 1}
"""What goes first when a run is removed, and what last, so that one half removed is still a run, but neither finished
nor one to go on with."""


class RunDirectory:
    """One training run on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checksums = Checksums(path)

    @classmethod
    def check_vacant(cls, path: Path, *, force: bool = False) -> None:
        """Raises `RunError` when something is there: a run that `force` would not remove, or no run at all."""
        if path.exists() and (not path.is_dir() or any(entry.name not in BEFORE_A_RUN for entry in path.iterdir())):
            if not (path / "run.json").exists():
                raise RunError(f"{path}: expected a new or empty directory, or a run; found something else there")
            if not force:
                kind = "a finished run" if cls(path).finished else "an unfinished run (--resume goes on with it)"
                raise RunError(f"{path}: {kind} is there; --force replaces it")

    @classmethod
    def create(cls, path: Path, origin: Mapping[str, Any] | None = None, *, force: bool = False) -> RunDirectory:
        """An empty run directory that says what the run is made of; `force` removes a run that is there.

        Raises `RunError` as `check_vacant` does.
        """
        cls.check_vacant(path, force=force)
        path.mkdir(parents=True, exist_ok=True)
        run = cls(path)
        for entry in sorted(path.iterdir(), key=lambda entry: REMOVAL.get(entry.name, 0)):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name not in LOCK_FILES:
                entry.unlink()
        run.write_json("run.json", {"format": FORMAT, **(origin or {})})
        return run

    @classmethod
    def open(cls, path: Path) -> RunDirectory:
        """A run directory that is there. Raises `RunError` when it is not, or of a later format."""
        run = cls(path)
        if not path.is_dir():
            raise RunError(f"{path}: expected a run directory, found {'a file' if path.exists() else 'nothing there'}")
        if not (path / "run.json").exists():
            raise RunError(f"{path}: expected a run directory, found a directory without run.json")
        # Before anything else: another format may have other checksums, or none.
        content = run.checksums.content("run.json")
        values = parsed(path / "run.json", content)
        if values.get("format") != FORMAT:
            found = f"{path}: expected a run of format {FORMAT}, found format {values.get('format')}"
            versions = values.get("versions")
            writer = versions.get("bilstm-nlp") if isinstance(versions, dict) else None
            raise RunError(found if writer is None else f"{found}, written by bilstm-nlp {writer}, which can read it")
        run.checksums.check("run.json", digest_of(content))
        return run

    def origin(self) -> dict[str, Any]:
        """What it is made of, and where."""
        found = {key: value for key, value in self.read_json("run.json").items() if key != "format"}
        self.check_objects("run.json", {key: found[key] for key in ("versions", "machine", "data") if key in found})
        return found

    def check_objects(self, name: str, values: Mapping[str, Any]) -> None:
        """Raises `RunError` unless all of these parts of a file are JSON objects."""
        for key, value in values.items():
            if not isinstance(value, dict):
                raise RunError(f"{self.path / name}: expected a JSON object for {key}, found {type(value).__name__}")

    @property
    def finished(self) -> bool:
        return (self.path / "metrics.json").exists()

    # --- JSON and text ---

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Let `fill` write the file, and note what it holds."""
        self.checksums.write(name, fill)

    def write_text(self, name: str, text: str) -> None:
        self.write(name, text_to(text))

    def write_json(self, name: str, value: object) -> None:
        self.write_text(name, json_text(value))

    def read_json(self, name: str) -> dict[str, Any]:
        """A JSON object of the run. Raises `RunError` when it is missing or damaged."""
        return parsed(self.path / name, self.checksums.checked(name))

    # --- arrays and tensors ---

    def write_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays of numpy as a safetensors file."""
        contiguous = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
        self.write(name, lambda partial: partial.write_bytes(save_arrays(contiguous)))

    def read_arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Read a safetensors file as arrays of numpy. Raises `RunError` when it is missing or damaged."""
        path = self.path / name
        try:
            self.checksums.check(name, digest(path))
            return mapped_arrays(path)
        except FileNotFoundError:
            raise RunError(f"{path}: expected a file of a run, found nothing there") from None
        except SafetensorError as error:
            raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None
        except ValueError as error:
            raise RunError(f"{path}: expected arrays that numpy can read, found {error}") from None

    def write_tensors(self, name: str, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
        contiguous = {key: value.contiguous() for key, value in tensors.items()}
        self.write(name, lambda partial: partial.write_bytes(save(contiguous, metadata)))

    def read_tensors(self, name: str) -> tuple[dict[str, Tensor], dict[str, str]]:
        """Tensors and metadata of a safetensors file. Raises `RunError` when it is missing or damaged."""
        path = self.path / name
        try:
            self.checksums.check(name, digest(path))
            with safe_open(path, framework="pt") as stream:
                return {key: stream.get_tensor(key) for key in stream.keys()}, stream.metadata() or {}  # noqa: SIM118
        except FileNotFoundError:
            raise RunError(f"{path}: expected a file of a run, found nothing there") from None
        except SafetensorError as error:
            raise RunError(f"{path}: expected a safetensors file, found damage: {error}") from None

    def load_weights(self, model: torch.nn.Module) -> None:
        """The best weights into `model`. Raises `RunError` when they are not this model's."""
        tensors, _ = self.read_tensors("model.safetensors")
        try:
            model.load_state_dict(tensors)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise RunError(f"{self.path / 'model.safetensors'}: weights of another model: {reason}") from None

    # --- the state to go on from ---

    def write_state(self, state: State) -> None:
        """The state and the history, in this order: `read_state` needs the first alone."""
        metadata = {"reports": json.dumps([asdict(report) for report in state.reports])}
        if state.part is not None:
            metadata["part"] = json.dumps(asdict(state.part))
        self.write_tensors("state.safetensors", state.tensors, metadata)
        self.write_history(state.reports)

    def read_state(self) -> State | None:
        """The state that the run was left in; None when it had not yet come to one."""
        if not (self.path / "state.safetensors").exists():
            return None
        tensors, metadata = self.read_tensors("state.safetensors")
        try:
            reports = TypeAdapter(tuple[EpochReport, ...]).validate_json(metadata["reports"])
            part = TypeAdapter(Part).validate_json(metadata["part"]) if "part" in metadata else None
        except KeyError as error:
            raise RunError(f"{self.path / 'state.safetensors'}: expected epoch reports, found no {error}") from None
        except ValidationError as error:
            found = problem_of(error)
            raise RunError(f"{self.path / 'state.safetensors'}: expected epoch reports, found: {found}") from None
        state = State(tensors, reports, part)
        if (problem := state.problem()) is not None:
            raise RunError(f"{self.path / 'state.safetensors'}: expected {problem}, found others")
        return state

    def write_history(self, reports: Iterable[EpochReport]) -> None:
        self.write_text("history.jsonl", "".join(json.dumps(asdict(report)) + "\n" for report in reports))

    def read_history(self) -> list[EpochReport]:
        """The reports of all epochs. Raises `RunError` for damage."""
        lines = self.checksums.checked("history.jsonl").splitlines()
        try:
            return [TypeAdapter(EpochReport).validate_json(line) for line in lines]
        except ValidationError as error:
            found = problem_of(error)
            raise RunError(f"{self.path / 'history.jsonl'}: expected epoch reports, found: {found}") from None

    # --- what others ask ---

    def check(self) -> int:
        """The number of files, each of which holds what was written there. Raises `RunError` where one does not.

        A finished run has all files that were ever written but those that come and go; in another one a file may be
        missing that was about to get its name when the process was killed.
        """
        count = 0
        for name in self.checksums.known():
            if (self.path / name).is_file():
                self.checksums.check(name, digest(self.path / name))
                count += 1
            elif self.finished and name not in COMING_AND_GOING:
                raise RunError(f"{self.path / name}: expected a file of a run, found nothing there")
        return count

    def summary(self) -> dict[str, Any]:
        """What the run is, how far it came and what it scored, without its model."""
        results = self.read_json("metrics.json") if self.finished else {}
        self.check_objects("metrics.json", results)
        return {
            "run": str(self.path),
            "finished": self.finished,
            "epochs": len(self.read_history()) if (self.path / "history.jsonl").exists() else 0,
            "config": self.read_json("config.json") if (self.path / "config.json").exists() else {},
            "training": results.pop("training", {}),
            # The figures alone; metrics.json and report.md have their breakdowns.
            "results": {
                part: {name: value for name, value in found.items() if isinstance(value, int | float | str | None)}
                for part, found in results.items()
            },
            "origin": self.origin(),
            "files": {
                str(file.relative_to(self.path)): file.stat().st_size
                for file in sorted(self.path.rglob("*"))
                if file.is_file() and file.name not in LOCK_FILES
            },
        }

    def finish(self, results: dict[str, Any]) -> None:
        """The results, then nothing to go on from is needed any more."""
        self.write_json("metrics.json", results)
        self.drop_state()

    def drop_state(self) -> None:
        """Remove the state of a finished run, which may have been killed before it could do so."""
        (self.path / "state.safetensors").unlink(missing_ok=True)


def finished(path: Path) -> RunDirectory:
    """A finished run that is there. Raises `RunError` when it is not, or not finished."""
    run = RunDirectory.open(path)
    if not run.finished:
        raise RunError(f"{path}: expected a finished run, found an unfinished one; train --resume goes on with it")
    return run
