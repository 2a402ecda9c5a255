"""From plain text to tokens, as in CoNLL-2003 and the Penn Treebank.

Punctuation is separated from words. `U.S.`, `3.5`, `1,000`, `2-1`, `10:30`, `AT&T`, hyphenated words, URLs and e-mail
addresses stay whole. Clitics are separated as in the Penn Treebank: `John 's`, `do n't`, `we 'll`. Scripts without
blanks (Han, kana) are cut into characters. A token is a stretch of the text, without changes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal

Cut = Literal["words", "characters"]

CHARACTERS_FROM = 0.99
"""Training data with this fraction of one-character tokens counts as cut into characters."""

RUN = re.compile(r"\S+")
"""A stretch between blanks."""
LONGEST_CACHED = 64
"""Characters. Cuts of shorter runs are cached, because text repeats most of its words."""

UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31c0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Han and kana, as part of a character class. They are written without blanks, so a run of them is no word."""

ABBREVIATIONS = (
    "Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Pres|Gen|Col|Maj|Capt|Lt|Sgt|St|Jr|Sr|Inc|Corp|Co|Ltd|Bros|vs|etc|"
    "Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec"
)


@cache
def pattern() -> re.Pattern[str]:
    """Compile the tokenizer. Its parts are tried in order, and the last one takes any character except a blank.

    Time is linear in the text: a failed attempt has a bounded length, or its characters are read once more as a token.
    """
    letters = f"{character_class('LMN')}_\u200c\u200d\u00ad"  # with joiners and the soft hyphen
    word, mark = f"[{letters}]", f"[{character_class('M')}]"
    begin, end = f"(?<!{word})", f"(?!{word})"
    negation = f"[nN]['’][tT]{end}"
    clitic = f"['’](?:[sSmMdD]|ll|LL|re|RE|ve|VE){end}"
    # A word ends before n't. The lookahead at each n reads a bounded stretch.
    run = f"(?:(?!{negation}){word})+"
    join = "|".join(
        (
            rf"\.?[-‐‑](?={word})",  # hyphenated, U.S.-based
            rf"[.&](?={word})",  # example.com, AT&T
            f"(?!{clitic})['’](?={word})",  # O'Brien
            r"(?<=\d)[,:/](?=\d)",  # 1,000, 10:30, 1996/97
        )
    )
    parts = (
        r"(?:https?|ftp)://[^\s<>\"]{0,2000}[^\s<>\"'’”».,;:!?…)\]}]",
        rf"[{letters}.+-]{{1,64}}@[{letters}-]+(?:\.[{letters}-]+)+",
        rf"{begin}(?:{ABBREVIATIONS})\.{end}",
        # An initial before a name: a sentence seldom ends in a single capital with another sentence after it.
        rf"{begin}[A-Z]\.(?=\s?[A-Z])(?!\w\.)",
        clitic,
        negation,
        # A number keeps its sign and its leading point, U.S. its last dot.
        rf"(?:(?<!\S)[+-]?\.?(?=\d))?{run}(?:(?:{join}){run})*(?:(?<=\.[^\W\d_])\.)?",
        r"\.{2,}|-{2,}|''|``",
        rf"\S{mark}*",
    )
    return re.compile("|".join(f"(?:{part})" for part in parts))


def character_class(categories: str) -> str:
    """List the characters whose general category begins with one of these letters, except those of `UNSPACED`.

    Only the first two planes are searched: nearly all characters beyond them are Han.
    """
    unspaced = re.compile(f"[{UNSPACED}]")
    codes = [code for code in range(0x20000) if unicodedata.category(chr(code))[0] in categories]
    ranges: list[tuple[int, int]] = []
    for code in codes:
        if unspaced.match(chr(code)):
            continue
        begin = ranges.pop()[0] if ranges and ranges[-1][1] == code - 1 else code
        ranges.append((begin, code))
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def offsets(text: str, cut: Cut = "words") -> Sequence[tuple[int, int]]:
    """Find the start and end of each token, in order. Every character except blanks is in exactly one token.

    >>> text = "Don't pay $3.50!"
    >>> [text[start:end] for start, end in offsets(text)]
    ['Do', "n't", 'pay', '$', '3.50', '!']
    >>> offsets("EU 在", cut="characters")
    [(0, 1), (1, 2), (3, 4)]
    """
    if cut == "characters":
        return [(index, index + 1) for index, character in enumerate(text) if not character.isspace()]
    tokens: list[tuple[int, int]] = []
    # Runs are cut one by one. Only the end of a sentence depends on the next run: it may be an initial instead.
    for match in RUN.finditer(text):
        run, (start, end) = match[0], match.span()
        if run.isascii() and run.isalnum():
            tokens.append((start, end))
        else:
            before_capital = run[-1] == "." and "A" <= text[end + 1 : end + 2] <= "Z"
            cut_run = _cached_offsets_in_run if len(run) <= LONGEST_CACHED else _offsets_in_run
            tokens += [(start + begin, start + past) for begin, past in cut_run(run, before_capital)]
    return tokens


def _offsets_in_run(run: str, before_capital: bool) -> tuple[tuple[int, int], ...]:
    """Find the tokens of a run without blanks. `before_capital`: one blank and a capital letter follow it."""
    matches = pattern().finditer(f"{run} A" if before_capital else run)
    return tuple(match.span() for match in matches if match.start() < len(run))


_cached_offsets_in_run = lru_cache(maxsize=1 << 15)(_offsets_in_run)


def cut_of(tokens: Iterable[str]) -> Cut:
    """Tell how the text of these tokens was cut; no tokens count as words.

    >>> cut_of(["在", "北", "京"])
    'characters'
    """
    lengths = [len(token) for token in tokens]
    return "characters" if lengths and lengths.count(1) >= CHARACTERS_FROM * len(lengths) else "words"
