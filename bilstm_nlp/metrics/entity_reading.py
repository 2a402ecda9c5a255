"""The two readings of entities that seqeval has, written out for where seqeval is not installed.

seqeval brings scikit-learn and scipy, 190 MB. A tagger that only predicts does without. Tests hold these readings to
seqeval's on all short sequences of tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["IOB1", "IOB2", "IOBES"]
Extent = tuple[int, int]
"""The first token, and the token after the last."""


class _Letter(NamedTuple):
    """A tag as seqeval reads it."""

    role: str
    kind: str


OUTSIDE = _Letter("O", "_")


def conlleval_entities(tags: Sequence[str]) -> list[Extent]:
    """Read the entities of tags with the letters B, I, E, S and O, repairing what is broken, as conlleval does.

    >>> conlleval_entities(["I-PER", "I-PER", "I-LOC"])
    [(0, 2), (2, 3)]
    """
    entities: list[Extent] = []
    before, begin = OUTSIDE, 0
    letters = [_Letter(tag[0], tag[1:].split("-", maxsplit=1)[-1] or "_") for tag in tags]
    for position, letter in enumerate([*letters, OUTSIDE]):
        other = before.kind != letter.kind
        ends = before.role in "ES" or (before.role in "BI" and letter.role in "BSO")
        if before.role != "O" and (ends or other):
            entities.append((begin, position))
        starts = letter.role in "BS" or (before.role in "ESO" and letter.role in "IE")
        if letter.role != "O" and (starts or other):
            begin = position
        before = letter
    return entities


def strict_entities(tags: Sequence[str], scheme: Kind) -> list[Extent]:
    """Read the well-formed entities of tags with the letters B, I, E, S and O.

    >>> strict_entities(["I-PER", "B-PER", "I-PER", "I-LOC"], "IOB2")
    [(1, 3)]
    """
    letters = [*(_Letter(tag[0], tag[1:].strip("-") or "_") for tag in tags), OUTSIDE]
    entities: list[Extent] = []
    before, position = OUTSIDE, 0
    while position < len(letters):
        begin, position = position, position + 1
        if _starts(before, letters[begin], scheme):
            while _continues(letters[position - 1], letters[position], scheme):
                position += 1
            if _ends(letters[position - 1], letters[position], scheme):
                entities.append((begin, position))
        before = letters[position - 1]
    return entities


def _starts(before: _Letter, letter: _Letter, scheme: Kind) -> bool:
    """Return True if an entity begins with a tag. In IOB1, B begins an entity right after another of its type only."""
    if scheme != "IOB1":
        return letter.role in ("B" if scheme == "IOB2" else "BS")
    same = before.kind == letter.kind
    if letter.role == "I":
        return before.role in "OB" or (before.role == "I" and not same)
    return letter.role == "B" and before.role in "IB" and same


def _continues(before: _Letter, letter: _Letter, scheme: Kind) -> bool:
    """Return True if a tag continues the entity of the tag before."""
    return before.role in "BI" and letter.role in ("IE" if scheme == "IOBES" else "I") and before.kind == letter.kind


def _ends(before: _Letter, letter: _Letter, scheme: Kind) -> bool:
    """Return True if an entity may end between two tags."""
    if scheme == "IOBES":
        return before.role in "SE"
    same = before.kind == letter.kind
    if letter.role == "B" and before.role == "B" and scheme == "IOB1":
        return same
    return before.role in "BI" and (letter.role in "OB" or not same)
