"""The description of a task's data before training: figures, and complaints about single lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Section


@dataclass(frozen=True)
class Complaint:
    """An error in the data (`wrong`), which should be corrected before training, or a remark.

    >>> print(Complaint("a.conll", 3, "expected a tag, found none", wrong=True))
    a.conll:3: expected a tag, found none
    """

    source: str
    line: int | None
    message: str
    wrong: bool
    kind: str = "other"
    """The subject of complaints of this kind, in the plural."""

    @classmethod
    def of(cls, error: DataError, kind: str = "what can't be read") -> Complaint:
        """Make a complaint of a line or a file that can't be read."""
        message = f"expected {error.expected}, found {error.found}"
        return cls(error.path, error.line, message, wrong=True, kind=kind)

    def __str__(self) -> str:
        location = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{location}: {self.message}"


class Inspection(Protocol):
    """The figures of a task's data, with all complaints."""

    @property
    def complaints(self) -> Sequence[Complaint]: ...

    def sections(self) -> list[Section]:
        """Return the figures as tables and sentences."""
        ...

    def figures(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        ...


def is_wrong(inspection: Inspection) -> bool:
    """Return True if any complaint is an error."""
    return any(complaint.wrong for complaint in inspection.complaints)


def as_json(inspection: Inspection) -> dict[str, Any]:
    """Return the figures and every single complaint as JSON."""
    return {
        **inspection.figures(),
        "wrong": is_wrong(inspection),
        "complaints": [asdict(complaint) for complaint in inspection.complaints],
    }


def complaint_sections(complaints: Sequence[Complaint], most: int) -> list[Section]:
    """Return complaints by kind, errors first, at most `most` of each kind; all others are counted."""
    sections = []
    for wrong, title in ((True, "Wrong"), (False, "Remarks")):
        kinds: dict[str, list[Complaint]] = {}
        for complaint in complaints:
            if complaint.wrong == wrong:
                kinds.setdefault(complaint.kind, []).append(complaint)
        if kinds:
            sections.append(Section(title, [_paragraph(kind, of_kind, most) for kind, of_kind in kinds.items()]))
    return sections


def _paragraph(kind: str, complaints: Sequence[Complaint], most: int) -> str:
    lines = [f"{kind}: {len(complaints):,}", *(f"  {complaint}" for complaint in complaints[:most])]
    if len(complaints) > most:
        lines.append(f"  … and {len(complaints) - most:,} more; --json lists all")
    return "\n".join(lines)
