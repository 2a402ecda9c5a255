"""Segments in brackets, as in CoNLL-2005 and CoNLL-2012: `(PER*` begins one, `*)` ends it, `(LOC)` is all of one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bilstm_nlp.tags.schemes import Span

BRACKETS = re.compile(r"(?:\(([^()*\s]+))?(?:(\*)([^()*\s]*))?(\))?|[-_]")
"""A tag: an opening bracket with a type, a star for the token, and a closing bracket, before which the type may stand.

`-` and `_` are outside of segments, as `*` is.
"""


def is_bracketed(tag: str) -> bool:
    """Tell whether a tag is spelled with brackets.

    >>> [is_bracketed(tag) for tag in ("(PER*", "*", "*)", "(LOC)", "PER", "(LOC", "")]
    [True, True, True, True, False, False, False]
    """
    match = BRACKETS.fullmatch(tag)
    if match is None or not tag:
        return False
    kind, star, again, end = match.groups()
    if tag in ("-", "_"):
        return True
    return (star is not None or (kind is not None and end is not None)) and (not again or end is not None)


def segments(tags: Sequence[str]) -> tuple[list[Span], tuple[int, str] | None]:
    """Read the segments of a sentence, and the first break with the rules: its index, and the rule in words.

    A segment that another begins in, or that the sentence ends in, ends there.

    >>> segments(["(PER*", "*)", "*", "(LOC)"])[0]
    [Span(type='PER', start=0, end=2), Span(type='LOC', start=3, end=4)]
    """
    spans: list[Span] = []
    breaks: list[tuple[int, str]] = []
    kind, start = "", -1
    for index, tag in enumerate(tags):
        match = BRACKETS.fullmatch(tag) if is_bracketed(tag) else None
        if match is None:
            breaks.append((index, f"{tag!r} has no brackets and is not *"))
            continue
        opened, _, again, end = match.groups()
        if opened is not None:
            if start >= 0:
                breaks.append((index, f"{tag!r} begins in another segment, {kind}, that has not ended"))
                spans.append(Span(kind, start, index))
            kind, start = opened, index
        if end is not None and start < 0:
            breaks.append((index, f"{tag!r} ends no segment"))
        elif end is not None:
            if again and again != kind:
                breaks.append((index, f"{tag!r} ends another type than {kind}, which began"))
            spans.append(Span(kind, start, index + 1))
            start = -1
    if start >= 0:
        breaks.append((start, f"{tags[start]!r} begins a segment that has no end in its sentence"))
        spans.append(Span(kind, start, len(tags)))
    return spans, min(breaks, default=None)
