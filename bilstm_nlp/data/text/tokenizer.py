"""From plain text to tokens: as in CoNLL-2003 and the Penn Treebank, or as in the training data.

By default, punctuation is separated from words. `U.S.`, `3.5`, `1,000`, `2-1`, `10:30`, `AT&T`, hyphenated words, URLs
and e-mail addresses stay whole. Clitics are separated as in the Penn Treebank: `John 's`, `do n't`, `we 'll`. Scripts
without blanks (Han, kana) are cut into characters. A token is a stretch of the text, without changes. A grapheme
cluster, such as a flag or a letter with its marks, is in one token.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal

from bilstm_nlp.data.text.scripts import UNSPACED, LongestMatch
from bilstm_nlp.data.text.tokenizer_modules import PACKAGES, offsets_by_module
from bilstm_nlp.errors import InputError

if TYPE_CHECKING:
    import regex

Unit = Literal["words", "characters", "blanks"]
Kind = Literal[
    "hashtags",
    "mentions",
    "hyphens",
    "slashes",
    "elisions",
    "amounts",
    "percentages",
    "emphasis",
    "dots",
    "emoji",
    "emoticons",
]
"""A kind of words that corpora keep whole or cut: `#tag`, `@user`, `well-known`, `and/or`, `l'homme`, `$5`, `5%`, `!!`,
`...`, several emoji in a row, `:-)`."""
Negations = Literal["penn", "whole", "apostrophe", "parts"]
"""`do n't`, `don't`, `don 't` or `don ' t`."""
Clitics = Literal["apart", "whole", "parts"]
"""`John 's`, `John's` or `John ' s`."""

RUN = re.compile(r"\S+")
"""A stretch between blanks."""
LONGEST_CACHED = 64
"""Characters. Cuts of shorter runs are cached, because text repeats most of its words."""

ABBREVIATIONS = (
    "Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Pres|Gen|Col|Maj|Capt|Lt|Sgt|St|Jr|Sr|Inc|Corp|Co|Ltd|Bros|vs|etc|"
    "Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec"
)
BLANK = r"\s\x1c-\x1f"
"""Blanks, as Python counts them, as part of a character class."""
LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_\u200c\u200d\u00ad]--[{UNSPACED}]]"
"""A letter, mark or digit of a word, a joiner or a soft hyphen."""
PICTURE = r"[\p{Extended_Pictographic}--[#*0-9©®]][\p{EMod}\p{M}]*"
EMOJI = rf"(?:\p{{RI}}{{2}}|{PICTURE}(?:\u200d{PICTURE})*)"
"""One emoji: a flag, or a picture with its skin tone and all that is joined to it."""
EMOTICON = r"(?:[<>]?[:;=]['’]?[-o^~]?[()\[\]{}DPpOoXx3/\\|*$@]+|<[/\\]?3+|\^[_.-]*\^|-[_.]+-|\\[oO]/)"
DOMAIN = r"[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){0,8}\.[a-zA-Z]{2,24}"
BRACKETS = rf"\([^{BLANK}<>\"()]{{0,500}}\)"
ADDRESS = rf"(?:[^{BLANK}<>\"()]|{BRACKETS}){{0,2000}}(?:[^{BLANK}<>\"'’”».,;:!?…()\]}}]|{BRACKETS})"
"""The rest of a URL: brackets belong to it if they are opened in it, and it doesn't end in punctuation."""


@cache
def clusters() -> regex.Pattern[str]:
    """Compile grapheme clusters: what a reader takes for one character. Text of ASCII does without.

    >>> clusters().findall("é👍🏽") == ["é", "👍🏽"]
    True
    """
    import regex

    # \X alone is quadratic in a row of flags.
    return regex.compile(r"\p{GCB=RI}{2}[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]*|\X")


@dataclass(frozen=True)
class Cut:
    """The rules by which plain text is cut.

    >>> Cut(whole=frozenset({"hashtags"})).tokens("#EU's 5%")
    ['#EU', "'s", '5', '%']
    """

    unit: Unit = "words"
    """`characters`: each grapheme cluster is a token; `blanks`: each stretch between blanks."""
    whole: frozenset[Kind] = frozenset({"hyphens", "elisions", "dots"})
    """The kinds that stay whole; others are cut."""
    negations: Negations = "penn"
    clitics: Clitics = "apart"
    compounds: frozenset[str] = frozenset()
    """Words of `COMPOUNDS`, in lower case, that are cut in two."""
    kept: frozenset[str] = frozenset()
    """Words of the training data that stay whole, against the rules."""
    lexicon: frozenset[str] = frozenset()
    """Words of scripts without blanks. Text of these scripts is cut into the longest words that are known."""
    module: str | None = None
    """`jieba`, `pythainlp` or `module:function`, which cuts in place of all rules."""
    saved: bool = field(default=False, compare=False)
    """It was read from a run. Code that a run names is not imported, except the two packages."""

    def tokens(self, text: str) -> list[str]:
        """Cut a text into its tokens."""
        return [text[start:end] for start, end in offsets(text, self)]


