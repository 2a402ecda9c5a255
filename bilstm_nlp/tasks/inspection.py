"""What any task says of its data before anybody trains: figures, and complaints about single lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Section


@dataclass(frozen=True)
class Complaint:
    """Something to look at; `wrong` where training should not begin before it was, else a mere remark."""

    source: str
    line: int | None
    message: str
    wrong: bool
    kind: str = "other"
    """What complaints of this kind are about, in the plural."""

    @classmethod
    def of(cls, error: DataError) -> Complaint:
        """What can't be read."""
        message = f"expected {error.expected}, found {error.found}"
        return cls(error.path, error.line, message, wrong=True, kind="what can't be read")

    def __str__(self) -> str:
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{place}: {self.message}"


class Inspection(Protocol):
    """What is in a task's data."""

    @property
    def complaints(self) -> Sequence[Complaint]: ...

    def sections(self) -> list[Section]:
        """The figures, for people."""
        ...

    def figures(self) -> dict[str, Any]:
        """The figures, as JSON."""
        ...


def is_wrong(inspection: Inspection) -> bool:
    """Whether any complaint is more than a remark."""
    return any(complaint.wrong for complaint in inspection.complaints)


def as_json(inspection: Inspection) -> dict[str, Any]:
    """Everything, and every single complaint."""
    return {
        **inspection.figures(),
        "wrong": is_wrong(inspection),
        "complaints": [asdict(complaint) for complaint in inspection.complaints],
    }


def complaint_sections(complaints: Sequence[Complaint], most: int) -> list[Section]:
    """Complaints by kind for people, what is wrong first, at most so many of a kind; the others are counted."""
    sections = []
    for wrong, title in ((True, "Wrong"), (False, "Remarks")):
        kinds: dict[str, list[Complaint]] = {}
        for complaint in complaints:
            if complaint.wrong == wrong:
                kinds.setdefault(complaint.kind, []).append(complaint)
        if kinds:
            sections.append(Section(title, [paragraph(kind, found, most) for kind, found in kinds.items()]))
    return sections


def paragraph(kind: str, complaints: Sequence[Complaint], most: int) -> str:
    lines = [f"{kind}: {len(complaints):,}", *(f"  {complaint}" for complaint in complaints[:most])]
    if len(complaints) > most:
        lines.append(f"  … and {len(complaints) - most:,} more; --json lists all")
    return "\n".join(lines)
