"""Spans of characters, as annotators write them, and their tokens: read, placed, trimmed, snapped, and kept apart."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, product
from operator import itemgetter
from typing import Any, Literal
from unicodedata import normalize

from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError, excerpt
from bilstm_nlp.tags import Span

Offsets = tuple[tuple[int, int], ...]
Unit = Literal["characters", "utf-16", "bytes"]

START_KEYS = ("start", "start_offset", "startOffset", "start_idx", "begin", "from")
END_KEYS = ("end", "end_offset", "endOffset", "end_idx", "stop", "to")
TYPE_KEYS = ("label", "type", "labels", "entity_group", "entity_type", "entity", "category", "tag", "tag_name", "class")
TEXT_KEYS = ("text", "mention", "surface", "entity")
"""Keys of a span, in the order in which they count."""

TRIMMED = "spans with blanks at their edges, trimmed"
SNAPPED = "spans that cut tokens, snapped to whole tokens"
DROPPED = "spans that cut tokens, dropped"
MERGED = "spans that stand twice, merged"
SHORTER = "spans that overlap a longer one, dropped"
SHIFTED = "spans whose own text stands at other offsets"


@dataclass(frozen=True)
class CharacterSpan:
    """An entity in a text, from character `start` to `end`, exclusive."""

    start: int
    end: int
    type: str
    own: str | None = None
    """The span's own text, if the annotator has written it."""
    line: int | None = None
    """The span's line, if it has one of its own."""

    def __str__(self) -> str:
        return f"{self.type} from {self.start} to {self.end}"


class MalformedSpan(Exception):
    """A value that is no span."""


def span_of(value: Any) -> CharacterSpan:
    """Read a span in any of the forms that tools write. Raises `MalformedSpan`.

    >>> span_of([0, 2, "ORG"]) == span_of({"start_offset": 0, "end_offset": 2, "label": "ORG"})
    True
    """
    parts: list[Any] = value if isinstance(value, list) else []
    own = None
    if isinstance(value, dict):
        kind, own = _first(value, TYPE_KEYS), _first(value, TEXT_KEYS)
        own = None if own is kind else own
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        start, end = _first(value, START_KEYS), _first(value, END_KEYS)
        if start is None and end is None and type(value.get("offset")) is type(value.get("length")) is int:
            start, end = value["offset"], value["offset"] + value["length"]
        parts = [start, end, kind]
    match parts:
        case [str(kind), start, end] if kind and not kind.isdecimal():
            pass
        case [start, end, str(kind)] if kind:
            pass
        case [start, end, str(kind), str(own)] if kind:
            pass
        case _:
            raise MalformedSpan
    start, end = (int(edge) if isinstance(edge, str) and edge.isdecimal() else edge for edge in (start, end))
    if type(start) is not int or type(end) is not int:
        raise MalformedSpan
    return CharacterSpan(start, end, kind, own if isinstance(own, str) and own.strip() else None)


def _first(value: dict[str, Any], keys: Sequence[str]) -> Any:
    """Return the value of the first key that has one."""
    return next((value[key] for key in keys if value.get(key) is not None), None)


