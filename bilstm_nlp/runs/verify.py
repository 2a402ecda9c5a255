"""Whether a run is still what was saved: its files byte by byte, then its answers to the inputs that it carries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.reports.sections import Section, Table
from bilstm_nlp.runs.directory import finished
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.replay import Replayed, replay


@dataclass(frozen=True)
class Verification:
    """What was looked at, and what came of it."""

    files: int
    inputs: int
    replayed: list[Replayed]

    @property
    def same(self) -> bool:
        """Whether every way of asking brought the answers of before."""
        return all(one.same for one in self.replayed)

    def as_json(self) -> dict[str, Any]:
        return {
            "same": self.same,
            "files": self.files,
            "inputs": self.inputs,
            # Infinity, which JSON doesn't have, stands for answers of another length.
            "replayed": [
                {
                    "way": one.way,
                    "difference": one.difference if one.difference < float("inf") else None,
                    "other_tags": one.other_tags,
                    "tags": one.tags,
                }
                for one in self.replayed
            ],
        }

    def sections(self) -> list[Section]:
        """For people."""
        rows = [
            [one.way, f"{one.difference:.1e}", f"{one.other_tags} of {one.tags}" if one.tags else "–"]
            for one in self.replayed
        ]
        said = "the answers are those that were saved" if self.same else "the answers are NOT those that were saved"
        table = Table("", ("asked", "largest difference", "other tags"), rows)
        title = f"{self.files} files are as they were written; {self.inputs} inputs asked again: {said}"
        return [Section(title, [table])]


def verify(path: Path) -> Verification:
    """Check a finished run. Raises `RunError` for another, and for a file that is damaged, missing or not the run's."""
    run = finished(path)
    files = run.check()
    recorded = run.read_json("replay.json")
    replayed = replay(load(path), recorded)
    return Verification(files, len(recorded["inputs"]), replayed)
