"""Planned runs and their folders: which are finished, which failed, which are missing. Knows no torch.

A run is identified by its key, a digest of its config and of the bytes of its data. Its name decides nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from bilstm_nlp.config import Config, to_json
from bilstm_nlp.errors import ConfigError, RunError
from bilstm_nlp.runs.checksums import Checksums, parsed
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.system.files import write_json

FAILURE = "failure.json"
OWN_NAMES = {"runs", "logs", "report.json"}
"""Files and folders by which the folder of a study is known."""


@dataclass(frozen=True)
class Job:
    """A planned run, its key and its run directory."""

    run: PlannedRun
    key: str
    folder: Path

    @property
    def state(self) -> Literal["finished", "failed", "missing"]:
        """Look at the folder. Raises `RunError` if the files of a finished run are damaged."""
        if trial_files.key_of(self.folder) == self.key:
            return "finished"
        return "failed" if self.failure.exists() else "missing"

    @property
    def failure(self) -> Path:
        """Return the file with the error of a failed run."""
        return self.folder / FAILURE

    @property
    def log(self) -> Path:
        """Return the file with the output of the run's process."""
        return self.folder.parent.parent / "logs" / f"{self.folder.name}.txt"

    def fail(self, error: str, details: str = "") -> None:
        """Write the error of a failed run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.failure, {"error": error, "details": details})

    def error(self) -> str:
        """Read the error of a failed run. Raises `RunError` if the file is damaged."""
        return str(parsed(self.failure, Checksums(self.folder).content(FAILURE)).get("error"))


class Planned(Protocol):
    """A study's runs: those of a grid, or the folds of an audit."""

    @property
    def source(self) -> Path:
        """Return the file that asks for the runs."""
        ...

    @property
    def runs(self) -> Sequence[PlannedRun]: ...


def jobs_of(planned: Planned, out: Path) -> list[Job]:
    """Give every planned run a folder in `out`: the folder that has its key, whatever its name, or a new one.

    Raises `ConfigError` with all data files that can't be read, and `RunError` if `out` is no folder of a study.
    """
    sources = dict.fromkeys(source for run in planned.runs for source in run.config.sources)
    digests = {source: digest(source) for source in sources}
    problems = [
        f"{source}: expected a file, for {', '.join(_readers(planned, source))}, found nothing that can be read there"
        for source, content in digests.items()
        if content is None
    ]
    if problems:
        raise ConfigError(str(planned.source), problems)
    # A folder's name ends with the first eight digits of its key.
    folders = {folder.name[-8:]: folder for folder in _run_folders(out)}
    jobs = []
    for run in planned.runs:
        key = key_of(run.config, digests)
        new = out / "runs" / f"{slug(run.variant)}-{run.fraction:g}-{run.seed}-{key[:8]}"
        jobs.append(Job(run, key, folders.get(key[:8], new)))
    return jobs


def _readers(planned: Planned, source: str) -> list[str]:
    """List the variants that read a file."""
    return list(dict.fromkeys(run.variant for run in planned.runs if source in run.config.sources))


def _run_folders(out: Path) -> list[Path]:
    """List the run directories of a study. Raises `RunError` if `out` is anything else than a study or empty."""
    names = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if (out.exists() and not out.is_dir()) or (names and not names & OWN_NAMES):
        raise RunError(f"{out}: expected a new or empty directory, or a comparison; found something else there")
    return sorted(path for path in (out / "runs").iterdir() if path.is_dir()) if "runs" in names else []


def key_of(config: Config, digests: Mapping[str, str | None]) -> str:
    """Return 64 hexadecimal digits that identify a config and the bytes of its data."""
    parts = [to_json(config), {source: digests[source] for source in config.sources}]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def slug(name: str) -> str:
    """Turn a variant's name into a part of a folder's name.

    >>> slug("gru, encoder.layers=2")
    'gru-encoder.layers=2'
    """
    return re.sub(r"[^\w.=]+", "-", name).strip("-.")[:60] or "variant"


def missing(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs that are not finished, the failed ones included."""
    return [job for job in jobs if job.state != "finished"]
