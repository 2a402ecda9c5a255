"""Texts with their classes, and the settings of the readers that make them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from bilstm_nlp.data.text.tokenizer import WORDS, Cut
from bilstm_nlp.errors import DataError

LONGEST_TEXT = 1_000_000
"""Tokens. A longer text means that nothing parts the texts of a file."""

Column = int | str
"""An index from 0, or a name of the header line, which is also a key of records."""
Columns = Column | tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text with its tokens and its classes, if known, and its place in a file.

    >>> LabelledText("good film", ("good", "film"), ("positive",), line=3).classes
    ('positive',)
    """

    text: str
    tokens: tuple[str, ...]
    classes: tuple[str, ...] | None
    """Several, or none, if a text may have several classes; None if unknown."""
    line: int
    """The first line, from 1; the number of the row in Parquet files and datasets of the Hub."""
    other: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Columns and keys that are neither text nor class, such as an id."""
    source: str | None = None
    """The file of the line, if it is another than that of the corpus."""


@dataclass(frozen=True)
class LabelledCorpus:
    """The texts of a source, each with at least one token."""

    source: str
    texts: list[LabelledText]


@dataclass(frozen=True)
class TextFormat:
    """The settings of all readers of texts. What is None is found by names and content."""

    text: Columns | None = None
    label: Columns | None = None
    """Several columns hold 0 or 1, each for the class that it names."""
    separator: str | None = None
    header: bool | None = None
    label_separator: str | None = None
    """What parts several classes in a cell; None if a cell is a class."""
    label_names: tuple[str, ...] | Mapping[str, str] = field(default=(), hash=False)
    """The names of classes that are numbers, from 0, or by their spelling."""
    encoding: str = "utf-8"
    cut: Cut = WORDS
    """The cut of texts into tokens."""
    on_empty: Literal["error", "skip"] = "error"
    """Treatment of texts without a token."""
    classes: frozenset[str] = field(default=frozenset(), hash=False)
    """Classes that are known, from training. They tell the column of the class."""

    @property
    def known(self) -> Set[str]:
        """The spellings of known classes in files: their names, and the numbers that have these names.

        >>> sorted(TextFormat(label_names=("neg", "pos"), classes=frozenset(("neg", "pos"))).known)
        ['0', '1', 'neg', 'pos']
        """
        names = self.names_of_classes
        return self.classes | {spelling for spelling, name in names.items() if name in self.classes}

    @property
    def names_of_classes(self) -> Mapping[str, str]:
        """The names of classes, by their spelling in files."""
        names = self.label_names
        return names if isinstance(names, Mapping) else {str(number): name for number, name in enumerate(names)}

    @property
    def text_columns(self) -> tuple[Column, ...]:
        """The columns of the text that are set, maybe none."""
        return columns_of(self.text)

    @property
    def label_columns(self) -> tuple[Column, ...]:
        """The columns of the classes that are set, maybe none."""
        return columns_of(self.label)


def columns_of(columns: Columns | None) -> tuple[Column, ...]:
    """Return columns as a tuple.

    >>> columns_of(None), columns_of(0), columns_of(("title", "text"))
    ((), (0,), ('title', 'text'))
    """
    if columns is None:
        return ()
    return columns if isinstance(columns, tuple) else (columns,)


def place_of(text: LabelledText, source: str) -> str:
    """Return the file of a text in a corpus that was read from `source`."""
    return text.source or source


def check_length(name: str, tokens: int, line: int) -> None:
    """Raises `DataError` for more tokens than `LONGEST_TEXT`."""
    if tokens > LONGEST_TEXT:
        raise DataError(
            name, f"a text of at most {LONGEST_TEXT:,} tokens", "more: does something part the texts?", line
        )
