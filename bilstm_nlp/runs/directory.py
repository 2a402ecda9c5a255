"""The run directory: its files, each written whole or not at all. No torch; `runs.tensors` reads and writes tensors.

run.json           format version; versions, machine and command that made the run, and digests of its data
config.json        the resolved config, enough to repeat the run
codec.json         the codec, fitted to the training data before training
codec.safetensors  the codec's arrays
model.safetensors  the best weights so far
state.safetensors  the state to resume from, after the last epoch or in the middle of one; removed at the end
history.jsonl      a line for each epoch
losses.safetensors the loss of each step, by epoch
replay.json        a few inputs, and the saved model's answers to them
metrics.json       all results; a run that has this file is finished
report.md, plots/  the results as text and pictures
trial.json, trial.safetensors  the measurements of a comparison that made the run
checksums.json     the digest of each of these files except the plots
.lock              the process that trains into the directory now
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import save as save_arrays

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs import models
from bilstm_nlp.runs.checksums import NAME as CHECKSUMS
from bilstm_nlp.runs.checksums import Checksums, digest, digest_of, parsed, problem_of
from bilstm_nlp.runs.lock import FILES as LOCK_FILES
from bilstm_nlp.system.arrays import mapped_arrays
from bilstm_nlp.system.files import partial_of, text_to
from bilstm_nlp.system.json_values import json_text
from bilstm_nlp.training.reports import EpochReport

FORMAT = 2
"""Version of the whole directory's format. Version 1 had no checksums."""

BEFORE_A_RUN = (*LOCK_FILES, CHECKSUMS, *(partial_of(Path(name)).name for name in (CHECKSUMS, "run.json")))
"""Files that a process can leave behind that was killed before there was a run."""
OPTIONAL = ("state.safetensors", "trial.json", "trial.safetensors")
"""Files that a finished run may lack although they were written."""
REMOVAL = {"metrics.json": -2, "config.json": -1, "run.json": 1}
"""Order of removal: first negative numbers, last positive ones. A run that is half removed is still a run, but neither
finished nor one that can be resumed."""


