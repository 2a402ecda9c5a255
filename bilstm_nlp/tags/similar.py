"""Tags that are nearly those of a scheme: recognised, and offered as lines of a config that read them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bilstm_nlp.tags.brackets import is_bracketed
from bilstm_nlp.tags.detection import detect, has_prefix
from bilstm_nlp.tags.reading import ROLE_OF_LETTER, TagFormat, TagReading
from bilstm_nlp.tags.schemes import ROLES, spell

OUTSIDE = (
    "O",
    "o",
    "0",
    "OUT",
    "Out",
    "out",
    "OTHER",
    "Other",
    "other",
    "NONE",
    "None",
    "none",
    "NULL",
    "null",
    "_",
    "-",
)
OUTSIDE_LOOKALIKES = ("\u039f", "\u041e")
"""The Greek and the Cyrillic O."""
LETTERS = "BIEMSLUW"
SEPARATOR = r"[^\w\s]|_"
BEFORE = rf"([{LETTERS}])({SEPARATOR})(.+)"
AFTER = rf"(.+)({SEPARATOR})([{LETTERS}])"
LETTER_OF_WORD = {
    **dict.fromkeys(("begin", "beginning", "start"), "B"),
    **dict.fromkeys(("inside", "in", "inner", "middle", "continue"), "I"),
    **dict.fromkeys(("end", "last"), "E"),
    **dict.fromkeys(("single", "unit", "singleton"), "S"),
}
"""Words that stand for a prefix → the prefix of IOB2 or IOBES."""
WORD = rf"({'|'.join(LETTER_OF_WORD)})({SEPARATOR})(.+)"
NO_TYPE = rf"([{LETTERS}])({SEPARATOR})()"
ALONE = f"[{LETTERS}]"
"""Patterns, in any case. They are compiled where they are first used, which predictions do without."""


def _fullmatch(pattern: str, tag: str) -> re.Match[str] | None:
    """Match a whole tag, in any case."""
    return re.fullmatch(pattern, tag, re.IGNORECASE)


@dataclass(frozen=True)
class Offer:
    """A reading of tags that are nearly those of a scheme."""

    reading: TagReading
    why: str
    """The difference from a scheme, in words."""
    scheme: str
    """The scheme that the tags are then read in."""
    example: str
    """A tag that differs, as in the files."""

    @property
    def line(self) -> str:
        """The lines to add to the config, parted by " and "."""
        lines = []
        if self.reading.map:
            entries = ", ".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in self.reading.map.items())
            lines.append(f"data.tag_map = {{ {entries} }}")
        if self.reading.format:
            lines.append(f'data.tag_format = "{self.reading.format}"')
        return " and ".join(lines)


def offered(sequences: Iterable[Sequence[str]]) -> Offer | None:
    """Return a reading that turns the tags of a corpus into those of a scheme; None for tags that need none.

    >>> offered([["b_PER", "i_PER", "o"]]).line
    'data.tag_map = { "b_*" = "B-*", "i_*" = "I-*", "o" = "O" }'
    >>> offered([["PER", "PER", "O"]]).line
    'data.tag_format = "runs"'
    """
    distinct_sequences = list({tuple(tags): None for tags in sequences})
    labels = Counter(tag for tags in distinct_sequences for tag in tags)
    if (offer := _brackets(labels) or _spelled_out(labels, distinct_sequences)) is not None:
        return offer
    shape = _best_shape(labels)
    if shape is None:
        return _runs(labels)
    mapping = _map_of(shape, labels)
    mapped = [TagReading(mapping).tags(tags) for tags in distinct_sequences]
    detection = detect(mapped)
    in_one_case = mapping | _types_in_one_case(mapped, mapping)
    if not detection.candidates and in_one_case != mapping:
        mapped_again = [TagReading(in_one_case).tags(tags) for tags in distinct_sequences]
        if detect(mapped_again).candidates:
            mapping, mapped, detection = in_one_case, mapped_again, detect(mapped_again)
    format = None if detection.candidates else _format_of(mapped)
    if not mapping and format is None:
        return None
    reading = TagReading(mapping, format)
    reasons = [
        *([shape.reason(mapping)] if mapping else []),
        *([f"the segments are spelled as in {format}"] if format else []),
    ]
    return Offer(
        reading,
        " and ".join(reasons),
        "IOB2" if format else detection.scheme,
        next(tag for tag in labels if (reading.renamed(tag) != tag if mapping else tag != "O")),
    )


@dataclass(frozen=True)
class _Shape:
    """A way to write a prefix and a type."""

    first: bool
    """The prefix comes before the type."""
    separator: str
    """Empty for prefixes without types."""
    tags: Mapping[str, tuple[str, str]]
    """Tag → its prefix and its type."""
    strays: Mapping[str, str] = field(default_factory=dict)
    """Tags of the same types with another separator → the tags that they stand for."""

    def pattern(self, prefix: str) -> str:
        """Return the pattern of the tags with a prefix."""
        if not self.separator:
            return prefix
        return f"{prefix}{self.separator}*" if self.first else f"*{self.separator}{prefix}"

    def reason(self, mapping: Mapping[str, str]) -> str:
        """Describe what differs from the tags of a scheme."""
        prefixes = {prefix for prefix, _ in self.tags.values()}
        reasons = []
        if self.separator not in ("", "-"):
            reasons.append(f"prefix and type are parted by {self.separator!r}")
        if not self.first:
            reasons.append("the type comes before the prefix")
        if any(prefix.islower() for prefix in prefixes):
            reasons.append("prefixes are in lower case")
        if any(prefix.upper() == "W" for prefix in prefixes):
            reasons.append("W is the prefix of one token")
        if self.strays:
            reasons.append("some tags have another separator")
        if any(key.startswith("*-") and value.startswith("*-") for key, value in mapping.items()):
            reasons.append("types differ in case alone")
        outside = [key for key, value in mapping.items() if value == "O"]
        if outside:
            reasons.append(f"{' and '.join(map(repr, outside))} stands for O")
        return ", ".join(reasons) or "the prefixes are those of several schemes"


def _best_shape(labels: Counter[str]) -> _Shape | None:
    """Return the shape of the tags with a prefix, if they look like tags of a scheme."""
    inside = [tag for tag in labels if tag not in OUTSIDE and tag not in OUTSIDE_LOOKALIKES]
    if inside and all(_fullmatch(ALONE, tag) for tag in inside):
        alone = _Shape(True, "", {tag: (tag, "") for tag in inside})
        roles = {ROLE_OF_LETTER[tag.upper()] for tag in inside}
        return alone if {"B", "I"} <= roles or {"B", "E"} <= roles or {"I", "E"} <= roles else None
    shapes: dict[tuple[bool, str], dict[str, tuple[str, str]]] = {}
    for tag in inside:
        if match := _fullmatch(BEFORE, tag):
            prefix, separator, kind = match.groups()
            shapes.setdefault((True, separator), {})[tag] = (prefix, kind)
        if match := _fullmatch(AFTER, tag):
            kind, separator, prefix = match.groups()
            shapes.setdefault((False, separator), {})[tag] = (prefix, kind)
    # The usual shape first: of equals, `max` takes the first.
    usual = sorted(shapes, key=lambda key: key != (True, "-"))
    best = max(usual, key=lambda key: len(shapes[key]), default=None)
    if best is None:
        return None
    kinds = {kind for _, kind in shapes[best].values()}
    strays = {
        tag: spell(prefix.upper(), kind)
        for (first, separator), tags in shapes.items()
        for tag, (prefix, kind) in tags.items()
        if first and best[0] and separator != best[1] and tag not in shapes[best] and kind in kinds
    }
    shape = _Shape(*best, shapes[best], strays)
    return shape if _looks_like_segments(shape, len(inside), labels) else None


def _looks_like_segments(shape: _Shape, inside: int, labels: Counter[str]) -> bool:
    """Tell whether tags with a prefix are those of segments, and not labels that happen to begin with such a letter."""
    roles_of_type: dict[str, set[str]] = {}
    for prefix, kind in shape.tags.values():
        roles_of_type.setdefault(kind.upper(), set()).add(ROLE_OF_LETTER[prefix.upper()])
    several = any({"B", "I"} <= roles or {"B", "E"} <= roles or {"I", "E"} <= roles for roles in roles_of_type.values())
    has_outside = len(labels) > inside
    return several or (len(shape.tags) + len(shape.strays) == inside and has_outside)


def _map_of(shape: _Shape, labels: Counter[str]) -> dict[str, str]:
    """Return the entries that turn the tags of a shape into those of a scheme."""
    prefixes = list(dict.fromkeys(prefix for prefix, _ in shape.tags.values()))
    letters = {prefix.upper() for prefix in prefixes}
    own = any(letters <= set(roles) for roles in ROLES.values())
    mapping: dict[str, str] = {}
    for prefix in sorted(prefixes, key=lambda prefix: (LETTERS.index(prefix.upper()), prefix)):
        letter = prefix.upper() if own else ROLE_OF_LETTER[prefix.upper()]
        target = f"{letter}-*" if shape.separator else letter
        if shape.pattern(prefix) != target:
            mapping[shape.pattern(prefix)] = target
    mapping |= shape.strays
    mapping |= {tag: "O" for tag in labels if (tag in OUTSIDE or tag in OUTSIDE_LOOKALIKES) and tag != "O"}
    return mapping


def _types_in_one_case(sequences: Sequence[Sequence[str]], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return entries that spell types which differ in case alone as the most frequent spelling."""
    counts = Counter(tag.partition("-")[2] for tags in sequences for tag in tags if has_prefix(tag))
    most: dict[str, str] = {}
    for kind, _ in counts.most_common():
        most.setdefault(kind.upper(), kind)
    return {f"*-{kind}": f"*-{most[kind.upper()]}" for kind in counts if not mapping and kind != most[kind.upper()]}


