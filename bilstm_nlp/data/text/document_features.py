"""How a document uses each of its words elsewhere, as features for the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Use(IntEnum):
    """The features of a token, told by the other tokens of its document that are the same word but for capitals.

    A capital at the beginning of a sentence, or in a headline, tells little of a word; that it is small a few sentences
    further on, or capitalised amid one, tells much (Chieu and Ng 2002, "global features").
    """

    SMALL = 0
    """Somewhere without capitals."""
    CAPITALISED = 1
    """Somewhere with a capital and small letters, amid a sentence."""
    CAPITALS = 2
    """Somewhere in capitals alone."""
    BEFORE_CAPITAL = 3
    """Somewhere before a word with a capital, as first names are."""
    MENTIONED = 4
    """Earlier in the document."""
    COUNT = 5
    """log(1 + n) / 2 for n other tokens."""


def usage(forms: Sequence[str], tokens: Ints, lengths: Ints, documents: Ints) -> NDArray[np.float32]:
    """(N, 6): the `Use` of each token elsewhere in its document.

    `tokens` (N,) says which of the distinct `forms` each token is, `lengths` (S,) how many each sentence has,
    `documents` (S,) which document it is of, where 0 makes it one of its own.
    """
    ends = np.cumsum(lengths)
    amid, inside = np.ones(len(tokens), np.bool_), np.ones(len(tokens), np.bool_)
    amid[(ends - lengths)[lengths > 0]] = False
    inside[ends[lengths > 0] - 1] = False
    small, capital, capitals = (np.array([holds(form) for form in forms], np.bool_)[tokens] for holds in KINDS)
    before_capital = np.append(capital[1:], False) & inside
    flags = np.stack([small, capital & ~capitals & amid, capitals, before_capital], axis=1)

    numbers: dict[str, int] = {}
    words = np.array([numbers.setdefault(form.lower(), len(numbers)) for form in forms], np.int64)
    own = np.where(documents > 0, documents, -1 - np.arange(len(documents)))
    keys = np.unique(np.repeat(own, lengths), return_inverse=True)[1] * len(numbers) + words[tokens]
    _, first, group, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    found = np.zeros((len(tokens), len(Use)), np.float32)
    for feature, flag in enumerate(flags.T):
        found[:, feature] = np.bincount(group, flag, len(counts))[group] - flag > 0
    found[:, Use.MENTIONED] = np.arange(len(tokens)) > first[group]
    found[:, Use.COUNT] = np.log1p(counts[group] - 1) / 2
    return found


def begins_with_capital(form: str) -> bool:
    return form[:1].isupper()


def in_capitals(form: str) -> bool:
    """Whether all letters are capitals, and there are two of them: "A" begins a sentence, "US" is a name."""
    return form.isupper() and sum(map(str.isalpha, form)) > 1


KINDS = (str.islower, begins_with_capital, in_capitals)
"""Without capitals, with one first, in capitals alone."""
