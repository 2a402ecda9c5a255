"""The reading of tags that are spelled in another way than the schemes: `data.tag_map` and `data.tag_format`.

A map renames tags, with `*` for a type. A format spells segments in a way that is no scheme, and is read as IOB2:

    runs   the type alone: a run of equal tags is a segment, and O is none
    IOE1   I- for the tokens of a segment; E- for the last one if a segment of the same type follows
    IOE2   E- for the last token of a segment, I- for the others
    BIE    B- for the first token of a segment, E- for the last, I- for the others; B- alone for one token
    BIS    B- for the first token of a segment of several, I- for the others; S- for one token
    brackets   (PER* for the first token of a segment, *) for the last, * for the others; (PER) for one token

The letters of I, E and S may be those of BILOU and BMES.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, get_args

from bilstm_nlp.tags.brackets import segments
from bilstm_nlp.tags.detection import has_prefix
from bilstm_nlp.tags.schemes import Span, encode, spans, spell

TagFormat = Literal["runs", "IOE1", "IOE2", "BIE", "BIS", "brackets"]
FORMATS: tuple[TagFormat, ...] = get_args(TagFormat)

ROLE_OF_LETTER = {"B": "B", "I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}
"""Prefix in any scheme or near scheme → the prefix of IOBES with the same role."""


@dataclass(frozen=True)
class TagReading:
    """A map and a format that turn the tags of files into tags of a scheme, or leave them as they are.

    >>> TagReading({"b_*": "B-*", "o": "O"}).tags(["b_PER", "o"])
    ['B-PER', 'O']
    >>> TagReading(format="runs").tags(["PER", "PER", "O", "LOC"])
    ['B-PER', 'I-PER', 'O', 'B-LOC']
    """

    map: Mapping[str, str] = field(default_factory=dict)
    """Tag → tag. A `*` on both sides stands for the same text. Whole tags come before patterns."""
    format: TagFormat | None = None

    def renamed(self, tag: str) -> str:
        """Rename a tag by the map."""
        if tag in self.map:
            return self.map[tag]
        for pattern, target in self.map.items():
            before, star, after = pattern.partition("*")
            if star and len(tag) > len(before) + len(after) and tag.startswith(before) and tag.endswith(after):
                return target.replace("*", tag[len(before) : len(tag) - len(after)])
        return tag

    def entry_of(self, tag: str) -> str | None:
        """Return the key of the map that renames a tag, if any does."""
        if tag in self.map:
            return tag
        return next((key for key in self.map if "*" in key and TagReading({key: "*"}).renamed(tag) != tag), None)

    def tags(self, tags: Sequence[str]) -> list[str]:
        """Read the tags of a sentence. Tags that break the format are read as `spans` reads broken tags."""
        renamed = list(map(self.renamed, tags))
        if self.format is None:
            return renamed
        if self.format == "runs":
            return encode(_runs(renamed), len(renamed), "IOB2")
        if self.format == "brackets":
            return encode(segments(renamed)[0], len(renamed), "IOB2")
        return encode(spans([_iobes(tag) or "O" for tag in renamed], "IOBES"), len(renamed), "IOB2")

    def problem(self, tags: Sequence[str]) -> tuple[int, str] | None:
        """Return the index of the first tag that breaks the format, and the rule in words."""
        renamed = list(map(self.renamed, tags))
        match self.format:
            case None:
                return None
            case "runs":
                wrong = next((index for index, tag in enumerate(renamed) if not tag or has_prefix(tag)), None)
                return None if wrong is None else (wrong, f"{renamed[wrong]!r} is no type alone, as in runs")
            case "brackets":
                return segments(renamed)[1]
            case letters:
                return _first_break(renamed, letters)


def _runs(tags: Sequence[str]) -> list[Span]:
    """Read each run of equal tags as a segment."""
    segments, position = [], 0
    for tag, group in groupby(tags):
        length = len(list(group))
        if tag != "O":
            segments.append(Span(tag, position, position + length))
        position += length
    return segments


def _iobes(tag: str) -> str | None:
    """Spell a tag in the letters of IOBES. Return None for a tag without a known prefix."""
    if tag == "O":
        return tag
    prefix, dash, kind = tag.partition("-")
    role = ROLE_OF_LETTER.get(prefix)
    return spell(role, kind) if role and bool(dash) == bool(kind) else None


_PREFIXES: dict[str, str] = {"IOE1": "IE", "IOE2": "IE", "BIE": "BIE", "BIS": "BIS"}


def _first_break(tags: Sequence[str], format: str) -> tuple[int, str] | None:
    """Return the index of the first tag that breaks a format of prefixes, and the rule in words."""
    spelled = [_iobes(tag) for tag in tags]
    for index, (tag, own) in enumerate(zip(tags, spelled, strict=True)):
        role, kind = ("O", "") if own is None or own == "O" else (own[0], own[2:])
        if own is None or role not in "O" + _PREFIXES[format]:
            prefixes = ", ".join(f"{prefix}-" for prefix in _PREFIXES[format])
            return index, f"{tag} is no tag of {format}, which has O and {prefixes} with a type"
        before = spelled[index - 1] if index else "O"
        after = spelled[index + 1] if index + 1 < len(spelled) else "O"
        opens_before = before in (spell("B", kind), spell("I", kind))
        goes_on = after in (spell("I", kind), spell("E", kind))
        if format == "IOE1" and role == "E" and not goes_on:
            return index, f"{tag} ends no segment that another of its type follows, as in IOE1"
        if format in ("IOE2", "BIE") and role == "I" and not goes_on:
            return index, f"{tag} is the last of its segment, which ends with {spell('E', kind)} in {format}"
        if format in ("BIE", "BIS") and role in "IE" and not opens_before:
            return index, f"{tag} begins a segment, which begins with {spell('B', kind)} in {format}"
        if format == "BIS" and role == "B" and not goes_on:
            return index, f"{tag} is all of its segment, which is {spell('S', kind)} in {format}"
    return None
