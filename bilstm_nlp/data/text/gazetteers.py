"""Lists of phrases, whose matches in a text are features for the encoder."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.lines import name_of, numbered_lines
from bilstm_nlp.data.text.lexicon import ROLES, EntityLexicon
from bilstm_nlp.data.text.tokenizer import Cut, offsets
from bilstm_nlp.errors import DataError

logger = logging.getLogger(__name__)

Phrase = tuple[str, ...]
"""The tokens of a phrase."""


class Match(NamedTuple):
    """A stretch of tokens that is a phrase of a gazetteer."""

    start: int
    end: int
    """Exclusive."""
    kind: int
    """The number of the gazetteer."""


@dataclass(frozen=True)
class Gazetteers:
    """Phrases by the name of their gazetteer.

    >>> gazetteers = Gazetteers({"city": (("New", "York"), ("York",))}, folds_case=True)
    >>> gazetteers.matches(["in", "NEW", "York", "."], np.arange(4), np.array([4]))
    [Match(start=1, end=3, kind=0)]
    """

    phrases: Mapping[str, tuple[Phrase, ...]]
    """A phrase whose two cuts differ is there twice: cut at blanks, and cut as text is."""
    folds_case: bool = False
    """Upper and lower case are the same."""

    @classmethod
    def read(cls, sources: Mapping[str, str], cut: Cut, *, folds_case: bool) -> Gazetteers:
        """Read files in UTF-8 with a phrase a line. Raises `DataError` for a file without phrases."""
        return cls({kind: _phrases(kind, source, cut) for kind, source in sources.items()}, folds_case)

    @property
    def features(self) -> int:
        """Count the features of a token: 4K, the roles begin, inside, end and single for each of K gazetteers."""
        return ROLES * len(self.phrases)

    def roles(self, forms: Sequence[str], tokens: Ints, lengths: Ints) -> NDArray[np.float32]:
        """Mark the roles of all tokens in matches: (N, 4K).

        `tokens` (N,) are numbers of distinct `forms`, `lengths` (S,) the tokens of each sentence.
        """
        flags = np.zeros((len(tokens), len(self.phrases), ROLES), np.float32)
        for start, end, kind in self.matches(forms, tokens, lengths):
            if end - start == 1:
                flags[start, kind, 3] = 1
            else:
                flags[start, kind, 0] = flags[end - 1, kind, 2] = 1
                flags[start + 1 : end - 1, kind, 1] = 1
        return flags.reshape(len(tokens), self.features)

    def matches(self, forms: Sequence[str], tokens: Ints, lengths: Ints) -> list[Match]:
        """Find the matches of each gazetteer from left to right, the longest at each token, without overlaps."""
        last = self._trie.longest([self._folded(form) for form in forms], tokens, lengths)
        matches = []
        for kind in range(len(self.phrases)):
            free = 0  # the first token after the last match
            for start in np.flatnonzero(last[:, kind] >= 0).tolist():
                if start >= free:
                    free = int(last[start, kind]) + 1
                    matches.append(Match(start, free, kind))
        return matches

    @cached_property
    def _trie(self) -> EntityLexicon:
        kinds: dict[Phrase, set[str]] = {}
        for kind, phrases in self.phrases.items():
            for phrase in phrases:
                kinds.setdefault(tuple(map(self._folded, phrase)), set()).add(kind)
        return EntityLexicon(kinds, list(self.phrases))

    def _folded(self, token: str) -> str:
        return token.casefold() if self.folds_case else token


def _phrases(kind: str, source: str, cut: Cut) -> tuple[Phrase, ...]:
    """Read the phrases of a gazetteer, in the order of the file and without doubles."""
    phrases: dict[Phrase, None] = {}
    lines, distinct = 0, set[str]()
    for _, line in numbered_lines(source, "utf-8"):
        words = line.split()
        if not words:
            continue
        lines += 1
        text = " ".join(words)
        distinct.add(text)
        phrases[tuple(words)] = None
        phrases[tuple(text[start:end] for start, end in offsets(text, cut))] = None
    if not phrases:
        raise DataError(name_of(source), f"a phrase a line, for embeddings.gazetteers.{kind}", "none")
    doubles = lines - len(distinct)
    logger.info("gazetteer %s: %s phrases%s", kind, f"{len(distinct):,}", f", {doubles:,} doubles" if doubles else "")
    return tuple(phrases)
