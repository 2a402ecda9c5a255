"""Planned runs and their folders: which are finished, which failed, which are still to be made. No torch.

What a run is called decides nothing: it is known by its key, made of its config and of the bytes of its data.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Job:
    """A planned run and the folder that is its place."""

    run: PlannedRun
    key: str
    folder: Path

    @property
    def state(self) -> Literal["finished", "failed", "missing"]:
        if trial_files.key_of(self.folder) == self.key:
            return "finished"
        return "failed" if self.failure.exists() else "missing"

    @property
    def failure(self) -> Path:
        """What says why the run died."""
        return self.folder / FAILURE

    @property
    def log(self) -> Path:
        """What was said while it ran."""
        return self.folder.parent.parent / "logs" / f"{self.folder.name}.txt"

    def fail(self, error: str, details: str = "") -> None:
        """Write down why the run died."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.failure, {"error": error, "details": details})

    def error(self) -> str:
        """What was written down. Raises `RunError` when that is damaged."""
        return str(parsed(self.failure, Checksums(self.folder).content(FAILURE)).get("error"))


class Planned(Protocol):
    """What runs are asked for, and where: a grid, or the folds of an audit."""

    @property
    def source(self) -> Path: ...

    @property
    def runs(self) -> Sequence[PlannedRun]: ...


def jobs_of(planned: Planned, out: Path) -> list[Job]:
    """Every run of a plan with its folder in `out`: the one that has its key, whatever it is called, or a new one.

    Raises `ConfigError` with all data files that can't be read.
    """
    sources = dict.fromkeys(source for run in planned.runs for source in run.config.sources)
    digests = {source: digest(source) for source in sources}
    problems = [
        f"{source}: expected a file, for {', '.join(readers(planned, source))}, found nothing that can be read there"
        for source, found in digests.items()
        if found is None
    ]
    if problems:
        raise ConfigError(str(planned.source), problems)
    taken = {folder.name[-8:]: folder for folder in existing(out)}
    found = []
    for run in planned.runs:
        key = key_of(run.config, digests)
        new = out / "runs" / f"{slug(run.variant)}-{run.fraction:g}-{run.seed}-{key[:8]}"
        found.append(Job(run, key, taken.get(key[:8], new)))
    return found


def readers(planned: Planned, source: str) -> Iterator[str]:
    """The variants that read a file."""
    return iter(dict.fromkeys(run.variant for run in planned.runs if source in run.config.sources))


def existing(out: Path) -> Iterator[Path]:
    """Folders of runs. Raises `RunError` where `out` is something else than a comparison."""
    names = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if (out.exists() and not out.is_dir()) or (names and not names & {"runs", "logs", "report.json"}):
        raise RunError(f"{out}: expected a new or empty directory, or a comparison; found something else there")
    return iter(sorted(path for path in (out / "runs").iterdir() if path.is_dir()) if "runs" in names else ())


def key_of(config: Config, digests: Mapping[str, str | None]) -> str:
    """64 hexadecimal digits for a config and the bytes of its data."""
    parts = [to_json(config), {source: digests[source] for source in config.sources}]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def slug(name: str) -> str:
    """A variant's name as part of a folder's."""
    return re.sub(r"[^\w.=]+", "-", name).strip("-.")[:60] or "variant"


def missing(jobs: Sequence[Job]) -> list[Job]:
    """Those that are not finished, failed ones too."""
    return [job for job in jobs if job.state != "finished"]
