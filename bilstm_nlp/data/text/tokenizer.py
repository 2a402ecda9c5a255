"""From plain text to tokens, in the way of CoNLL-2003 and the Penn Treebank.

Punctuation comes off words. `U.S.`, `3.5`, `1,000`, `2-1`, `10:30`, `AT&T`, hyphenated words, URLs and e-mail addresses
stay whole. Clitics come off as in the Penn Treebank: `John 's`, `do n't`, `we 'll`. Scripts written without blanks
(Han, kana) are cut into characters. Nothing is changed: a token is what the text has between two places.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Literal

Cut = Literal["words", "characters"]

CHARACTERS_FROM = 0.99
"""Data with this share of tokens of one character is taken to be cut into characters."""

RUN = re.compile(r"\S+")
"""What stands between blanks."""
LONGEST_REMEMBERED = 64
"""How a run of so many characters or fewer is cut is remembered: text repeats most of its words."""

UNSPACED = (
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u31c0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Han and kana, as part of a character class: written without blanks, so that a run of them says nothing of words."""

ABBREVIATIONS = (
    "Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Pres|Gen|Col|Maj|Capt|Lt|Sgt|St|Jr|Sr|Inc|Corp|Co|Ltd|Bros|vs|etc|"
    "Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec"
)


@cache
def pattern() -> re.Pattern[str]:
    """The tokenizer itself. Its parts are tried in this order, so that every character but a blank is in some token.

    Whatever an attempt reads in vain is bounded or read once more as a token, so that time is linear in the text.
    """
    letters = f"{character_class('LMN')}_\u200c\u200d\u00ad"  # with joiners and the soft hyphen
    word, mark = f"[{letters}]", f"[{character_class('M')}]"
    begin, end = f"(?<!{word})", f"(?!{word})"
    negation = f"[nN]['’][tT]{end}"
    clitic = f"['’](?:[sSmMdD]|ll|LL|re|RE|ve|VE){end}"
    # A word stops before n't: the lookahead at each n needs no second reading.
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
        # An initial before a name: a sentence seldom ends in a single capital with another sentence on its line.
        rf"{begin}[A-Z]\.(?=\s?[A-Z])(?!\w\.)",
        clitic,
        negation,
        # A number has its sign and its leading point; the last dot of U.S. is its own.
        rf"(?:(?<!\S)[+-]?\.?(?=\d))?{run}(?:(?:{join}){run})*(?:(?<=\.[^\W\d_])\.)?",
        r"\.{2,}|-{2,}|''|``",
        rf"\S{mark}*",
    )
    return re.compile("|".join(f"(?:{part})" for part in parts))


def character_class(categories: str) -> str:
    """The characters whose general category begins with one of these letters, without those of `UNSPACED`.

    Of the first two planes: nearly all beyond them is Han.
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
    """Where each token begins and ends, in order; every character that is not a blank is in exactly one token."""
    if cut == "characters":
        return [(place, place + 1) for place, character in enumerate(text) if not character.isspace()]
    found: list[tuple[int, int]] = []
    # No token has a blank, and what stands beyond one tells only an initial from the end of a sentence.
    for match in RUN.finditer(text):
        run, (start, end) = match[0], match.span()
        if run.isascii() and run.isalnum():
            found.append((start, end))
        else:
            before_capital = run[-1] == "." and "A" <= text[end + 1 : end + 2] <= "Z"
            places = remembered_places if len(run) <= LONGEST_REMEMBERED else places_in
            found += [(start + begin, start + past) for begin, past in places(run, before_capital)]
    return found


def places_in(run: str, before_capital: bool) -> tuple[tuple[int, int], ...]:
    """Where the tokens of a run without blanks are; whether one blank and a capital letter follow it."""
    matches = pattern().finditer(f"{run} A" if before_capital else run)
    return tuple(match.span() for match in matches if match.start() < len(run))


remembered_places = lru_cache(maxsize=1 << 15)(places_in)


def cut_of(tokens: Iterable[str]) -> Cut:
    """How the text was cut that these tokens come from; of no tokens, into words."""
    lengths = [len(token) for token in tokens]
    return "characters" if lengths and lengths.count(1) >= CHARACTERS_FROM * len(lengths) else "words"
