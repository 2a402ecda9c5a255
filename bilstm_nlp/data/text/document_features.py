"""The use of a word elsewhere in its document, as features for the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints


class Use(IntEnum):
    """The features of a token. They describe the other tokens of its document that are the same word, ignoring case.

    A capital at the beginning of a sentence or in a headline tells little of a word. The same word in lower case a few
    sentences later, or with a capital inside a sentence, tells much (Chieu and Ng 2002, "global features").
    """

    SMALL = 0
    """Another is in lower case."""
    CAPITALISED = 1
    """Another has a capital and small letters, and is not the first of its sentence."""
    CAPITALS = 2
    """Another is in capitals only."""
    BEFORE_CAPITAL = 3
    """Another stands before a word with a capital, as first names do."""
    MENTIONED = 4
    """Another stands earlier in the document."""
    COUNT = 5
    """log(1 + n) / 2 for n others."""


def usage(forms: Sequence[str], tokens: Ints, lengths: Ints, documents: Ints) -> NDArray[np.float32]:
    """Describe the `Use` of each token's word elsewhere in the document: (N, 6).

    `tokens` (N,) are numbers of distinct `forms`, `lengths` (S,) the tokens of each sentence, and `documents` (S,) the
    document of each sentence. A sentence of document 0 is a document of its own.

    >>> forms, tokens = ["Ford", "bought", "ford"], np.array([0, 1, 2, 1])
    >>> features = usage(forms, tokens, lengths=np.array([2, 2]), documents=np.array([1, 1]))
    >>> features[:, Use.SMALL].tolist()  # "Ford" is in lower case elsewhere
    [1.0, 1.0, 0.0, 1.0]
    """
    if len(forms) == len(tokens) == len({form.lower() for form in forms}):  # as in most sentences alone
        return np.zeros((len(tokens), len(Use)), np.float32)
    first, last = np.zeros(len(tokens), np.bool_), np.zeros(len(tokens), np.bool_)
    ends = np.cumsum(lengths)
    first[(ends - lengths)[lengths > 0]] = True
    last[ends[lengths > 0] - 1] = True
    small = np.array([form.islower() for form in forms], np.bool_)[tokens]
    capitalised = np.array([form[:1].isupper() for form in forms], np.bool_)[tokens]
    capitals = np.array([_is_in_capitals(form) for form in forms], np.bool_)[tokens]
    before_capital = np.append(capitalised[1:], False) & ~last
    flags = np.stack([small, capitalised & ~capitals & ~first, capitals, before_capital], axis=1)

    # Tokens of one group are the same word in the same document.
    numbers: dict[str, int] = {}
    words = np.array([numbers.setdefault(form.lower(), len(numbers)) for form in forms], np.int64)
    distinct_documents = np.where(documents > 0, documents, -1 - np.arange(len(documents)))
    group = words[tokens]
    if len(set(distinct_documents.tolist())) > 1:
        document_of_token = np.repeat(np.unique(distinct_documents, return_inverse=True)[1], lengths)
        group = np.unique(document_of_token * len(numbers) + group, return_inverse=True)[1]
    counts = np.bincount(group)
    first_of_group = np.empty_like(counts)
    first_of_group[group[::-1]] = np.arange(len(group))[::-1]  # of several values, the last one stays

    features = np.zeros((len(tokens), len(Use)), np.float32)
    cells = (group[:, None] * flags.shape[1] + np.arange(flags.shape[1])).ravel()
    others = np.bincount(cells, flags.ravel(), len(counts) * flags.shape[1])[cells].reshape(flags.shape) - flags
    features[:, : flags.shape[1]] = others > 0
    features[:, Use.MENTIONED] = np.arange(len(tokens)) > first_of_group[group]
    features[:, Use.COUNT] = np.log1p(counts[group] - 1) / 2
    return features


def _is_in_capitals(form: str) -> bool:
    """Check that all letters are capitals and that there are two: "A" may begin a sentence, "US" is a name."""
    return form.isupper() and sum(map(str.isalpha, form)) > 1
