"""Tag schemes: from the tags of tokens to the spans of entities, and back. Knows no torch and no files.

A tag is `O` or `PREFIX-TYPE`. The rules of every scheme concern two neighbouring tags, with `O` before the first token
and after the last. Legality, repair, detection and the constraints of a CRF all follow from `broken_rule`.

    IOB1   I- inside an entity; B- only for an entity right after another (Ramshaw and Marcus 1995). B- is needed after
           an entity of the same type; CoNLL-2003 has it twice after another type
    IOB2   B- for the first token of an entity, I- for the others (the CoNLL-2002 task)
    IOBES  B- I- E- for entities of several tokens, S- for entities of one token
    BILOU  the same as B- I- L- and U- (Ratinov and Roth 2009)
    BMES   the same as B- M- E- and S-
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Scheme = Literal["IOB1", "IOB2", "IOBES", "BILOU", "BMES"]
SCHEMES: tuple[Scheme, ...] = ("IOB1", "IOB2", "IOBES", "BILOU", "BMES")

ROLES: dict[Scheme, dict[str, str]] = {
    "IOB1": {"B": "B", "I": "I"},
    "IOB2": {"B": "B", "I": "I"},
    "IOBES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMES": {"B": "B", "M": "I", "E": "E", "S": "S"},
}
"""Scheme → prefix → the prefix of IOBES with the same role. BILOU and BMES are IOBES in other letters."""

_LETTERS: dict[Scheme, dict[str, str]] = {
    scheme: {role: letter for letter, role in roles.items()} for scheme, roles in ROLES.items()
}
"""Scheme → role in the letters of IOBES → prefix."""


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
class Detection:
    """The detected scheme of a corpus."""

    scheme: Scheme
    candidates: tuple[Scheme, ...]
    """Every scheme that the tags fit; empty if they fit none."""
    explanation: str
    """Why `scheme` was chosen, in words."""

    def scheme_or(self, expected: Scheme) -> Scheme:
        """Return `expected` if the tags fit it or fit no scheme, else the detected scheme."""
        return expected if expected in self.candidates or not self.candidates else self.scheme


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
    """
    if tag == "O":
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    role = ROLES[scheme].get(prefix)
    return (role, kind) if role and dash and kind else None


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """Read the entities that tags spell, as the CoNLL scoring script does; broken sequences have a reading too.

    An entity begins at B or S, and at an I or E that cannot continue the tag before it. It ends at E or S, and before a
    tag that does not continue it. A tag of no such scheme counts as O; `violations` reports it.

    >>> spans(["B-PER", "I-PER", "O", "I-LOC"], "IOB2")
    [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
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
    letters = _LETTERS[scheme]
    tags = ["O"] * length
    for kind, start, end in sorted(entities, key=lambda span: span.start):
        inside = f"{letters['I']}-{kind}"
        tags[start:end] = [inside] * (end - start)
        if scheme == "IOB1":
            if start > 0 and tags[start - 1] in (inside, f"B-{kind}"):
                tags[start] = f"B-{kind}"
        elif "S" in letters and end - start == 1:
            tags[start] = f"{letters['S']}-{kind}"
        else:
            tags[start] = f"{letters['B']}-{kind}"
            if "E" in letters:
                tags[end - 1] = f"{letters['E']}-{kind}"
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
            return f"{pair}; in IOB2 an entity begins with B-{kind}"
    else:
        open_before = before[0] in "BI"
        if open_before and not (same and role in "IE"):
            end = f"{letters['E']}-{before[1]}"
            pair = f"{tag} follows {previous}" if tag is not None else f"a sentence ends with {previous}"
            return f"{pair}; in {scheme} this entity must go on or end with {end}"
        if role in "IE" and not open_before:
            return f"{pair}; in {scheme} an entity of several tokens begins with {letters['B']}-{kind}"
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


def detect(sequences: Iterable[Sequence[str]]) -> Detection:
    """Detect the scheme of a whole training corpus.

    If the tags fit several schemes, the first of `PREFERENCE` counts. If they fit none, the scheme that the fewest
    pairs of neighbours break counts.

    >>> detect([["B-PER", "I-PER", "O"], ["B-LOC"]]).explanation
    'IOB2: the only scheme that all tags keep to'
    """
    pairs: Counter[tuple[str | None, str | None]] = Counter()
    for tags in sequences:
        pairs.update(zip((None, *tags), (*tags, None), strict=True))
    breaks = {
        scheme: sum(count for pair, count in pairs.items() if broken_rule(*pair, scheme)) for scheme in PREFERENCE
    }
    candidates = tuple(scheme for scheme in PREFERENCE if breaks[scheme] == 0)
    if len(candidates) == 1:
        return Detection(candidates[0], candidates, f"{candidates[0]}: the only scheme that all tags keep to")
    if candidates:
        chosen = candidates[0]
        others = ", ".join(candidates[1:])
        if all(tag in ("O", None) for pair in pairs for tag in pair):
            reason = "there are no entities, so any scheme would do"
        else:
            reason = "no entity here is long enough to tell them apart"
        return Detection(chosen, candidates, f"{chosen}, though {others} would do as well: {reason}")
    chosen = min(PREFERENCE, key=lambda scheme: breaks[scheme])
    count = breaks[chosen]
    return Detection(
        chosen,
        (),
        f"{chosen}: no scheme admits all tags, and this one is broken the least, in {count:,} "
        f"{'place' if count == 1 else 'places'} of {sum(pairs.values()):,}",
    )


PREFERENCE: tuple[Scheme, ...] = ("IOB2", "IOB1", "IOBES", "BMES", "BILOU")
"""The schemes by how widely they are used, for corpora that fit several."""


def tag_set(types: Iterable[str], scheme: Scheme) -> list[str]:
    """List the tags of a scheme: O, then every prefix with every type, in the order of the types.

    >>> tag_set(["LOC", "PER"], "IOB2")
    ['O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER']
    """
    return ["O", *(f"{prefix}-{kind}" for kind in types for prefix in ROLES[scheme])]


def legal_transitions(tags: Sequence[str], scheme: Scheme) -> Legality:
    """Tabulate which tags may begin a sentence, end a sentence, and follow each other.

    >>> legal_transitions(["O", "B-PER", "I-PER"], "IOB2").start.tolist()
    [True, True, False]
    """
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
    if role not in "BI":
        return frozenset()
    return frozenset(f"{prefix}-{kind}" for prefix, meaning in ROLES[scheme].items() if meaning in "IE")
