"""A dictionary: words known beforehand, and the class that each is of, such as its part of speech.

For text without blanks it says where words can begin and end, which a corpus of some thousand sentences hardly tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from bilstm_nlp.data.lexicon import Lexicon
from bilstm_nlp.data.lines import name_of, numbered_lines
from bilstm_nlp.data.tokenizer import Cut
from bilstm_nlp.errors import DataError

RARE = 0.01
"""A class with a smaller share of the words is of too few to learn from: these are one together."""
NO_CLASS = ""
"""The class of words that are given none, or a rare one."""


@dataclass(frozen=True)
class Dictionary:
    """Words, none of which has a blank."""

    words: Mapping[str, tuple[str, ...]]
    """A word → the classes it has, sorted."""

    @property
    def classes(self) -> list[str]:
        """All of them, sorted."""
        return sorted(set(chain.from_iterable(self.words.values())))

    def lexicon(self, cut: Cut) -> Lexicon:
        """Its words as phrases of tokens: of as many as they have characters where texts are cut to these, else of one.

        The types are the classes.
        """
        whole = cut == "words"
        return Lexicon({(word,) if whole else tuple(word): kinds for word, kinds in self.words.items()}, self.classes)

    def to_json(self) -> dict[str, str]:
        """The words of each class, between blanks."""
        words: dict[str, list[str]] = {kind: [] for kind in self.classes}
        for word, kinds in self.words.items():
            for kind in kinds:
                words[kind].append(word)
        return {kind: " ".join(found) for kind, found in words.items()}

    @classmethod
    def from_json(cls, values: object) -> Dictionary:
        """Undo `to_json`. Raises `ValueError` for anything else."""
        if not isinstance(values, dict) or not all(isinstance(words, str) for words in values.values()):
            raise ValueError(f"expected the words of each class, found {str(values)[:60]}")
        return cls(gathered((word, kind) for kind, words in values.items() for word in words.split()))


def read_dictionary(source: str) -> Dictionary:
    """A file with a line a word, `WORD [COUNT] [CLASS]`, as the dictionaries of jieba have them; counts are not used.

    A word may come again with another class. Raises `DataError` with the line at fault.
    """
    pairs: list[tuple[str, str]] = []
    for number, line in numbered_lines(source, "utf-8"):
        match line.split():
            case []:
                continue
            case [word]:
                pairs.append((word, NO_CLASS))
            case [word, count] if count.isdecimal():
                pairs.append((word, NO_CLASS))
            case [word, kind]:
                pairs.append((word, kind))
            case [word, count, kind] if count.isdecimal():
                pairs.append((word, kind))
            case _:
                raise DataError(name_of(source), "WORD [COUNT] [CLASS] between blanks", f"{line[:60]!r}", number)
    if not pairs:
        raise DataError(name_of(source), "a word a line", "none")
    counts = Counter(kind for _, kind in pairs)
    common = {kind for kind, count in counts.items() if count >= RARE * len(pairs)}
    return Dictionary(gathered((word, kind if kind in common else NO_CLASS) for word, kind in pairs))


def gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Words and classes → the words in their order, each with all its classes."""
    words: dict[str, tuple[str, ...]] = {}
    for word, kind in pairs:
        known = words.get(word, ())
        if kind not in known:
            words[word] = tuple(sorted((*known, kind)))
    return words
