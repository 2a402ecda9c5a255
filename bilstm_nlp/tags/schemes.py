"""Tag schemes: from the tags of tokens to the spans of entities, and back. Knows no torch and no files.

A tag is `O` or `PREFIX-TYPE`. Segments without types have `PREFIX` alone: their type is the empty string. The rules of
every scheme concern two neighbouring tags, with `O` before the first token and after the last. Legality, repair,
detection and the constraints of a CRF all follow from `broken_rule`.

    IOB1   I- inside an entity; B- only for an entity right after another (Ramshaw and Marcus 1995). B- is needed after
           an entity of the same type; CoNLL-2003 has it twice after another type
    IOB2   B- for the first token of an entity, I- for the others (the CoNLL-2002 task)
    IOBES  B- I- E- for entities of several tokens, S- for entities of one token
    BILOU  the same as B- I- L- and U- (Ratinov and Roth 2009)
    BMES   the same as B- M- E- and S-
    plain  any label, one a token: each token is a span of its own, and its label is the span's type. O is a label too
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

SegmentScheme = Literal["IOB1", "IOB2", "IOBES", "BILOU", "BMES"]
Scheme = Literal[SegmentScheme, "plain"]
SCHEMES: tuple[SegmentScheme, ...] = ("IOB1", "IOB2", "IOBES", "BILOU", "BMES")
"""The schemes of segments."""

ROLES: dict[SegmentScheme, dict[str, str]] = {
    "IOB1": {"B": "B", "I": "I"},
    "IOB2": {"B": "B", "I": "I"},
    "IOBES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMES": {"B": "B", "M": "I", "E": "E", "S": "S"},
}
"""Scheme → prefix → the prefix of IOBES with the same role. BILOU and BMES are IOBES in other letters."""

_LETTERS: dict[SegmentScheme, dict[str, str]] = {
    scheme: {role: letter for letter, role in roles.items()} for scheme, roles in ROLES.items()
}
"""Scheme → role in the letters of IOBES → prefix."""

UNTYPED = ""
"""The type of segments without types."""


class Span(NamedTuple):
    """An entity: its type, its first token, and the token after its last."""

    type: str
    start: int
    end: int


@dataclass(frozen=True)
class Violation:
    """A tag that breaks a rule of its scheme."""

    index: int
    """Of the token, from 0."""
    tag: str
    reason: str
    """The tags and the rule, in words."""


@dataclass(frozen=True)
class Legality:
    """The legal places and neighbours of K tags."""

    start: NDArray[np.bool_]
    """(K,) whether the tag may begin a sentence."""
    end: NDArray[np.bool_]
    """(K,) whether the tag may end a sentence."""
    transitions: NDArray[np.bool_]
    """(K, K) whether the second tag may follow the first."""


@lru_cache(maxsize=65536)
def parse(tag: str, scheme: Scheme) -> tuple[str, str] | None:
    """Split a tag into its role, in the letters of IOBES, and its type. Return None for a tag of no such scheme.

    >>> parse("U-PER", "BILOU"), parse("O", "BILOU"), parse("S-PER", "BILOU")
    (('S', 'PER'), ('O', ''), None)
    >>> parse("B", "IOB2"), parse("NNP", "plain")
    (('B', ''), ('S', 'NNP'))
    """
    if scheme == "plain":
        return ("S", tag) if tag else None
    if tag == "O":
        return "O", UNTYPED
    prefix, dash, kind = tag.partition("-")
    role = ROLES[scheme].get(prefix)
    return (role, kind) if role and bool(dash) == bool(kind) else None


def spell(prefix: str, kind: str) -> str:
    """Spell the tag of a prefix and a type.

    >>> spell("B", "PER"), spell("B", "")
    ('B-PER', 'B')
    """
    return f"{prefix}-{kind}" if kind else prefix


def training_scheme(file_scheme: Scheme, scheme: SegmentScheme) -> Scheme:
    """Return the scheme to train in: `scheme`, unless the tags of the files are plain."""
    return "plain" if file_scheme == "plain" else scheme


def type_name(kind: str) -> str:
    """Name a type for people.

    >>> type_name("PER"), type_name("")
    ('PER', 'segment')
    """
    return kind or "segment"


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """Read the entities that tags spell, as the CoNLL scoring script does; broken sequences have a reading too.

    An entity begins at B or S, and at an I or E that cannot continue the tag before it. It ends at E or S, and before a
    tag that does not continue it. A tag of no such scheme counts as O; `violations` reports it.

    >>> spans(["B-PER", "I-PER", "O", "I-LOC"], "IOB2")
    [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
    if scheme == "plain":
        return [Span(tag, index, index + 1) for index, tag in enumerate(tags)]
    entities: list[Span] = []
    start = -1  # of the open entity; -1 if none is open
    role, kind = "O", ""
    for index, tag in enumerate(tags):
        if tag == "O" and start < 0:
            role, kind = "O", ""
            continue
        next_role, next_kind = parse(tag, scheme) or ("O", "")
        continues = next_role in "IE" and role in "BI" and next_kind == kind
        if start >= 0 and not continues:
            entities.append(Span(kind, start, index))
            start = -1
        if next_role != "O" and not continues:
            start = index
        role, kind = next_role, next_kind
    if start >= 0:
        entities.append(Span(kind, start, len(tags)))
    return entities


def encode(entities: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """Spell entities as the tags of `length` tokens. Entities must not overlap.

    >>> encode([Span("PER", 0, 2)], 3, "IOBES")
    ['B-PER', 'E-PER', 'O']
    """
    tags = ["O"] * length
    if scheme == "plain":
        for kind, start, end in entities:
            tags[start:end] = [kind] * (end - start)
        return tags
    letters = _LETTERS[scheme]
    for kind, start, end in sorted(entities, key=lambda span: span.start):
        inside = spell(letters["I"], kind)
        tags[start:end] = [inside] * (end - start)
        if scheme == "IOB1":
            if start > 0 and tags[start - 1] in (inside, spell("B", kind)):
                tags[start] = spell("B", kind)
        elif "S" in letters and end - start == 1:
            tags[start] = spell(letters["S"], kind)
        else:
            tags[start] = spell(letters["B"], kind)
            if "E" in letters:
                tags[end - 1] = spell(letters["E"], kind)
    return tags


def convert(tags: Sequence[str], source: Scheme, target: Scheme) -> list[str]:
    """Spell the entities of `tags` in another scheme. Broken tags are repaired on the way.

    >>> convert(["B-PER", "E-PER", "S-LOC"], "IOBES", "IOB2")
    ['B-PER', 'I-PER', 'B-LOC']
    """
    return encode(spans(tags, source), len(tags), target)


def repair(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Spell the entities that `spans` reads in broken tags with legal tags.

    >>> repair(["O", "I-PER"], "IOB2")
    ['O', 'B-PER']
    """
    return convert(tags, scheme, scheme)


def broken_rule(previous: str | None, tag: str | None, scheme: Scheme) -> str | None:
    """Return the rule that `tag` breaks after `previous`, in words, or None if it breaks none.

    A tag of None stands for the edge of a sentence.

    >>> print(broken_rule("O", "I-PER", "IOB2"))
    I-PER follows O; in IOB2 an entity begins with B-PER
    """
    now = parse(tag, scheme) if tag is not None else ("O", "")
    if scheme == "plain":
        return None if now is not None else "an empty tag is no label"
    if now is None:
        prefixes = ", ".join(f"{prefix}-" for prefix in ROLES[scheme])
        return f"{tag} is no tag of {scheme}, which has O and {prefixes} with a type"
    before = (parse(previous, scheme) if previous is not None else None) or ("O", "")
    role, kind = now
    pair = f"{tag} follows {previous}" if previous is not None else f"{tag} begins a sentence"
    same = before[1] == kind and before[0] != "O"
    letters = _LETTERS[scheme]
    if scheme == "IOB1":
        if role == "B" and before[0] == "O":
            return f"{pair}; in IOB1 only an entity right after another begins with B-"
    elif scheme == "IOB2":
        if role == "I" and not same:
            return f"{pair}; in IOB2 an entity begins with {spell('B', kind)}"
    else:
        open_before = before[0] in "BI"
        if open_before and not (same and role in "IE"):
            end = spell(letters["E"], before[1])
            pair = f"{tag} follows {previous}" if tag is not None else f"a sentence ends with {previous}"
            return f"{pair}; in {scheme} this entity must go on or end with {end}"
        if role in "IE" and not open_before:
            return f"{pair}; in {scheme} an entity of several tokens begins with {spell(letters['B'], kind)}"
    return None


def violations(tags: Sequence[str], scheme: Scheme) -> list[Violation]:
    """List every tag that breaks the scheme, in order.

    >>> [violation.index for violation in violations(["O", "I-PER", "B-PER", "I-LOC"], "IOB2")]
    [1, 3]
    """
    broken = []
    previous: str | None = None
    for index, tag in enumerate(tags):
        reason = broken_rule(previous, tag, scheme)
        if reason is not None:
            broken.append(Violation(index, tag, reason))
        previous = tag
    if previous is not None and (reason := broken_rule(previous, None, scheme)) is not None:
        broken.append(Violation(len(tags) - 1, previous, reason))
    return broken


def tag_set(types: Iterable[str], scheme: Scheme) -> list[str]:
    """List the tags of a scheme: O, then every prefix with every type, in the order of the types.

    >>> tag_set(["LOC", "PER"], "IOB2"), tag_set(["DT", "NN"], "plain")
    (['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER'], ['DT', 'NN'])
    """
    if scheme == "plain":
        return list(types)
    return ["O", *(spell(prefix, kind) for kind in types for prefix in ROLES[scheme])]


def legal_transitions(tags: Sequence[str], scheme: Scheme) -> Legality:
    """Tabulate which tags may begin a sentence, end a sentence, and follow each other.

    >>> legal_transitions(["O", "B-PER", "I-PER"], "IOB2").start.tolist()
    [True, True, False]
    """
    if scheme == "plain":
        every = np.ones(len(tags), np.bool_)
        return Legality(every, every, np.ones((len(tags), len(tags)), np.bool_))
    return Legality(
        start=np.array([broken_rule(None, tag, scheme) is None for tag in tags]),
        end=np.array([broken_rule(tag, None, scheme) is None for tag in tags]),
        transitions=np.array([[broken_rule(a, b, scheme) is None for b in tags] for a in tags]),
    )


def continuing(tag: str, scheme: Scheme) -> frozenset[str]:
    """Return the tags that continue the entity of `tag` when they follow it. O, E and S have none.

    >>> sorted(continuing("B-PER", "IOBES"))
    ['E-PER', 'I-PER']
    """
    role, kind = parse(tag, scheme) or ("O", "")
    if scheme == "plain" or role not in "BI":
        return frozenset()
    return frozenset(spell(prefix, kind) for prefix, meaning in ROLES[scheme].items() if meaning in "IE")