class RunDirectory:
    """One training run on disk.

    >>> import tempfile
    >>> run = RunDirectory.create(Path(tempfile.mkdtemp()) / "run")
    >>> run.write_json("config.json", {"seed": 1})
    >>> RunDirectory.open(run.path).read_json("config.json")
    {'seed': 1}
    >>> run.finished
    False
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checksums = Checksums(path)

    @classmethod
    def check_vacant(cls, path: Path, *, force: bool = False) -> None:
        """Check that a new run can be written to `path`.

        Raises `RunError` for a run, unless `force` is to replace it, and for anything that is no run.
        """
        if path.exists() and (not path.is_dir() or any(entry.name not in BEFORE_A_RUN for entry in path.iterdir())):
            if not (path / "run.json").exists():
                raise RunError(f"{path}: expected a new or empty directory, or a run; found something else there")
            if not force:
                kind = "a finished run" if cls(path).finished else "an unfinished run (--resume goes on with it)"
                raise RunError(f"{path}: {kind} is there; --force replaces it")

    @classmethod
    def create(cls, path: Path, origin: Mapping[str, Any] | None = None, *, force: bool = False) -> RunDirectory:
        """Make an empty run directory with the run's `origin`; with `force`, a run that is there is removed.

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
        """Open a run directory, or the run of a model by its name.

        Raises `RunError` if there is none, or if it has another format.
        """
        path = models.located(path)
        run = cls(path)
        if not path.is_dir():
            actual = "a file" if path.exists() else f"nothing there{models.hint(path)}"
            raise RunError(f"{path}: expected a run directory, found {actual}")
        if not models.is_run(path):
            raise RunError(f"{path}: expected a run directory, found a directory without run.json")
        # The format comes first: another format may have other checksums, or none.
        content = run.checksums.content("run.json")
        values = parsed(path / "run.json", content)
        if values.get("format") != FORMAT:
            message = f"{path}: expected a run of format {FORMAT}, found format {values.get('format')}"
            versions = values.get("versions")
            writer = versions.get("bilstm-nlp") if isinstance(versions, dict) else None
            if writer is not None:
                message += f", written by bilstm-nlp {writer}, which can read it"
            raise RunError(message)
        run.checksums.check("run.json", digest_of(content))
        return run

    @property
    def finished(self) -> bool:
        """True if the run has all its results."""
        return (self.path / "metrics.json").exists()

    def origin(self) -> dict[str, Any]:
        """Return versions, machine, command and digests of the data, as they were when the run began."""
        origin = {key: value for key, value in self.read_json("run.json").items() if key != "format"}
        self._check_objects("run.json", {key: origin[key] for key in ("versions", "machine", "data") if key in origin})
        return origin

    def _check_objects(self, name: str, values: Mapping[str, Any]) -> None:
        """Raise `RunError` unless all these values of a file are JSON objects."""
        for key, value in values.items():
            if not isinstance(value, dict):
                raise RunError(f"{self.path / name}: expected a JSON object for {key}, found {type(value).__name__}")

    # --- JSON and text ---

    def write(self, name: str, fill: Callable[[Path], object]) -> None:
        """Let `fill` write the file, and note its digest."""
        self.checksums.write(name, fill)

    def write_text(self, name: str, text: str) -> None:
        self.write(name, text_to(text))

    def write_json(self, name: str, value: object) -> None:
        self.write_text(name, json_text(value))

    def read_json(self, name: str) -> dict[str, Any]:
        """Return a file's JSON object.

        Raises `RunError` if the file is missing or damaged.
        """
        return parsed(self.path / name, self.checksums.checked(name))

    # --- arrays ---

    def write_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays of numpy as a safetensors file."""
        contiguous = {key: np.ascontiguousarray(value) for key, value in arrays.items()}
        self.write(name, lambda partial: partial.write_bytes(save_arrays(contiguous)))

    def read_arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a safetensors file.

        Raises `RunError` if the file is missing or damaged.
        """
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

    # --- history ---

    def write_history(self, reports: Iterable[EpochReport]) -> None:
        self.write_text("history.jsonl", "".join(json.dumps(asdict(report)) + "\n" for report in reports))

    def read_history(self) -> list[EpochReport]:
        """Return the reports of all epochs.

        Raises `RunError` if there are none yet, and for damage.
        """
        lines = self.checksums.checked("history.jsonl").splitlines()
        epoch = TypeAdapter(EpochReport)
        try:
            return [epoch.validate_json(line, strict=True) for line in lines]
        except ValidationError as error:
            path = self.path / "history.jsonl"
            raise RunError(f"{path}: expected epoch reports, found: {problem_of(error)}") from None

    # --- the whole run ---

    def check(self) -> int:
        """Check the digests of all files, and return the number of files.

        A finished run needs every file that was ever written, except `OPTIONAL` ones. In an unfinished run a file may
        be missing: the process was killed before it could rename the file that it had written.
        Raises `RunError` if a file is damaged or missing.
        """
        count = 0
        for name in self.checksums.known():
            if (self.path / name).is_file():
                self.checksums.check(name, digest(self.path / name))
                count += 1
            elif self.finished and name not in OPTIONAL:
                raise RunError(f"{self.path / name}: expected a file of a run, found nothing there")
        return count

    def summary(self) -> dict[str, Any]:
        """Return config, origin, progress, results and files of the run, without loading its model."""
        results = self.read_json("metrics.json") if self.finished else {}
        self._check_objects("metrics.json", results)
        return {
            "run": str(self.path),
            "finished": self.finished,
            "epochs": len(self.read_history()) if (self.path / "history.jsonl").exists() else 0,
            "config": self.read_json("config.json") if (self.path / "config.json").exists() else {},
            "training": results.pop("training", {}),
            # Figures only; metrics.json and report.md have their breakdowns.
            "results": {
                part: {name: value for name, value in figures.items() if isinstance(value, int | float | str | None)}
                for part, figures in results.items()
            },
            "origin": self.origin(),
            "files": {
                str(file.relative_to(self.path)): file.stat().st_size
                for file in sorted(self.path.rglob("*"))
                if file.is_file() and file.name not in LOCK_FILES
            },
        }

    def finish(self, results: dict[str, Any]) -> None:
        """Write the results, then remove the state to resume from."""
        self.write_json("metrics.json", results)
        self.drop_state()

    def drop_state(self) -> None:
        """Remove the state of a finished run; the process may have been killed before it could do so."""
        (self.path / "state.safetensors").unlink(missing_ok=True)


def finished(path: Path) -> RunDirectory:
    """Open a finished run.

    Raises `RunError` if there is no run, or an unfinished one.
    """
    run = RunDirectory.open(path)
    if not run.finished:
        raise RunError(f"{path}: expected a finished run, found an unfinished one; train --resume goes on with it")
    return run
