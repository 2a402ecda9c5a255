"""Files of the time-series archives (.ts): a header, and a line for each sequence with its class at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceFormat, SequenceSet
from bilstm_nlp.data.lines import Complain, name_of, numbered_lines
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.errors import DataError, excerpt, listed

YES = {"true": True, "false": False}
MISSING = ("?", "nan", "")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?inf(?:inity)?", re.IGNORECASE)
KNOWN = (
    *("problemname", "timestamps", "missing", "univariate", "dimensions", "dimension", "equallength", "serieslength"),
    *("classlabel", "targetlabel", "data"),
)


@dataclass
class _Header:
    """The header of a file."""

    dimensions: int | None = None
    classes: tuple[str, ...] | None = None
    """Names of the classes; empty if the header lists none, `None` if sequences have no class."""
    length: int | None = None
    """Steps of every sequence, if the header says so."""
    equal: bool = False
    declared: set[str] = field(default_factory=set)


class _Case(NamedTuple):
    """A line of data."""

    line: int
    values: Floats
    label: str | None


def is_ts(source: str) -> bool:
    """Tell a file of the archives by its name.

    >>> is_ts("Vowels_TRAIN.ts"), is_ts("train.ts.gz"), is_ts("train.csv")
    (True, True, False)
    """
    return source.lower().removesuffix(".gz").endswith(".ts")


def read_ts(source: str, format: SequenceFormat, complain: Complain, note: Note) -> SequenceSet:
    """Read a .ts file. Missing values stay NaN; columns are named dim_0, dim_1 …, sequences by their number.

    Raises `DataError` for a header that can't be used. Complains of malformed lines, and leaves them out.
    """
    name, header = name_of(source), _Header()
    if format.reading == "steps":
        raise DataError(name, "a label for each step", "a .ts file, which has a class for each sequence")
    cases = list(_cases(source, name, header, format, complain))
    if header.classes is None and format.reading == "class" and cases:
        raise DataError(name, "@classLabel true, and a class in each line", "a header without classes")
    features = header.dimensions or (cases[0].values.shape[1] if cases else 1)
    columns = tuple(f"dim_{number}" for number in range(features))
    if format.values is not None and format.values != columns:
        raise DataError(name, f"columns {listed(format.values)}", f"dimensions named {listed(columns)}")
    sequences = []
    for number, case in enumerate(cases, 1):
        if len(case.values) == 1:
            note(Remark(name, case.line, "sequences of a single step", str(number)))
        labels = None if case.label is None or format.reading == "none" else (case.label,)
        rows = np.full(len(case.values), case.line)
        sequences.append(LabelledSequence(str(number), name, case.line, case.values, labels, rows))
    return SequenceSet(name, sequences, Roles(None, None, None, columns))


def _cases(source: str, name: str, header: _Header, format: SequenceFormat, complain: Complain) -> Iterator[_Case]:
    """Read the header, then yield the sequences that are well formed."""
    in_data = False
    for number, line in numbered_lines(source, format.encoding, complain):
        text = line.strip()
        if not text or text.startswith(("#", "%")):
            continue
        try:
            if in_data:
                case = _case(name, number, text, header, format.largest)
                header.dimensions = header.dimensions or case.values.shape[1]
                if header.equal and header.length is None:
                    header.length = len(case.values)
                yield case
            else:
                in_data = _read_header(name, number, text, header)
        except DataError as error:
            if not in_data:
                raise
            complain(error)
    if not in_data:
        raise DataError(name, "@data and a line for each sequence after it", "no @data")


def _read_header(name: str, number: int, text: str, header: _Header) -> bool:
    """Take a line of the header; return True at @data. Raises `DataError` for a line that can't be used."""
    if not text.startswith("@"):
        raise DataError(name, "a line of the header, such as @dimensions 3, or @data", excerpt(repr(text)), number)
    key, *words = text[1:].split()
    key = key.lower()
    if key not in KNOWN:
        raise DataError(name, "a line of the header that .ts files have", excerpt(repr(text)), number)
    if key in header.declared:
        raise DataError(name, f"@{key} once", "it again", number)
    header.declared.add(key)
    match key:
        case "data":
            return True
        case "timestamps" | "targetlabel":
            if _flag(name, number, text, words):
                expected = "values without time stamps" if key == "timestamps" else "classes"
                shown = "values with time stamps" if key == "timestamps" else "numbers to predict"
                raise DataError(name, expected, f"{shown} (@{key} true); a CSV file can have a column of them", number)
        case "univariate":
            if _flag(name, number, text, words):
                header.dimensions = 1
        case "dimensions" | "dimension":
            header.dimensions = _count(name, number, text, words)
        case "serieslength":
            header.length = _count(name, number, text, words)
        case "equallength":
            header.equal = _flag(name, number, text, words)
        case "classlabel":
            header.classes = tuple(words[1:]) if _flag(name, number, text, words) else None
        case _:
            pass
    return False


def _flag(name: str, number: int, text: str, words: list[str]) -> bool:
    """Return the value of a line such as @univariate true. Raises `DataError` for another."""
    if not words or words[0].lower() not in YES:
        raise DataError(name, "true or false", excerpt(repr(text)), number)
    return YES[words[0].lower()]


def _count(name: str, number: int, text: str, words: list[str]) -> int:
    """Return the value of a line such as @dimensions 12. Raises `DataError` for another."""
    if len(words) != 1 or not words[0].isdecimal() or int(words[0]) < 1:
        raise DataError(name, "a whole number of at least 1", excerpt(repr(text)), number)
    return int(words[0])


def _case(name: str, number: int, text: str, header: _Header, largest: float) -> _Case:
    """Parse a line of data. Raises `DataError` if it is malformed."""
    *parts, last = text.split(":")
    label: str | None = last.strip()
    if header.classes is None:
        parts, label = [*parts, last], None
    elif not parts:
        raise DataError(name, "values, a colon and a class", excerpt(repr(text)), number)
    elif not label:
        raise DataError(name, "a class after the last colon", "nothing", number)
    elif header.classes and label not in header.classes:
        raise DataError(name, f"a class of @classLabel: {listed(header.classes)}", repr(label), number)
    if header.dimensions is not None and len(parts) != header.dimensions:
        raise DataError(name, f"{header.dimensions} dimensions", f"{len(parts)}", number)
    columns = [_numbers(name, number, part, dimension, largest) for dimension, part in enumerate(parts)]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        shown = listed([str(len(column)) for column in columns])
        raise DataError(name, "as many steps in each dimension", shown, number)
    steps = lengths.pop()
    if header.equal and header.length is not None and steps != header.length:
        raise DataError(name, f"{header.length} steps, as in all sequences (@equalLength true)", f"{steps}", number)
    return _Case(number, np.array(columns, np.float64).T, label)


def _numbers(name: str, number: int, part: str, dimension: int, largest: float) -> list[float]:
    """Parse the values of a dimension; a missing value is NaN. Raises `DataError` for text and for large numbers."""
    values = []
    for step, cell in enumerate(part.split(","), 1):
        text = cell.strip()
        place = f"at step {step} of dim_{dimension}"
        if text.lower() in MISSING:
            values.append(np.nan)
        elif not NUMBER.fullmatch(text):
            raise DataError(name, f"a number, or ? for a missing one, {place}", excerpt(repr(text)), number)
        elif largest < abs(value := float(text)) < np.inf:
            raise DataError(name, f"a number within ±{largest:.3g} {place}", f"{value:g}", number)
        else:
            values.append(value)
    return values
