"""Verify a run: first the digests of its files, then its answers to the recorded inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.reports.sections import Section, Table
from bilstm_nlp.runs.directory import finished
from bilstm_nlp.runs.load import open_directory
from bilstm_nlp.runs.replay import Replayed, replay


@dataclass(frozen=True)
class Verification:
    """The result of a verification."""

    files: int
    """Files whose digests are right."""
    inputs: int
    """Recorded inputs that were asked again."""
    replayed: list[Replayed]

    @property
    def same(self) -> bool:
        """True if every way of asking gave the recorded answers."""
        return all(replayed.same for replayed in self.replayed)

    def as_json(self) -> dict[str, Any]:
        """Return the verification as JSON."""
        return {
            "same": self.same,
            "files": self.files,
            "inputs": self.inputs,
            # JSON has no infinity, which stands for answers of another length: null.
            "replayed": [
                {
                    "way": replayed.way,
                    "difference": replayed.difference if replayed.difference < float("inf") else None,
                    "other_tags": replayed.other_tags,
                    "tags": replayed.tags,
                }
                for replayed in self.replayed
            ],
        }

    def sections(self) -> list[Section]:
        """Return the verification as a sentence and a table."""
        rows = [
            [
                replayed.way,
                f"{replayed.difference:.1e}",
                f"{replayed.other_tags} of {replayed.tags}" if replayed.tags else "–",
            ]
            for replayed in self.replayed
        ]
        result = "the answers are those that were saved" if self.same else "the answers are NOT those that were saved"
        table = Table("", ("asked", "largest difference", "other tags"), rows)
        title = f"{self.files} files are as they were written; {self.inputs} inputs asked again: {result}"
        return [Section(title, [table])]


def verify(path: Path) -> Verification:
    """Verify a finished run.

    Raises `RunError` for an unfinished run, and for a file that is damaged, missing or another run's.
    """
    directory = finished(path)
    files = directory.check()
    recorded = directory.read_json("replay.json")
    replayed = replay(open_directory(directory).predictor, recorded)
    return Verification(files, len(recorded["inputs"]), replayed)