WORDS = Cut()
CHARACTERS = Cut("characters")

COMPOUNDS = {"cannot": 3, "gonna": 3, "gotta": 3, "wanna": 3, "gimme": 3, "lemme": 3, "'tis": 2, "'twas": 2}
"""Words that the Penn Treebank cuts in two → the length of the first part."""


def offsets(text: str, cut: Cut = WORDS) -> Sequence[tuple[int, int]]:
    """Find the start and end of each token, in order. Every character except blanks is in exactly one token.

    Raises `InputError` if `cut.module` can't be imported, or gives anything but the text's pieces.

    >>> text = "Don't pay $3.50!"
    >>> [text[start:end] for start, end in offsets(text)]
    ['Do', "n't", 'pay', '$', '3.50', '!']
    >>> offsets("EU 在", CHARACTERS)
    [(0, 1), (1, 2), (3, 4)]
    """
    if cut.module is not None:
        if cut.saved and cut.module not in PACKAGES:
            raise InputError(
                f"expected lists of tokens, or --set data.tokenizer={cut.module}: this tagger's texts are cut by "
                f"{cut.module}, and no code is run that only a run names; found a text"
            )
        return offsets_by_module(text, cut.module)
    cut_run = None  # as long as each run is one token: the rules take long to compile
    tokens: list[tuple[int, int]] = []
    # Runs are cut one by one. Only the end of a sentence depends on the next run: it may be an initial instead.
    for match in RUN.finditer(text):
        run, (start, end) = match[0], match.span()
        if len(run) == 1 or cut.unit == "blanks" or (cut.unit == "words" and _is_plain(run, cut.compounds)):
            tokens.append((start, end))
        else:
            cut_run = cut_run or _cutter(cut)
            before_capital = run[-1] == "." and "A" <= text[end + 1 : end + 2] <= "Z"
            ends_sentence = run[-1] == "." and start > 0 and not text[end:].strip()
            tokens += [(start + begin, start + past) for begin, past in cut_run(run, before_capital, ends_sentence)]
    return tokens


def _is_plain(run: str, compounds: frozenset[str]) -> bool:
    """Tell whether a run without blanks is one token because it has no character that any rule cuts at."""
    return run.isascii() and run.isalnum() and (not compounds or run.lower() not in compounds)


@lru_cache(maxsize=64)
def _cutter(cut: Cut) -> Callable[[str, bool, bool], tuple[tuple[int, int], ...]]:
    """Return the function that finds the tokens of a run without blanks, with a cache for short runs.

    Its arguments: the run; one blank and a capital letter follow it; it is the last of several runs, so that its last
    dot may end a sentence.
    """
    if cut.unit == "characters":
        return lambda run, *_: tuple(match.span() for match in clusters().finditer(run))
    rules, lexicon = pattern(cut), LongestMatch(cut.lexicon)
    longest = max(map(len, cut.kept), default=0)

    def offsets_in_run(run: str, before_capital: bool, ends_sentence: bool) -> tuple[tuple[int, int], ...]:
        matches = rules.finditer(f"{run} A" if before_capital else run)
        spans = [match.span() for match in matches if match.start() < len(run)]
        spans = lexicon.cut(run, spans)
        if longest:
            spans = _with_kept(run, spans, cut.kept, longest, ends_sentence)
        return tuple(spans if run.isascii() else _without_cut_clusters(run, spans))

    cached = lru_cache(maxsize=1 << 15)(offsets_in_run)
    return lambda run, *place: (cached if len(run) <= LONGEST_CACHED else offsets_in_run)(run, *place)


def _with_kept(
    run: str, spans: list[tuple[int, int]], kept: frozenset[str], longest: int, ends_sentence: bool
) -> list[tuple[int, int]]:
    """Join neighbours that are one word of the training data, the longest first."""
    joined: list[tuple[int, int]] = []
    first = 0
    while first < len(spans):
        start = spans[first][0]
        last = first
        for index in range(first + 1, len(spans)):
            end = spans[index][1]
            if end - start > longest:
                break
            if run[start:end] in kept and not (ends_sentence and end == len(run)):
                last = index
        joined.append((start, spans[last][1]))
        first = last + 1
    return joined


