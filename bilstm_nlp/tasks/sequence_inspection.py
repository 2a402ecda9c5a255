"""Figures of labelled sequences, and complaints about them, before training. Shared by all tasks over sequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceSet
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.errors import DataError
from bilstm_nlp.reports.sections import Row, Section, Table
from bilstm_nlp.tasks import sequence_complaints as complaints
from bilstm_nlp.tasks.inspection import Complaint

LABELS_SHOWN, COLUMNS_SHOWN = 60, 40
"""Labels and columns in the tables."""

Reader = Callable[[Any, Roles | None, Complain, Note], SequenceSet]
"""(source, columns of training, complain, note) → the part. Raises `DataError`."""


@dataclass(frozen=True)
class ColumnFigures:
    """A column of numbers."""

    least: float
    mean: float
    largest: float
    deviation: float


@dataclass(frozen=True)
class PartFigures:
    """One part in figures."""

    source: str
    sequences: int
    steps: int
    shortest: int
    median: float
    longest: int
    longest_name: str
    labels: dict[str, int]
    """Steps of each label, or sequences of each class."""
    segments: dict[str, int]
    """Runs of each label; nothing for classes."""
    columns: dict[str, ColumnFigures]
    """Of the numbers that can be read. A column without any is missing."""


@dataclass
class SequenceInspection:
    """Figures by the name of the part, the training part first, and complaints in the order of files and lines."""

    reading: Literal["class", "steps"]
    roles: Roles | None = None
    """The columns of the training part."""
    parts: dict[str, PartFigures] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        roles = None if self.roles is None else asdict(self.roles)
        return {"roles": roles, "parts": {name: asdict(figures) for name, figures in self.parts.items()}}

    def sections(self) -> list[Section]:
        """Return the figures as tables, with a column for each part."""
        if not self.parts or self.roles is None:
            return []
        parts = self.parts.values()
        rows: list[Row] = [
            ("sequences", *(f"{figures.sequences:,}" for figures in parts)),
            ("steps", *(f"{figures.steps:,}" for figures in parts)),
            ("shortest", *(f"{figures.shortest:,} steps" for figures in parts)),
            ("median", *(f"{figures.median:,g} steps" for figures in parts)),
            ("longest", *(f"{figures.longest:,} steps" for figures in parts)),
            ("  its name", *(figures.longest_name for figures in parts)),
            *self._label_rows(),
        ]
        columns: list[Row] = [
            (name, *(_mean_of(figures.columns.get(name)) for figures in parts))
            for name in self.roles.values[:COLUMNS_SHOWN]
        ]
        if len(self.roles.values) > COLUMNS_SHOWN:
            columns.append(
                (f"… and {len(self.roles.values) - COLUMNS_SHOWN:,} more; --json has all", *("" for _ in parts))
            )
        sources = "\n".join(f"{name}: {of.source}" for name, of in self.parts.items())
        tables = [Table("", ("", *self.parts), rows), Table("Columns, mean ± deviation", ("", *self.parts), columns)]
        return [Section(self._title(self.roles), [sources, *tables])]

    def _title(self, roles: Roles) -> str:
        """Say which columns are read."""
        named = f"sequences by {roles.id!r}" if roles.id is not None else "a sequence in each file or line"
        order = f"steps by {roles.step!r}" if roles.step is not None else "steps in their order"
        kind = "labels" if self.reading == "steps" else "classes"
        return (
            f"{named}, {order}, {kind} at the end of each line"
            if roles.label is None
            else (f"{named}, {order}, {kind} by {roles.label!r}")
        )

    def _label_rows(self) -> list[Row]:
        """Return the number of steps and segments of each label, or of sequences of each class."""
        parts = list(self.parts.values())
        names = sorted(
            set().union(*(figures.labels for figures in parts)), key=lambda name: -parts[0].labels.get(name, 0)
        )
        rows: list[Row] = [
            ("labels" if self.reading == "steps" else "classes", *(f"{len(of.labels):,}" for of in parts))
        ]
        rows += [(f"  {name}", *(self._amount(of, name) for of in parts)) for name in names[:LABELS_SHOWN]]
        if len(names) > LABELS_SHOWN:
            rows.append((f"  … and {len(names) - LABELS_SHOWN:,} more; --json has all", *("" for _ in parts)))
        return rows

    def _amount(self, of: PartFigures, name: str) -> str:
        """Return how often a label or a class occurs in a part."""
        count = of.labels.get(name, 0)
        if self.reading == "class":
            return f"{count:,}"
        return f"{count:,} steps in {of.segments.get(name, 0):,} segments"


def inspect_sequences(
    sources: Mapping[str, Any], read: Reader, reading: Literal["class", "steps"]
) -> SequenceInspection:
    """Inspect parts by name. The first one is the training part, whose columns the others must have.

    A line that can't be read becomes a complaint, and the figures are those of all other lines.
    """
    inspection = SequenceInspection(reading)
    parts: dict[str, SequenceSet] = {}

    def unreadable(error: DataError) -> None:
        complaint = Complaint.of(error)
        if complaint not in inspection.complaints:  # two parts may be shares of a file
            inspection.complaints.append(complaint)

    def remarked(remark: Remark) -> None:
        inspection.complaints.append(Complaint(remark.source, remark.line, remark.message, False, remark.kind))

    for name, source in sources.items():
        try:
            part = read(source, inspection.roles, unreadable, remarked)
        except DataError as error:
            unreadable(error)
            continue
        inspection.roles = inspection.roles or part.roles
        parts[name] = part
        inspection.parts[name] = _figures(part, reading)
        inspection.complaints += complaints.of_part(part, reading)
    train = parts.pop(next(iter(sources)), None)
    if train is not None:
        inspection.complaints += complaints.of_training(train, reading)
        for name, part in parts.items():
            inspection.complaints += complaints.of_other(train, part, name, reading)
    return inspection


def _figures(part: SequenceSet, reading: Literal["class", "steps"]) -> PartFigures:
    """Count a part."""
    lengths = [len(sequence) for sequence in part.sequences]
    longest = max(part.sequences, key=len)
    labels = Counter(label for sequence in part.sequences for label in sequence.labels or () if label)
    return PartFigures(
        source=part.source,
        sequences=len(lengths),
        steps=sum(lengths),
        shortest=min(lengths),
        median=float(np.median(lengths)),
        longest=max(lengths),
        longest_name=longest.name,
        labels=dict(sorted(labels.items())),
        segments=_segments(part.sequences) if reading == "steps" else {},
        columns={name: _column(values) for name, values in part.usable_columns().items() if len(values)},
    )


def _mean_of(column: ColumnFigures | None) -> str:
    return "none can be read" if column is None else f"{column.mean:.4g} ± {column.deviation:.4g}"


def _column(values: Floats) -> ColumnFigures:
    """Describe a column of numbers (N,)."""
    return ColumnFigures(float(values.min()), float(values.mean()), float(values.max()), float(values.std()))


def _segments(sequences: Sequence[LabelledSequence]) -> dict[str, int]:
    """Count the runs of each label."""
    runs: Counter[str] = Counter()
    for sequence in sequences:
        labels = sequence.labels or ()
        runs.update(label for step, label in enumerate(labels) if label and (step == 0 or labels[step - 1] != label))
    return dict(sorted(runs.items()))
