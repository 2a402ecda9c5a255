"""Dialects of column files, told by their first lines: CoNLL-U, GermEval and MultiCoNER.

What the config sets counts; a dialect decides what has its default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bilstm_nlp.data.lines import lines_of_columns
from bilstm_nlp.data.text.sentence import ColumnFormat

CONLLU = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
PLUS = "# global.columns ="
"""The first line of CoNLL-U Plus, which names the columns."""
IDENTIFIER = re.compile(r"\d+([-.]\d+)?")
NO_WORD = re.compile(r"\d+[-.]\d+")
"""The identifier of a range of words, whose words follow, or of an empty node."""
NAMED = re.compile(r"[\t|]NER=")
LONGEST_HEAD = 1000
"""Lines before the first row that are looked at."""


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are read."""

    format: ColumnFormat
    """The settings of the config, with those of the dialect in place of defaults."""
    names: tuple[str, ...] = ()
    """Names of the columns, which stand in no header line."""
    attribute: str | None = None
    """The key in MISC whose value is the tag; without it, a word's tag is `O`."""
    no_word: re.Pattern[str] | None = None
    """First cells of rows that are no words."""
    document: str | None = None
    """The beginning of comments that begin a document."""

    def cells(self, cells: list[str]) -> list[str]:
        """Return the cells of a row, with the tag in place of the attributes if it is one of them."""
        if self.attribute is None or len(cells) != len(self.names):
            return cells
        misc = self.names.index("MISC")
        pairs = (pair.partition("=") for pair in cells[misc].split("|"))
        tag = next((value for key, _, value in pairs if key == self.attribute and value), "O")
        return [*cells[:misc], tag, *cells[misc + 1 :]]

    def skips(self, cells: Sequence[str]) -> bool:
        """Tell whether a row is no word."""
        return self.no_word is not None and self.no_word.fullmatch(cells[0]) is not None

    @property
    def explanation(self) -> str:
        """The column that the tags come from, in words; empty if the config names it."""
        if not self.names or self.format.tag is None:
            return ""
        source = f"{self.attribute}= in MISC" if self.attribute is not None else f"column {self.format.tag}"
        return f"tags are read from {source}; data.tag_column names another column or key of MISC"


def head_of(lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    """Take lines up to the first that is neither blank nor a comment."""
    head: list[tuple[int, str]] = []
    for number, line in lines:
        head.append((number, line))
        if (line.strip() and not line.startswith("#")) or len(head) == LONGEST_HEAD:
            break
    return head


def dialect_of(head: Sequence[str], source: str, format: ColumnFormat) -> Dialect:
    """Tell the dialect of a file by its lines up to the first row."""
    if not head:
        return Dialect(format)
    cells, first = head[-1].split("\t"), next((line for line in head if line.strip()), "")
    if first.startswith(PLUS) and (names := tuple(first.removeprefix(PLUS).split())):
        return _conllu(names, source, format)
    if is_conllu(head):
        return _conllu(CONLLU, source, format)
    if first.startswith("#\t") and len(cells) == 4 and cells[0].isdecimal():  # GermEval: number, token, tag, inner tag
        return Dialect(
            replace(
                format,
                comment=format.comment or "#\t",
                token=1 if format.token == 0 else format.token,
                tag=2 if format.tag == -1 else format.tag,
            )
        )
    if first.startswith("# id "):  # MultiCoNER
        return Dialect(replace(format, comment=format.comment or "# id "))
    return Dialect(format)


def is_conllu(head: Sequence[str]) -> bool:
    """Tell whether the last of the first lines is a row of CoNLL-U."""
    cells = head[-1].split("\t") if head else []
    return len(cells) == len(CONLLU) and IDENTIFIER.fullmatch(cells[0]) is not None


def _conllu(names: tuple[str, ...], source: str, format: ColumnFormat) -> Dialect:
    """Choose the columns of CoNLL-U: FORM, and NER of MISC if a word has it, else a column NER, or else UPOS."""
    upper = {name.upper(): name for name in names}
    token = upper.get("FORM", 0) if format.token == 0 else format.token
    tag, attribute = format.tag, None
    if tag == -1 and "MISC" in names and _mentions_ner(source):
        tag, attribute = "MISC", "NER"
    elif tag == -1:
        tag = upper.get("NER", upper.get("UPOS", names[-1]))
    elif isinstance(tag, str) and tag.upper() in upper:
        tag = upper[tag.upper()]
    elif isinstance(tag, str) and "MISC" in names:
        tag, attribute = "MISC", tag
    settings = replace(format, comment=format.comment or "#", token=token, tag=tag, header=False)
    return Dialect(settings, names, attribute, NO_WORD, "# newdoc")


def _mentions_ner(source: str) -> bool:
    """Tell whether a word of a file has NER in MISC. Standard input, which is read only once, is not looked at."""
    return source != "-" and any(NAMED.search(line) for _, line in lines_of_columns(source, "latin-1"))