def _without_cut_clusters(run: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join the tokens that part a grapheme cluster."""
    borders = {match.start() for match in clusters().finditer(run)}
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if start in borders:
            joined.append((start, end))
        else:
            joined[-1] = (joined[-1][0], end)
    return joined


@lru_cache(maxsize=64)
def pattern(cut: Cut = WORDS) -> regex.Pattern[str]:
    """Compile the rules. They are tried in order, and the last one takes any character except a blank.

    Time is linear in the text: a failed attempt has a bounded length, or its characters are read once more as a token.
    """
    import regex

    word, begin, end = LETTER, f"(?<!{LETTER})", f"(?!{LETTER})"
    negation = f"[nN]['’][tT]{end}"
    ending = f"['’](?:[sSmMdDtT]|ll|LL|re|RE|ve|VE){end}"
    clitic = f"['’](?:[sSmMdD{'tT' if cut.negations in ('apostrophe', 'parts') else ''}]|ll|LL|re|RE|ve|VE){end}"
    # A word ends before n't. The lookahead at each n reads a bounded stretch.
    run = f"(?:(?!{negation}){word})+" if cut.negations == "penn" else f"{word}+"
    apart = clitic  # what is not joined to the word before it
    if cut.clitics == "whole":
        apart = f"['’][tT]{end}" if cut.negations in ("apostrophe", "parts") else "(?!)"
    join = [
        rf"[.&](?={word})",  # example.com, AT&T
        r"(?<=\d)[,:/](?=\d)",  # 1,000, 10:30, 1996/97
    ]
    parts = [
        rf"(?:https?|ftp)://{ADDRESS}",
        rf"{begin}(?:www\.)?{DOMAIN}/(?:{ADDRESS})?",
        rf"[{LETTER}.+\-]{{1,64}}@[{LETTER}\-]+(?:\.[{LETTER}\-]+)+",
        rf"{begin}(?:{ABBREVIATIONS})\.{end}",
        # An initial before a name: a sentence seldom ends in a single capital with another sentence after it.
        rf"{begin}[A-Z]\.(?=[{BLANK}]?[A-Z])(?!\w\.)",
    ]
    if "hashtags" in cut.whole:
        parts.append(f"[#＃]{word}+")
    if "mentions" in cut.whole:
        parts.append(f"[@＠]{word}+")
    if "emoticons" in cut.whole:
        parts.append(f"{begin}{EMOTICON}{end}")
    if "emoji" in cut.whole:
        parts.append(f"{EMOJI}+")
    if "amounts" in cut.whole:
        parts.append(rf"(?:{begin}[A-Z]{{1,3}})?\p{{Sc}}\d+(?:[.,]\d+)*")
    if "percentages" in cut.whole:
        parts.append(rf"(?:(?<![^{BLANK}])[+-])?(?<!\d)\d+(?:[.,]\d+)*%")
    if "emphasis" in cut.whole:
        parts.append("[!?]{2,}")
    if "dots" in cut.whole:
        parts.append(r"\.{2,}")
    if "hyphens" in cut.whole:
        join.append(rf"\.?[-‐‑](?={word})")  # hyphenated, U.S.-based
    if "slashes" in cut.whole:
        join.append(f"/(?={word})")
    join.append(f"(?!{apart})['’](?={word})" if "elisions" in cut.whole else f"(?!{apart})(?={ending})['’](?={word})")
    if "elisions" not in cut.whole:
        parts.append(f"{run}(?!{ending})['’](?={word})")  # l' homme
    for compound in sorted(cut.compounds):
        at = COMPOUNDS[compound]
        parts.append(f"{begin}(?i:{compound[:at]})(?=(?i:{compound[at:]}){end})")
    if cut.clitics != "parts":
        parts.append(clitic)
    if cut.negations == "penn":
        parts.append(negation)
    parts += [
        # A number keeps its sign and its leading point, U.S. its last dot.
        rf"(?:(?<![^{BLANK}])[+-]?\.?(?=\d))?{run}(?:(?:{'|'.join(join)}){run})*(?:(?<=\.[^\W\d_])\.)?",
        r"-{2,}|''|``",
        rf"[^{BLANK}]\p{{M}}*",
    ]
    return regex.compile("|".join(f"(?:{part})" for part in parts), regex.VERSION1)
