"""Scripts that are written without blanks between words, and their words by longest match."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

UNSPACED = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31c0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Han and kana, as part of a character class. Without a lexicon, each character is a token."""
SYLLABIC = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
"""Scripts without blanks whose runs stay whole without a lexicon."""


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern. A text of plain words does without the library, which takes long to import."""
    import regex

    return regex.compile(pattern)


class LongestMatch:
    """The words of a lexicon, found from left to right, the longest first."""

    def __init__(self, lexicon: Iterable[str]) -> None:
        """`lexicon`: words of training data. Only those of scripts without blanks count."""
        self.words = frozenset(filter(is_unspaced, lexicon))
        self.longest = max(map(len, self.words), default=0)
        # Scripts of which no word is known are not touched.
        scripts = [script for script in (UNSPACED, SYLLABIC) if any(map(_compiled(f"[{script}]").match, self.words))]
        self.stretch = _compiled(f"[{''.join(scripts)}]+") if scripts else None

    def cut(self, run: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Cut the stretches of a run anew that are in scripts of the lexicon; other tokens stay.

        A character at which no word begins is a token.
        """
        if self.stretch is None:
            return spans
        borders = {start for start, _ in spans}
        for match in self.stretch.finditer(run):
            start, end = match.span()
            borders -= set(range(start + 1, end))
            while start < end:
                borders.add(start)
                lengths = range(min(self.longest, end - start), 1, -1)
                start += next((length for length in lengths if run[start : start + length] in self.words), 1)
            borders.add(end)
        ordered = sorted(borders | {len(run)})
        return list(pairwise(ordered))


def is_unspaced(word: str) -> bool:
    """Tell whether a word is in a script that is written without blanks.

    >>> is_unspaced("北京"), is_unspaced("3人"), is_unspaced("ไทย")
    (True, False, True)
    """
    return _compiled(f"[{UNSPACED}]+|[{SYLLABIC}]+").fullmatch(word) is not None
