"""Complaints about sequences that can be read: repeated ones, leaks between parts, doubtful labels and columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import numpy as np

from bilstm_nlp.data.labelled.sequence import LabelledSequence, SequenceSet
from bilstm_nlp.errors import listed
from bilstm_nlp.tasks.inspection import Complaint

Reading = Literal["class", "steps"]
FAR = 5.0
"""Deviations of training from its mean at which the mean of another part is far."""


def of_part(part: SequenceSet, reading: Reading) -> Iterator[Complaint]:
    """Yield sequences that come again in a part, with the same labels or with others."""
    seen: dict[bytes, LabelledSequence] = {}
    for sequence in _read_whole(part):
        earlier = seen.setdefault(_content(sequence), sequence)
        if earlier is sequence:
            continue
        message = f"{sequence.name!r} has the numbers of {earlier.name!r} in {_place(earlier)}"
        kind = "repeated sequences"
        if (difference := _difference(earlier, sequence)) is not None:
            kind += " with other labels" if reading == "steps" else " with another class"
            message += difference
        yield Complaint(sequence.source, sequence.line, message, False, kind)


def of_training(train: SequenceSet, reading: Reading) -> Iterator[Complaint]:
    """Yield what is doubtful in a training part: its labels, and columns that tell nothing."""
    names = "labels" if reading == "steps" else "classes"
    counts = Counter(label for sequence in train.sequences for label in set(filter(None, sequence.labels or ())))
    if len(counts) == 1:
        yield Complaint(
            train.source, None, f"{next(iter(counts))!r} alone: nothing can be learnt", True, f"one of the {names}"
        )
    for label, number in counts.items():
        if number == 1 and len(train.sequences) > 1:
            first = next(each for each in train.sequences if label in (each.labels or ()))
            yield Complaint(first.source, first.line, f"{label!r}", False, f"{names} that a single sequence has")
    spellings: dict[str, set[str]] = {}
    for label in counts:
        spellings.setdefault("".join(label.lower().split()), set()).add(label)
    for same in spellings.values():
        if len(same) > 1:
            yield Complaint(
                train.source, None, listed(sorted(map(repr, same))), False, f"{names} that differ in spelling alone"
            )
    if reading == "steps" and len(counts) > 1 and all(len(set(each.labels or ())) == 1 for each in train.sequences):
        message = 'task = "classification" with input = "series" learns a class for each sequence'
        yield Complaint(train.source, None, message, False, "each sequence has a single label")
    yield from _columns(train)


def _columns(train: SequenceSet) -> Iterator[Complaint]:
    """Yield columns that never change, and those that never change within a sequence."""
    readable = [sequence.usable_values for sequence in train.sequences]
    lows = np.stack([np.fmin.reduce(values, axis=0) for values in readable])
    highs = np.stack([np.fmax.reduce(values, axis=0) for values in readable])
    several = any(len(sequence) > 1 for sequence in train.sequences)
    for number, name in enumerate(train.roles.values):
        told = ~np.isnan(lows[:, number])
        low, high = lows[told, number], highs[told, number]
        if not len(low):
            continue  # no number of the column can be read, which is complained of
        if low.min() == high.max():
            yield Complaint(train.source, None, f"{name!r} is {low[0]:g} everywhere", False, "constant columns")
        elif several and len(train.sequences) > 1 and (low == high).all():
            message = f"{name!r}; data.values without it leaves it out, if it tells the sequences apart by their names"
            yield Complaint(train.source, None, message, False, "columns that are constant in each sequence")


def of_other(train: SequenceSet, part: SequenceSet, name: str, reading: Reading) -> Iterator[Complaint]:
    """Yield what another part has that training does not, and the sequences that both have."""
    names = "labels" if reading == "steps" else "classes"
    known = {label for sequence in train.sequences for label in sequence.labels or () if label}
    seen = {_content(sequence): sequence for sequence in reversed(_read_whole(train))}
    said: set[str] = set()
    for sequence in part.sequences:
        for step, label in enumerate(sequence.labels or ()):
            if label and label not in known and label not in said:
                said.add(label)
                line = int(sequence.rows[step]) if reading == "steps" else sequence.line
                message = f"{label!r} is none of {listed(sorted(known))}"
                # Steps with such a label count as wrong. A classifier needs to know all classes.
                wrong = reading == "class"
                yield Complaint(sequence.source, line, message, wrong, f"{names} of {name} that train does not have")
        if sequence.unusable is None and (same := seen.get(_content(sequence))) is not None:
            message = f"{sequence.name!r} has the numbers of {same.name!r} in {_place(same)}"
            yield Complaint(sequence.source, sequence.line, message, False, f"sequences of {name} that train has too")
    for (column, of_train), own in zip(train.usable_columns().items(), part.usable_columns().values(), strict=True):
        if not len(of_train) or not len(own):
            continue
        usual, spread, here = of_train.mean(), of_train.std(), own.mean()
        if spread > 0 and abs(here - usual) > FAR * spread:
            message = f"{column!r}: mean {here:.4g}, in training {usual:.4g} ± {spread:.4g}"
            yield Complaint(part.source, None, message, False, f"columns of {name} that are far from training")


def _read_whole(part: SequenceSet) -> list[LabelledSequence]:
    """Return the sequences of which all numbers can be read. Zeros make others seem equal."""
    return [sequence for sequence in part.sequences if sequence.unusable is None]


def _content(sequence: LabelledSequence) -> bytes:
    """Return the numbers of a sequence, by which equal sequences are told."""
    return sequence.values.tobytes()


def _place(sequence: LabelledSequence) -> str:
    return f"line {sequence.line} of {sequence.source}"


def _difference(earlier: LabelledSequence, sequence: LabelledSequence) -> str | None:
    """Describe the first step to which two sequences of equal numbers give other labels. None if there is none."""
    for step, (before, now) in enumerate(zip(earlier.labels or (), sequence.labels or (), strict=False)):
        if before != now and before and now:
            at = f" at step {step + 1}" if len(sequence.labels or ()) > 1 else ""
            return f", but is {now!r} in place of {before!r}{at}"
    return None
