"""Figures of texts with classes in parts, and complaints about them, before training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from statistics import median
from typing import Any

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.text.vocabulary import Coverage
from bilstm_nlp.errors import excerpt, listed
from bilstm_nlp.reports.sections import Row, Section, Table
from bilstm_nlp.tasks.classification.class_names import class_complaints
from bilstm_nlp.tasks.classification.ends import Labelled, Part
from bilstm_nlp.tasks.classification.text_data import text_of
from bilstm_nlp.tasks.inspection import Complaint

CLASSES_SHOWN = 60
"""Classes in the table."""


@dataclass(frozen=True)
class PartFigures:
    """A part of the data in figures."""

    source: str
    sequences: int
    steps: int
    """The tokens of all texts."""
    mean: float
    """Tokens of a text."""
    median: float
    shortest: int
    longest: int
    longest_line: int
    several: int
    """Texts with another number of classes than one."""
    classes: dict[str, int]
    """Texts by class, the most frequent first."""


@dataclass
class ClassInspection:
    """Figures by the name of the part, the training part first, and complaints in the order of files and lines."""

    parts: dict[str, PartFigures] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    """The words with a pretrained vector, by the name of the part; empty without vectors."""

    def figures(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        parts = {name: asdict(figures) for name, figures in self.parts.items()}
        for name, coverage in self.coverage.items():
            parts[name]["coverage"] = asdict(coverage)
        return {"units": "texts", "parts": parts}

    def sections(self) -> list[Section]:
        """Return the figures as one table, with a column for each part."""
        if not self.parts:
            return []
        of_parts = self.parts.values()
        rows: list[Row] = [
            ("texts", *(f"{of.sequences:,}" for of in of_parts)),
            ("tokens", *(f"{of.steps:,}" for of in of_parts)),
            ("tokens of one, mean", *(f"{of.mean:.1f}" for of in of_parts)),
            ("  median", *(f"{of.median:g}" for of in of_parts)),
            ("  shortest and longest", *(f"{of.shortest:,} – {of.longest:,}" for of in of_parts)),
            ("  line of the longest", *(str(of.longest_line) for of in of_parts)),
            *self._class_rows(),
        ]
        if self.coverage:
            of_words = [self.coverage[name] for name in self.parts]
            rows += [
                ("tokens with a vector", *(f"{of.tokens_found / of.tokens:.1%}" for of in of_words)),
                ("words with a vector", *(f"{of.types_found / of.types:.1%}" for of in of_words)),
            ]
        sources = "\n".join(f"{name}: {of.source}" for name, of in self.parts.items())
        return [Section("Texts with their classes", [sources, Table("", ("", *self.parts), rows)])]

    def _class_rows(self) -> Iterator[Row]:
        """Yield the number of texts of each class, the most frequent first."""
        counts = [of.classes for of in self.parts.values()]
        if any(of.several for of in self.parts.values()):
            yield ("of none or several classes", *(f"{of.several:,}" for of in self.parts.values()))
        names = list(dict.fromkeys(chain.from_iterable(counts)))
        yield ("classes", *(f"{len(of_part):,}" for of_part in counts))
        for name in names[:CLASSES_SHOWN]:
            shares = zip(counts, self.parts.values(), strict=True)
            yield (
                f"  {name}",
                *(f"{of.get(name, 0):,} ({of.get(name, 0) / part.sequences:.1%})" for of, part in shares),
            )
        if len(names) > CLASSES_SHOWN:
            yield (f"  … and {len(names) - CLASSES_SHOWN:,} more; --json lists all", *("" for _ in counts))


def inspect_parts(parts: Mapping[str, Part[LabelledText]], *, several: bool) -> ClassInspection:
    """Inspect parts by name, each with at least one text. The first is the training part.

    `several`: a text may have any number of classes.
    """
    inspection = ClassInspection()
    complaints = inspection.complaints
    for name, part in parts.items():
        inspection.parts[name] = _figures_of(part)
        if not several:
            complaints += _not_one_class(part)
        complaints += _repeated(part)
    (_, train), *others = parts.items()
    complaints += class_complaints(train, several=several)
    for name, part in others:
        complaints += _unknown_classes(train, part, name)
        complaints += _shared(train, part, name)
    return inspection


def _figures_of(part: Part[LabelledText]) -> PartFigures:
    """Count a part."""
    lengths = [len(example.input.tokens) for example in part.examples]
    longest = max(range(len(lengths)), key=lengths.__getitem__)
    counts = Counter(chain.from_iterable(example.classes for example in part.examples))
    return PartFigures(
        source=part.source,
        sequences=len(lengths),
        steps=sum(lengths),
        mean=sum(lengths) / len(lengths),
        median=float(median(lengths)),
        shortest=min(lengths),
        longest=lengths[longest],
        longest_line=part.examples[longest].line,
        several=sum(len(example.classes) != 1 for example in part.examples),
        classes=dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))),
    )


def _not_one_class(part: Part[LabelledText]) -> Iterator[Complaint]:
    """Yield texts with no class or several, where a head gives each text one."""
    kind = "texts with none or several classes"
    for example in part.examples:
        if len(example.classes) != 1:
            message = f"expected one class (head.kind = sigmoid takes several), found {_named(example.classes)}"
            yield Complaint(example.source, example.line, message, True, kind)


def _repeated(part: Part[LabelledText]) -> Iterator[Complaint]:
    """Yield repeated texts. If their classes differ, one of the two may be wrong."""
    seen: dict[str, Labelled[LabelledText]] = {}
    for example in part.examples:
        earlier = seen.setdefault(text_of(example.input), example)
        if earlier is example:
            continue
        shown = excerpt(example.input.text)
        if earlier.classes == example.classes:
            kind, message = "repeated texts", f"{_place(earlier, example)} again: {shown}"
        else:
            kind = "repeated texts with other classes"
            message = f"{_named(example.classes)}, but {_named(earlier.classes)} in {_place(earlier, example)}: {shown}"
        yield Complaint(example.source, example.line, message, False, kind)


def _shared(train: Part[LabelledText], part: Part[LabelledText], name: str) -> Iterator[Complaint]:
    """Yield texts that the training part has too, with the same class or another."""
    seen = {text_of(example.input): example for example in reversed(train.examples)}
    for example in part.examples:
        same = seen.get(text_of(example.input))
        if same is None:
            continue
        other = "" if same.classes == example.classes else f" as {_named(same.classes)}, here {_named(example.classes)}"
        message = f"{_place(same, example)}{other}: {excerpt(example.input.text)}"
        yield Complaint(example.source, example.line, message, False, f"texts of {name} that train has too")


def _unknown_classes(train: Part[LabelledText], part: Part[LabelledText], name: str) -> Iterator[Complaint]:
    """Yield classes that no training text has: a model can't predict them."""
    known = {kind for example in train.examples for kind in example.classes}
    told: set[str] = set()
    for example in part.examples:
        for kind in example.classes:
            if kind not in known and kind not in told:
                told.add(kind)
                message = f"{kind!r} is none of {listed(sorted(known), most=10) or 'no classes'}"
                subject = f"classes of {name} that train does not have"
                yield Complaint(example.source, example.line, message, True, subject)


def _place(example: Labelled[LabelledText], other: Labelled[LabelledText]) -> str:
    """Return the line of a text, with its file if `other` is in another."""
    return f"line {example.line}" + ("" if example.source == other.source else f" of {example.source}")


def _named(classes: Sequence[str]) -> str:
    return ", ".join(classes) or "none"
