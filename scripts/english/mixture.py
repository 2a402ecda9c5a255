"""The training and development sentences: all corpora, and copies of some in lower case or cut at their hyphens."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from .corpora import (
    WNUT_TYPES,
    Sentence,
    cut_clitics,
    in_lower_case,
    read_columns,
    tweets,
    with_hyphens_cut,
)

SAMPLES = Path(__file__).parents[2] / "bilstm_nlp" / "data" / "samples"
WITHOUT_MISC: dict[str, str | None] = {"MISC": None}
HYPHENS_CUT = 0.5
"""Fraction of tweets and posts whose words are cut at hyphens."""
LOWER_CASE = 0.25
"""Fraction of tweets and posts with entities that are there in lower case, too."""


def training(data: Path, seed: int, changes: Counter[str]) -> list[Sentence]:
    """Return the training sentences from the folder of the corpora.

    Edited text, of Wikigold and of our sample, is there three times: as it is, cut at hyphens and in lower case.
    """
    generator = random.Random(seed)
    posts = [*tweets(data / "free-english", changes), *_wnut(data / "wnut17" / "train.conll", changes)]
    edited = [
        *read_columns(data / "free-english" / "wikigold.conll", 0, 1, WITHOUT_MISC),
        *read_columns(SAMPLES / "news.train.conll", 0, 1, WITHOUT_MISC),
    ]
    cut = [with_hyphens_cut(sentence) if generator.random() < HYPHENS_CUT else sentence for sentence in posts]
    with_entities = (sentence for sentence in posts if any(token.tag != "O" for token in sentence))
    lower = [in_lower_case(sentence) for sentence in with_entities if generator.random() < LOWER_CASE]
    return [*cut, *edited, *map(with_hyphens_cut, edited), *map(in_lower_case, edited), *lower]


def development(data: Path, changes: Counter[str]) -> list[Sentence]:
    """Return the sentences that choose the epoch: those of our sample, and WNUT-17's development section."""
    own = read_columns(SAMPLES / "news.dev.conll", 0, 1, WITHOUT_MISC)
    return [*own, *_wnut(data / "wnut17" / "dev.conll", changes)]


def _wnut(path: Path, changes: Counter[str]) -> list[Sentence]:
    """Read a section of WNUT-17."""
    return [cut_clitics(sentence, changes) for sentence in read_columns(path, 0, 1, WNUT_TYPES)]
