"""Tag schemes: how the tags of tokens spell the spans of entities. No torch, no files.

A tag is `O` or `PREFIX-TYPE`. Every scheme's rules are rules on neighbouring tags, with `O` before the first token and
after the last, so legality, repair, detection and a CRF's constraints all follow from one function, `may_follow`.

    IOB1   I- inside an entity; B- only where an entity follows another at once (Ramshaw and Marcus 1995); it is needed
           after one of the same type, and CoNLL-2003 has two after another type
    IOB2   B- begins every entity, I- goes on (the CoNLL-2002 task)
    IOBES  B- I- E- for entities of several tokens, S- for one token
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
"""Each scheme's prefixes and what they mean in the letters of IOBES."""

LETTERS: dict[Scheme, dict[str, str]] = {
    scheme: {role: letter for letter, role in roles.items()} for scheme, roles in ROLES.items()
}


class Span(NamedTuple):
    """An entity: its type, its first token, and the token after its last."""

    type: str
    start: int
    end: int


@dataclass(frozen=True)
class Violation:
    """A tag that breaks its scheme, and the rule that it breaks."""

    index: int
    tag: str
    reason: str


@dataclass(frozen=True)
class Detection:
    """The scheme of a corpus, all schemes that would do as well, and why this one was taken."""

    scheme: Scheme
    candidates: tuple[Scheme, ...]
    explanation: str

    def unless(self, expected: Scheme) -> Scheme:
        """`expected`, unless the tags break it and keep to another scheme."""
        return expected if expected in self.candidates or not self.candidates else self.scheme


@dataclass(frozen=True)
class Legality:
    """What K tags may do: begin a sentence (K,), end one (K,), and follow each other (K, K), first the earlier tag."""

    start: NDArray[np.bool_]
    end: NDArray[np.bool_]
    transitions: NDArray[np.bool_]


# --- reading ---------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65536)
def parse(tag: str, scheme: Scheme) -> tuple[str, str] | None:
    """A tag as its role, in the letters of IOBES, and its type; None when it is no tag of the scheme. O has no type."""
    if tag == "O":
        return "O", ""
    prefix, dash, kind = tag.partition("-")
    role = ROLES[scheme].get(prefix)
    return (role, kind) if role and dash and kind else None


def spans(tags: Sequence[str], scheme: Scheme) -> list[Span]:
    """The entities that tags spell, as the CoNLL scoring script reads them: also broken sequences have a reading.

    An entity begins at B or S, or where an I or E can't go on with what stands before it; it ends at E or S, or where
    the next tag does not go on with it. What is no tag of the scheme counts as O (`violations` reports it).
    """
    found: list[Span] = []
    start = -1  # of the entity that is open, if one is
    role, kind = "O", ""
    for index, tag in enumerate(tags):
        if tag == "O" and start < 0:
            role, kind = "O", ""
            continue
        next_role, next_kind = parse(tag, scheme) or ("O", "")
        goes_on = next_role in "IE" and role in "BI" and next_kind == kind
        if start >= 0 and not goes_on:
            found.append(Span(kind, start, index))
            start = -1
        if next_role != "O" and not goes_on:
            start = index
        role, kind = next_role, next_kind
    if start >= 0:
        found.append(Span(kind, start, len(tags)))
    return found


def encode(entities: Iterable[Span], length: int, scheme: Scheme) -> list[str]:
    """The tags of `length` tokens that spell these entities, which may not overlap."""
    letters = LETTERS[scheme]
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
    """The same entities in another scheme, or, where the tags are broken, in order."""
    return encode(spans(tags, source), len(tags), target)


def repair(tags: Sequence[str], scheme: Scheme) -> list[str]:
    """Legal tags for what broken ones spell in the reading of `spans`."""
    return convert(tags, scheme, scheme)


# --- rules -----------------------------------------------------------------------------------------------------------


def broken_rule(previous: str | None, tag: str | None, scheme: Scheme) -> str | None:
    """The rule that is broken when `tag` follows `previous`; None if none is. None for a tag is a sentence's border."""
    now = parse(tag, scheme) if tag is not None else ("O", "")
    if now is None:
        letters = ", ".join(f"{letter}-" for letter in ROLES[scheme])
        return f"{tag} is no tag of {scheme}, which has O and {letters} with a type"
    before = (parse(previous, scheme) if previous is not None else None) or ("O", "")
    role, kind = now
    place = f"{tag} follows {previous}" if previous is not None else f"{tag} begins a sentence"
    same = before[1] == kind and before[0] != "O"
    letters_of = LETTERS[scheme]
    if scheme == "IOB1":
        if role == "B" and before[0] == "O":
            return f"{place}; in IOB1 only an entity right after another begins with B-"
    elif scheme == "IOB2":
        if role == "I" and not same:
            return f"{place}; in IOB2 an entity begins with B-{kind}"
    else:
        open_before = before[0] in "BI"
        if open_before and not (same and role in "IE"):
            end = f"{letters_of['E']}-{before[1]}"
            where = f"{tag} follows {previous}" if tag is not None else f"a sentence ends with {previous}"
            return f"{where}; in {scheme} this entity must go on or end with {end}"
        if role in "IE" and not open_before:
            return f"{place}; in {scheme} an entity of several tokens begins with {letters_of['B']}-{kind}"
    return None


def violations(tags: Sequence[str], scheme: Scheme) -> list[Violation]:
    """Every tag that breaks the scheme, in order."""
    found = []
    previous: str | None = None
    for index, tag in enumerate(tags):
        reason = broken_rule(previous, tag, scheme)
        if reason is not None:
            found.append(Violation(index, tag, reason))
        previous = tag
    if previous is not None and (reason := broken_rule(previous, None, scheme)) is not None:
        found.append(Violation(len(tags) - 1, previous, reason))
    return found


def detect(sequences: Iterable[Sequence[str]]) -> Detection:
    """The scheme of a whole training corpus. Where several admit it, the first of `PREFERENCE`; where none does, the
    one that the fewest pairs of neighbours break."""
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
        f"{chosen}: no scheme admits all tags, and this one is broken the least, in {count:,} place"
        f"{'s' * (count > 1)} of {sum(pairs.values()):,}",
    )


PREFERENCE: tuple[Scheme, ...] = ("IOB2", "IOB1", "IOBES", "BMES", "BILOU")
"""Which scheme is taken where several admit a corpus: the more widely used first."""


# --- for a CRF -------------------------------------------------------------------------------------------------------


def tag_set(types: Iterable[str], scheme: Scheme) -> list[str]:
    """O, then every prefix of the scheme with every type, in the order of the types."""
    return ["O", *(f"{letter}-{kind}" for kind in types for letter in ROLES[scheme])]


def legal_transitions(tags: Sequence[str], scheme: Scheme) -> Legality:
    """Which tags may begin a sentence, end one, and follow each other."""
    return Legality(
        start=np.array([broken_rule(None, tag, scheme) is None for tag in tags]),
        end=np.array([broken_rule(tag, None, scheme) is None for tag in tags]),
        transitions=np.array([[broken_rule(a, b, scheme) is None for b in tags] for a in tags]),
    )


def continuing(tag: str, scheme: Scheme) -> frozenset[str]:
    """The tags that, right after `tag`, go on with its entity; none after O, E and S."""
    role, kind = parse(tag, scheme) or ("O", "")
    if role not in "BI":
        return frozenset()
    return frozenset(f"{letter}-{kind}" for letter, meaning in ROLES[scheme].items() if meaning in "IE")