@dataclass(frozen=True)
class SpanReader:
    """A reader of the spans of one text, which is cut into tokens."""

    text: str
    tokens: Offsets
    format: ColumnFormat
    error: Callable[[str, str, CharacterSpan], DataError]
    """(expected, found, span) → an error at the span's line."""
    note: Callable[[str, str, CharacterSpan], None]
    """(kind, message, span) of a change at the span's line."""
    tries_line_ends: bool = True
    """Try offsets that count line ends of two characters as one, for a span with a text of its own."""

    def spans_of_tokens(self, spans: Sequence[CharacterSpan]) -> list[Span]:
        """Convert spans of characters to spans of tokens, in order, none overlapping.

        Raises `DataError` for spans that do not fit, unless the format says what becomes of them.
        """
        aligned: list[tuple[CharacterSpan, Span]] = []
        for span in spans:
            placed = self._trimmed(self._placed(span))
            if placed is not None and (of_tokens := self._aligned(placed, span)) is not None:
                aligned.append((placed, of_tokens))
        return sorted(self._apart(aligned), key=lambda span: span.start)

    def shown(self, span: CharacterSpan) -> str:
        """Show a span with its text, for a message."""
        return f"{span}, {excerpt(self.text[span.start : span.end])!r}"

    # --- characters ---

    def _placed(self, span: CharacterSpan) -> CharacterSpan:
        """Return the span in characters of the text, at the place of its own text."""
        if self.format.offsets != "characters":
            span = self._in_characters(span, self.format.offsets)
        if span.own is not None and not self._is_at(span, span.own):
            return self._at_own_text(span, span.own)
        if not 0 <= span.start <= span.end <= len(self.text):
            fits = f"spans within the text's {len(self.text)} characters"
            raise self.error(fits, f"{span}{self._unit_hint(span)}", span)
        return span

    def _in_characters(self, span: CharacterSpan, unit: Unit) -> CharacterSpan:
        """Convert offsets of another unit. Raises `DataError` for an offset inside of a character."""
        index = _characters_at(self.text, unit)
        if span.start not in index or span.end not in index:
            raise self.error(
                f"spans within the text's {max(index)} units of {unit}, between characters", f"{span}", span
            )
        return replace(span, start=index[span.start], end=index[span.end])

    def _is_at(self, span: CharacterSpan, own: str) -> bool:
        """Tell whether a span's own text stands at its place.

        Blanks at the edges and their kinds don't count, nor whether letters and their marks are one character.
        """
        there = normalize("NFC", self.text[max(span.start, 0) : max(span.end, 0)])
        return 0 <= span.start < span.end <= len(self.text) and there.split() == normalize("NFC", own).split()

    def _at_own_text(self, span: CharacterSpan, own: str) -> CharacterSpan:
        """Read the offsets in the unit in which the span's own text stands there, with or without its last character.

        Raises `DataError` if it stands there in none.
        """
        units: tuple[Unit, ...] = ("characters", "utf-16", "bytes")
        line_ends = ["", *(["line ends counted as one character"] if self.tries_line_ends else [])]
        for one_character, unit in product(line_ends, units):
            index = _characters_at(self.text, unit, line_ends_as_one=bool(one_character))
            for past, ends in ((0, ""), (1, "inclusive ends")):
                start, end = index.get(span.start), index.get(span.end + past)
                if start is None or end is None:
                    continue
                moved = replace(span, start=start, end=end)
                if self._is_at(moved, own):
                    of_unit = "" if unit == "characters" else f"offsets in {unit}"
                    said = " and ".join(filter(None, [ends, of_unit, one_character]))
                    self.note(f"{SHIFTED}: {said}", f"{span} is read as {self.shown(moved)}", span)
                    return moved
        there = self.text[max(span.start, 0) : max(span.end, 0)]
        raise self.error(f"{excerpt(own)!r}, the span's own text, at {span}", repr(excerpt(there)), span)

    def _trimmed(self, span: CharacterSpan) -> CharacterSpan | None:
        """Return the span without blanks at its edges; None if nothing is left and it may be dropped."""
        inside = self.text[span.start : span.end]
        start, end = span.start + len(inside) - len(inside.lstrip()), span.end - len(inside) + len(inside.rstrip())
        if start >= end:
            reason = "only blanks" if inside else "without a character"
            if self.format.on_misaligned == "error":
                expected = 'spans of words, or data.on_misaligned = "drop"'
                raise self.error(expected, f"{self.shown(span)}, {reason}", span)
            self.note(DROPPED, f"{self.shown(span)}, {reason}", span)
            return None
        if (start, end) == (span.start, span.end):
            return span
        trimmed = replace(span, start=start, end=end)
        self.note(TRIMMED, f"{self.shown(span)} becomes {self.shown(trimmed)}", span)
        return trimmed

    def _unit_hint(self, span: CharacterSpan) -> str:
        """Name the unit in which a span would begin and end with tokens, for the end of a message, or nothing."""
        edges = {start for start, _ in self.tokens}, {end for _, end in self.tokens}
        units: tuple[Unit, ...] = ("utf-16", "bytes")
        for unit in units:
            index = _characters_at(self.text, unit)
            if index.get(span.start) in edges[0] and index.get(span.end) in edges[1]:
                return f'; data.offsets = "{unit}" would fit'
        return ""

    # --- tokens ---

    def _aligned(self, span: CharacterSpan, given: CharacterSpan) -> Span | None:
        """Return the tokens of a span; None if it cuts a token and is dropped. `given`: as it stands in the file."""
        # The first token that ends after the span begins, up to the first that begins after it ends.
        inside = range(
            bisect_right(self.tokens, span.start, key=itemgetter(1)),
            bisect_left(self.tokens, span.end, key=itemgetter(0)),
        )
        if not inside:  # tokens of the record may leave out characters, such as a soft hyphen
            begins = ends = None
        else:
            begins, ends = self.tokens[inside[0]][0], self.tokens[inside[-1]][1]
            if (begins, ends) == (span.start, span.end):
                return Span(span.type, inside[0], inside[-1] + 1)
        policy = self.format.on_misaligned
        if policy == "error" or (policy == "snap" and not inside):
            edge, position = ("begins", span.start) if begins != span.start else ("ends", span.end)
            cut = next((self.text[a:b] for a, b in self.tokens if a < position < b), None)
            where = "at no token" if cut is None else f"inside the token {cut!r}"
            expected = 'spans that begin and end with tokens, or data.on_misaligned = "snap" or "drop"'
            raise self.error(expected, f"{self.shown(span)}, which {edge} {where}{self._unit_hint(given)}", span)
        if policy == "drop" or begins is None or ends is None:
            self.note(DROPPED, self.shown(span), span)
            return None
        snapped = replace(span, start=begins, end=ends)
        self.note(SNAPPED, f"{self.shown(span)} becomes {self.shown(snapped)}", span)
        return Span(span.type, inside[0], inside[-1] + 1)

    def _characters(self, span: Span) -> int:
        """Count the characters from a span's first token to its last."""
        return self.tokens[span.end - 1][1] - self.tokens[span.start][0]

    def _apart(self, aligned: Sequence[tuple[CharacterSpan, Span]]) -> Iterator[Span]:
        """Yield each span once, and of overlapping spans the longest, or raise `DataError` for them."""
        seen: dict[Span, CharacterSpan] = {}
        for characters, span in aligned:
            if span in seen:
                self.note(MERGED, self.shown(characters), characters)
            seen.setdefault(span, characters)
        if self.format.on_overlap == "error":
            before: CharacterSpan | None = None
            past = 0
            for span, characters in sorted(seen.items(), key=lambda pair: (pair[0].start, pair[0].end)):
                if before is not None and span.start < past:
                    expected = 'spans that do not overlap, or data.on_overlap = "longest"'
                    raise self.error(expected, f"{self.shown(characters)}, and {self.shown(before)}", characters)
                before, past = characters, span.end
            yield from seen
            return
        kept: list[Span] = []
        for span in sorted(seen, key=self._characters, reverse=True):  # of equally long ones, the first in the record
            longer = next((other for other in kept if span.start < other.end and other.start < span.end), None)
            if longer is None:
                kept.append(span)
            else:
                self.note(SHORTER, f"{self.shown(seen[span])}, in {self.shown(seen[longer])}", seen[span])
        yield from kept


def _characters_at(text: str, unit: Unit, *, line_ends_as_one: bool = False) -> dict[int, int]:
    """Map each offset in a unit, between two characters, to the offset in characters.

    With `line_ends_as_one`, a carriage return and a line feed count as one.

    >>> _characters_at("a😀b", "utf-16")
    {0: 0, 1: 1, 3: 2, 4: 3}
    """
    match unit:
        case "characters":
            widths = [1] * len(text)
        case "utf-16":
            widths = [2 if character > "\uffff" else 1 for character in text]
        case "bytes":
            widths = [len(character.encode("utf-8", "surrogatepass")) for character in text]
    if line_ends_as_one:
        for line_end in re.finditer("\r\n", text):
            widths[line_end.end() - 1] = 0
    return {offset: index for index, offset in enumerate(accumulate(widths, initial=0))}
