"""Texts to sentences: by sentencex if it is installed, which knows some 300 languages, otherwise by rules for English.

sentencex takes time linear in the text, keeps every character, and knows the abbreviations of each language.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterable, Iterator
from functools import cache

from bilstm_nlp.errors import InputError

logger = logging.getLogger(__name__)

PARAGRAPH = re.compile(r"\n[ \t\r]*\n")
CANDIDATE = re.compile(
    r"""(?P<wide>[。！？｡]+[”’」』）)\]]*)|(?P<end>[.!?…]+["'”’»)\]]*)(?=\s+["'“‘«(\[]*(?P<next>\w+))"""
)
"""An end of a sentence: of scripts without blanks, or before a blank and a word."""
WORD = re.compile(r"[^\s(\[“‘\"']+$")
"""The run before a stop."""
TITLES = re.compile(
    r"Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Hon|Sen|Rep|Gov|Pres|Gen|Col|Maj|Capt|Lt|Sgt|Cpl|Adm|St|Mt|Ft|Fr|Mme|Mlle|vs|cf|viz|"
    r"e\.g|i\.e|Nos?|Figs?|figs?|Eq|eq|pp?|[vV]ol|eds?|al|approx|ca|z\.B|d\.h|u\.a|bzw|Nr"
)
"""Abbreviations that words follow."""
MAY_END = re.compile("Inc|Corp|Co|Ltd|Bros|Jr|Sr|etc|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Ave|Blvd|Rd")
"""Abbreviations that may end a sentence, as initials and U.S. may."""
STARTERS = re.compile(
    "The|An?|This|That|These|Those|He|She|It|They|We|You|I|His|Her|Its|Their|Our|There|Here|In|On|At|By|For|From|With|As|"
    "If|When|While|After|Before|But|And|Or|So|Yet|However|Then|Now|What|Who|Why|How|Where|Some|Many|Most|All|No|Not"
)
"""Words that begin a sentence after an abbreviation that may end one."""
INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")


@cache
def is_installed() -> bool:
    """Tell whether sentencex is installed."""
    return importlib.util.find_spec("sentencex") is not None


def sentence_spans(text: str, language: str) -> list[tuple[int, int]]:
    """Find the start and end of each sentence. Blanks at its edges are left out; all other characters are in one.

    >>> text = "Dr. Smith left Acme Inc. in May. He was 61."
    >>> [text[start:end] for start, end in sentence_spans(text, "en")]
    ['Dr. Smith left Acme Inc. in May.', 'He was 61.']
    """
    begin, spans = 0, list[tuple[int, int]]()
    for end in (*(match.end() for match in PARAGRAPH.finditer(text)), len(text)):
        paragraph = text[begin:end]
        pieces = _by_library(paragraph, language) if is_installed() else _by_rules(paragraph)
        spans += [(begin + first, begin + past) for first, past in _trimmed(paragraph, pieces)]
        begin = end
    return spans


def say_rules(language: str) -> None:
    """Log which rules cut texts. Raises `InputError` for another language than English without sentencex."""
    if not is_installed():
        if language != "en":
            advice = "pip install 'bilstm-nlp[sentences]' has those of some 300 languages"
            raise InputError(f"--language: expected en, the only one with rules here, found {language}; {advice}")
        logger.info("--split: rules for English; pip install 'bilstm-nlp[sentences]' has those of some 300 languages")


def _by_library(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches that sentencex returns, at their place in the text."""
    import sentencex

    end = 0
    for piece in sentencex.segment(language, text):
        start = text.find(piece, end)
        if start >= 0:  # else a piece that it has changed: it stays with the next one
            yield end, start + len(piece)
            end = start + len(piece)
    yield end, len(text)


def _by_rules(text: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches between ends of sentences."""
    start = 0
    for match in CANDIDATE.finditer(text):
        if _ends(text, match):
            yield start, match.end()
            start = match.end()
    yield start, len(text)


def _ends(text: str, match: re.Match[str]) -> bool:
    """Tell whether a candidate ends its sentence."""
    if match["wide"]:
        return True
    follower = match["next"]
    if follower[0].islower():
        return False
    if not match["end"].startswith(".") or match["end"].startswith(".."):
        return True
    run = WORD.search(text, max(0, match.start() - 40), match.start())
    word = run[0] if run else ""
    if TITLES.fullmatch(word):
        return False
    if MAY_END.fullmatch(word) or INITIALS.fullmatch(word):
        return bool(STARTERS.fullmatch(follower) or TITLES.fullmatch(follower))
    return True


def _trimmed(text: str, pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the pieces that have more than blanks, without the blanks at their edges."""
    for start, end in pieces:
        piece = text[start:end]
        if stripped := piece.strip():
            first = start + len(piece) - len(piece.lstrip())
            yield first, first + len(stripped)
