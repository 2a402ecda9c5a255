"""From words to rows: vocabularies that are learnt from training data only, then frozen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.word_vectors import Pretrained

PADDING, UNKNOWN = 0, 1
FIRST = 2
"""The id of the first entry, after padding and the unknown."""

DIGIT = re.compile(r"\d")
LONG_RUN = re.compile(r"(.)\1{2,}", re.DOTALL)


def lookup_chain(form: str) -> tuple[str, ...]:
    """What a word is looked up as, in this order: exact, lower-cased, digits as 0, both; each spelling once."""
    lower = form.lower()
    return tuple(dict.fromkeys((form, lower, DIGIT.sub("0", form), DIGIT.sub("0", lower))))


def shape(form: str) -> str:
    """The outline of a word, runs cut at two: X upper, x lower, d digit, c letter without case, the rest as it is.

    `EU` → `XX`, `McDonald's` → `XxXxx'x`, `1996-08-22` → `dd-dd-dd`.
    """
    return LONG_RUN.sub(lambda run: run[0][:2], "".join(map(_character_class, form)))


def _character_class(character: str) -> str:
    if character.isupper():
        return "X"
    if character.islower():
        return "x"
    if character.isdecimal():
        return "d"
    return "c" if character.isalpha() else character


@dataclass(frozen=True)
class Vocabulary:
    """A frozen mapping from strings to ids: 0 padding, 1 unknown, then `items` in order.

    Raises `ValueError` when an item comes twice.
    """

    items: tuple[str, ...]
    """All but padding and unknown."""

    def __post_init__(self) -> None:
        _check_distinct(self.items, self._ids)

    @classmethod
    def build(cls, counts: Mapping[str, int], minimum_count: int = 1) -> Vocabulary:
        """The strings counted `minimum_count` times or more, the most frequent first, ties by string."""
        return cls(tuple(_ranked(counts, minimum_count)))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {item: number for number, item in enumerate(self.items, FIRST)}

    def __len__(self) -> int:
        """Padding and unknown included: the number of rows a table over this vocabulary needs."""
        return FIRST + len(self.items)

    def __contains__(self, item: object) -> bool:
        return item in self._ids

    def id(self, item: str) -> int:
        return self._ids.get(item, UNKNOWN)

    def ids(self, items: Iterable[str]) -> list[int]:
        get = self._ids.get
        return [get(item, UNKNOWN) for item in items]

    def to_json(self) -> list[str]:
        return list(self.items)

    @classmethod
    def from_json(cls, values: object) -> Vocabulary:
        """Undo `to_json`. Raises `ValueError` unless given a list of distinct strings."""
        return cls(tuple(_strings(values, "a vocabulary")))


@dataclass(frozen=True)
class Coverage:
    """How much of a text the pretrained vectors know: distinct forms (types) and running words (tokens)."""

    types: int
    types_found: int
    tokens: int
    tokens_found: int

    def __str__(self) -> str:
        types, tokens = self.types_found / max(self.types, 1), self.tokens_found / max(self.tokens, 1)
        return f"{types:.1%} of {self.types:,} distinct words and {tokens:.1%} of {self.tokens:,} tokens"


@dataclass(frozen=True)
class WordTable:
    """Which row of the word vectors a word has: the training vocabulary joined with a pretrained file's words.

    A word's key is the first of its `lookup_chain` that the pretrained file has, or the chain's last where it has none.
    Rows 0 to V - 1 are to be trained: padding, unknown, the training data's keys. Rows V to V + E - 1 are frozen: the
    file's other words, so that a word never seen in training still has its vector.

    Raises `ValueError` when a word comes twice.
    """

    initialised: tuple[str, ...]
    """Keys of the training data that the pretrained file has, by descending count: rows 2, 3, …"""
    learnt: tuple[str, ...]
    """Keys of the training data that it has not, by descending count: the rows up to V - 1."""
    frozen: tuple[str, ...]
    """The pretrained file's other words, in its order: rows V to V + E - 1."""

    def __post_init__(self) -> None:
        _check_distinct((*self.initialised, *self.learnt, *self.frozen), self._rows)

    @classmethod
    def build(cls, form_counts: Mapping[str, int], pretrained: Pretrained | None, minimum_count: int = 1) -> WordTable:
        """From the training data's forms; a key counted fewer than `minimum_count` times gets no row to train."""
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
        """V + E"""
        return self.trainable + len(self.frozen)

    @property
    def trainable(self) -> int:
        """V: padding, unknown and the training data's keys."""
        return FIRST + len(self.initialised) + len(self.learnt)

    def id(self, form: str) -> int:
        """The row of a form; 1 for a word that neither the training data nor the pretrained file has."""
        # The first link with any row is the key's: a key that the file lacks is fully normalised, the end of its chain.
        get = self._rows.get
        return get(form) or next(filter(None, map(get, lookup_chain(form))), UNKNOWN)

    def ids(self, forms: Iterable[str]) -> list[int]:
        """The row of each form."""
        return list(map(self.id, forms))

    def pretrained_rows(self, pretrained: Pretrained) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows to train that start from the file's vectors, and the rows that these have in the file: two times (P,)"""
        rows = np.arange(FIRST, FIRST + len(self.initialised), dtype=np.int64)
        return rows, pretrained.rows(self.initialised)

    def coverage(self, form_counts: Mapping[str, int]) -> Coverage:
        """How many of these forms the pretrained file has under any link of their lookup chain."""
        learnt = range(FIRST + len(self.initialised), self.trainable)
        found = [row != UNKNOWN and row not in learnt for row in self.ids(form_counts)]
        return Coverage(
            types=len(form_counts),
            types_found=sum(found),
            tokens=sum(form_counts.values()),
            tokens_found=sum(count for count, known in zip(form_counts.values(), found, strict=True) if known),
        )

    def to_json(self) -> dict[str, list[str]]:
        return {"initialised": list(self.initialised), "learnt": list(self.learnt), "frozen": list(self.frozen)}

    @classmethod
    def from_json(cls, values: object) -> WordTable:
        """Undo `to_json`. Raises `ValueError` unless given its three lists of strings, all distinct."""
        names = ("initialised", "learnt", "frozen")
        if not isinstance(values, dict) or set(values) != set(names):
            raise ValueError(f"a word table is expected to be an object of {', '.join(names)}")
        return cls(*(tuple(_strings(values[name], f"a word table's {name}")) for name in names))


def _ranked(counts: Mapping[str, int], minimum_count: int) -> list[str]:
    """Those counted often enough, by descending count, ties by string: the same whatever the order of reading."""
    kept = (item for item, count in counts.items() if count >= minimum_count)
    return sorted(kept, key=lambda item: (-counts[item], item))


def _strings(values: object, what: str) -> list[str]:
    if not isinstance(values, list) or not set(map(type, values)) <= {str}:
        raise ValueError(f"{what} is expected to be a list of strings")
    return values


def _check_distinct(items: Sequence[str], ids: Mapping[str, int]) -> None:
    if len(ids) != len(items):
        repeated, count = Counter(items).most_common(1)[0]
        raise ValueError(f"each word is expected once, found {repeated!r} {count} times")
