"""From words to rows: vocabularies that are fitted to training data only, then frozen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bilstm_nlp.batch import Ints

if TYPE_CHECKING:
    from bilstm_nlp.data.text.word_vectors import Pretrained

PADDING, UNKNOWN = 0, 1
FIRST = 2
"""The id of the first item, after padding and unknown."""

DIGIT = re.compile(r"\d")
LONG_RUN = re.compile(r"(.)\1{2,}", re.DOTALL)


def lookup_chain(form: str) -> tuple[str, ...]:
    """List the spellings under which a word is looked up: exact, in lower case, with digits as 0, and both.

    >>> lookup_chain("EU27")
    ('EU27', 'eu27', 'EU00', 'eu00')
    """
    lower = form.lower()
    return tuple(dict.fromkeys((form, lower, DIGIT.sub("0", form), DIGIT.sub("0", lower))))


def shape(form: str) -> str:
    """Outline a word: X upper case, x lower case, d digit, c letter without case. Runs are cut at two.

    Other characters stand for themselves.

    >>> shape("EU"), shape("McDonald's"), shape("1996-08-22")
    ('XX', "XxXxx'x", 'dd-dd-dd')
    """
    return LONG_RUN.sub(lambda run: run[0][:2], "".join(map(_character_class, form)))


def _character_class(character: str) -> str:
    """Return the letter that stands for a character in a shape."""
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    if character.isdecimal():
        return "d"
    return "c" if character.isalpha() else character


@dataclass(frozen=True)
class Vocabulary:
    """A frozen mapping from strings to ids: 0 for padding, 1 for unknown, then `items` in order.

    Raises `ValueError` if an item occurs twice.

    >>> Vocabulary(("a", "b")).ids(["b", "c"])
    [3, 1]
    """

    items: tuple[str, ...]
    """Without padding and unknown."""

    def __post_init__(self) -> None:
        _check_distinct(self.items, self._ids)

    @classmethod
    def build(cls, counts: Mapping[str, int], minimum_count: int = 1) -> Vocabulary:
        """Take the strings with a count of at least `minimum_count`, the most frequent first, ties by string."""
        return cls(tuple(_ranked(counts, minimum_count)))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {item: number for number, item in enumerate(self.items, FIRST)}

    def __len__(self) -> int:
        """Count the items, padding and unknown included: the rows of a table over this vocabulary."""
        return FIRST + len(self.items)

    def id(self, item: str) -> int:
        """Look up the id of an item."""
        return self._ids.get(item, UNKNOWN)

    def ids(self, items: Iterable[str]) -> list[int]:
        """Look up the id of each item."""
        get = self._ids.get
        return [get(item, UNKNOWN) for item in items]


@dataclass(frozen=True)
class Coverage:
    """The part of a text that has pretrained vectors: distinct forms (types) and running words (tokens).

    >>> print(Coverage(types=4, types_found=3, tokens=10, tokens_found=9))
    75.0% of 4 distinct words and 90.0% of 10 tokens
    """

    types: int
    types_found: int
    tokens: int
    tokens_found: int

    def __str__(self) -> str:
        types, tokens = self.types_found / max(self.types, 1), self.tokens_found / max(self.tokens, 1)
        return f"{types:.1%} of {self.types:,} distinct words and {tokens:.1%} of {self.tokens:,} tokens"


@dataclass(frozen=True)
class WordTable:
    """The rows of words in the table of word vectors, from the training data and a file of pretrained vectors.

    The key of a word is the first of its `lookup_chain` in the file, or the last of the chain if the file has none.
    Rows 0 to V - 1 are trained: padding, unknown and the keys of the training data. Rows V to V + E - 1 are frozen: the
    other words of the file, which give words outside the training data a vector.

    Raises `ValueError` if a word occurs twice.

    >>> table = WordTable.build({"EU": 2, "rejects": 1}, None)
    >>> table.ids(["eu", "rejects", "call"])
    [2, 3, 1]
    """

    initialised: tuple[str, ...]
    """Keys of the training data that are in the file, by descending count: rows 2, 3, …"""
    learnt: tuple[str, ...]
    """Keys of the training data that are not in the file, by descending count: the rows up to V - 1."""
    frozen: tuple[str, ...]
    """The other words of the file, in its order: rows V to V + E - 1."""

    def __post_init__(self) -> None:
        _check_distinct((*self.initialised, *self.learnt, *self.frozen), self._rows)

    @classmethod
    def build(cls, form_counts: Mapping[str, int], pretrained: Pretrained | None, minimum_count: int = 1) -> WordTable:
        """Build the table from the forms of the training data. Keys with a count under `minimum_count` get no row."""
        file: Collection[str] = () if pretrained is None else pretrained.index
        keys: Counter[str] = Counter()
        for form, count in form_counts.items():
            chain = lookup_chain(form)
            keys[next((link for link in chain if link in file), chain[-1])] += count
        ranked = dict.fromkeys(_ranked(keys, minimum_count))
        return cls(
            initialised=tuple(key for key in ranked if key in file),
            learnt=tuple(key for key in ranked if key not in file),
            frozen=tuple(word for word in file if word not in ranked),
        )

    @cached_property
    def _rows(self) -> dict[str, int]:
        words = (*self.initialised, *self.learnt, *self.frozen)
        return dict(zip(words, range(FIRST, FIRST + len(words)), strict=True))

    def __len__(self) -> int:
        """Count the rows: V + E."""
        return self.trainable + len(self.frozen)

    @property
    def trainable(self) -> int:
        """Count the rows to train: V."""
        return FIRST + len(self.initialised) + len(self.learnt)

    def id(self, form: str) -> int:
        """Look up the row of a form: 1 for a word outside the training data and the file."""
        # The first link with a row is the key: a key outside the file is fully normalised, the end of its chain.
        get = self._rows.get
        return get(form) or next(filter(None, map(get, lookup_chain(form))), UNKNOWN)

    def row(self, word: str) -> int:
        """Look up the row of a word as it is spelled: 1 if the table does not have it."""
        return self._rows.get(word, UNKNOWN)

    def ids(self, forms: Iterable[str]) -> list[int]:
        """Look up the row of each form."""
        return list(map(self.id, forms))

    def pretrained_rows(self, pretrained: Pretrained) -> tuple[Ints, Ints]:
        """Pair the rows that start from vectors of the file with the rows of those vectors in the file: (P,) each."""
        rows = np.arange(FIRST, FIRST + len(self.initialised), dtype=np.int64)
        return rows, pretrained.rows(self.initialised)

    def coverage(self, form_counts: Mapping[str, int]) -> Coverage:
        """Count the forms that the file has under any link of their lookup chain."""
        learnt = range(FIRST + len(self.initialised), self.trainable)
        in_file = [row != UNKNOWN and row not in learnt for row in self.ids(form_counts)]
        return Coverage(
            types=len(form_counts),
            types_found=sum(in_file),
            tokens=sum(form_counts.values()),
            tokens_found=sum(count for count, known in zip(form_counts.values(), in_file, strict=True) if known),
        )


def _ranked(counts: Mapping[str, int], minimum_count: int) -> list[str]:
    """List the items with a sufficient count, by descending count, ties by string, whatever the order of reading."""
    frequent = (item for item, count in counts.items() if count >= minimum_count)
    return sorted(frequent, key=lambda item: (-counts[item], item))


def _check_distinct(items: Sequence[str], ids: Mapping[str, int]) -> None:
    """Raises `ValueError` if there are fewer ids than items."""
    if len(ids) != len(items):
        repeated, count = Counter(items).most_common(1)[0]
        raise ValueError(f"each word is expected once, found {repeated!r} {count} times")
