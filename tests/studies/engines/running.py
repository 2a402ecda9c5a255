"""Runs of a small grid in processes of this machine, for the tests of the engines."""

from __future__ import annotations

from pathlib import Path

from bilstm_nlp.studies.engines.base import Progress
from bilstm_nlp.studies.engines.jobs import Job
from bilstm_nlp.studies.engines.local import LocalProcesses


def execute(jobs: list[Job]) -> list[Progress]:
    """Carry out jobs one after the other; return the last progress of each."""
    last = {progress.job.folder: progress for progress in LocalProcesses(jobs=1, threads=1).execute(jobs)}
    return list(last.values())


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the modification time and the content of every file of a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
