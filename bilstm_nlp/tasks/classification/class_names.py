"""Complaints about the classes of the training part: too few of them, and names that look like slips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import TypeVar

from bilstm_nlp.tasks.classification.ends import Labelled, Part
from bilstm_nlp.tasks.inspection import Complaint

T = TypeVar("T")

SEPARATORS = re.compile(r"\s*[,;|/+&]\s*")
"""What may part several classes in a name."""
RARE = 0.05
"""The largest share of a class whose name may be a slip for another, of the other's texts."""
SHORTEST_SLIP = 5
"""Characters of a name that is compared letter by letter."""
MOST_COMPARED = 500
"""Classes whose names are compared in pairs."""


def class_complaints(train: Part[T], *, several: bool) -> Iterator[Complaint]:
    """Yield what is odd about the classes of the training part: a single class, rare classes, near-equal names.

    `several`: a text may have any number of classes.
    """
    counts = Counter(chain.from_iterable(example.classes for example in train.examples))
    first: dict[str, Labelled[T]] = {}
    for example in train.examples:
        for name in example.classes:
            first.setdefault(name, example)
    if len(counts) < (1 if several else 2):
        message = f"expected at least two classes, found {', '.join(counts) or 'none'}"
        yield Complaint(train.source, None, message, True, "data from which nothing can be learnt")

    def remark(name: str, message: str, kind: str) -> Complaint:
        return Complaint(first[name].source, first[name].line, message, False, kind)

    for name, count in counts.items():
        if count < 2:
            yield remark(name, f"{name!r} has one of the texts", "classes with fewer than two texts")
    for name in counts:
        parts = SEPARATORS.split(name)
        if len(parts) > 1 and all(part in counts for part in parts):
            mark = next(mark for mark in ",;|/+&" if mark in name)
            message = f"{name!r} looks like several classes; data.label_separator = {mark!r} parts them"
            yield remark(name, message, "classes that look like several")
    names = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_COMPARED]
    for often, seldom in combinations(names, 2):
        if spelled_alike(often, seldom) or (counts[seldom] <= RARE * counts[often] and is_slip(often, seldom)):
            message = f"{seldom!r} ({counts[seldom]:,}) is another class than {often!r} ({counts[often]:,})"
            yield remark(seldom, message, "classes of nearly equal names")


def spelled_alike(name: str, other: str) -> bool:
    """Tell whether names differ in their case, blanks or punctuation alone.

    >>> spelled_alike("Positive", "positive"), spelled_alike("sci/tech", "Sci Tech"), spelled_alike("+", "-")
    (True, True, False)
    """
    letters, others = (re.sub(r"[\W_]+", "", text).casefold() for text in (name, other))
    return letters == others != ""


def is_slip(name: str, other: str) -> bool:
    """Tell whether long names differ in a letter that is missing, added, replaced or swapped with its neighbour.

    >>> is_slip("positive", "postive"), is_slip("class10", "class11"), is_slip("negative", "positive")
    (True, False, False)
    """
    if min(len(name), len(other)) < SHORTEST_SLIP or abs(len(name) - len(other)) > 1:
        return False
    start = _common(name, other)
    end = min(_common(name[::-1], other[::-1]), min(len(name), len(other)) - start)
    middle, others = name[start : len(name) - end], other[start : len(other) - end]
    swapped = len(middle) == 2 and middle == others[::-1]
    return (max(len(middle), len(others)) == 1 or swapped) and not any(map(str.isdigit, middle + others))


def _common(name: Sequence[str], other: Sequence[str]) -> int:
    """Count the letters that both names begin with."""
    pairs = zip(name, other, strict=False)
    return next((index for index, (left, right) in enumerate(pairs) if left != right), min(len(name), len(other)))