def _format_of(sequences: Sequence[Sequence[str]]) -> TagFormat | None:
    """Return the format of prefixes that all tags keep to, if there is one."""
    formats: tuple[TagFormat, ...] = ("IOE2", "IOE1", "BIE", "BIS")
    for format in formats:
        reading = TagReading(format=format)
        if all(reading.problem(tags) is None for tags in sequences):
            return format
    return None


def _brackets(labels: Counter[str]) -> Offer | None:
    """Offer to read segments in brackets, if all tags are spelled so."""
    example = next((tag for tag in labels if tag.startswith("(")), None)
    if example is None or not all(map(is_bracketed, labels)):
        return None
    return Offer(TagReading(format="brackets"), "segments are in brackets", "IOB2", example)


def _spelled_out(labels: Counter[str], sequences: Sequence[Sequence[str]]) -> Offer | None:
    """Offer to rename prefixes that are words, such as `Begin-PER`, and letters with a separator and no type."""
    inside = [tag for tag in labels if tag not in OUTSIDE and tag not in OUTSIDE_LOOKALIKES]
    matches = [_fullmatch(WORD, tag) or _fullmatch(NO_TYPE, tag) for tag in inside]
    mapping: dict[str, str] = {}
    for match in filter(None, matches):
        prefix, separator, kind = match.groups()
        letter = LETTER_OF_WORD.get(prefix.lower(), prefix.upper())
        mapping |= {f"{prefix}{separator}*": f"{letter}-*"} if kind else {f"{prefix}{separator}": letter}
    mapping |= {tag: "O" for tag in labels if tag not in inside and tag != "O"}
    reading = TagReading(mapping)
    if not inside or None in matches or not detect([reading.tags(tags) for tags in sequences]).candidates:
        return None
    scheme = detect([reading.tags(tags) for tags in sequences]).scheme
    return Offer(reading, "prefixes are spelled in another way", scheme, inside[0])


def _runs(labels: Counter[str]) -> Offer | None:
    """Offer to read runs of equal tags as segments, if there are types alone and O."""
    outside = [tag for tag in labels if tag in OUTSIDE or tag in OUTSIDE_LOOKALIKES]
    types = [tag for tag in labels if tag not in outside]
    if not types or len(outside) != 1 or outside[0] in ("-", "_") or any(map(has_prefix, types)):
        return None
    mapping = {} if outside[0] == "O" else {outside[0]: "O"}
    return Offer(TagReading(mapping, "runs"), "the types stand alone", "IOB2", types[0])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
