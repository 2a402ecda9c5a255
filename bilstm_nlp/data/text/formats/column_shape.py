"""The shape of a column file's first rows, and the settings that it suggests."""

from __future__ import annotations

from dataclasses import dataclass, field

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.data.text.formats.column_layout import COMMENT_BEGINS, TAG, Layout
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError, excerpt

JUDGED = 1000
"""Rows that are counted before the columns are judged. A shorter file is judged at its end."""
NUMBERED = 8
"""Rows that must be numbered before their column counts as numbers."""


@dataclass
class ColumnShape:
    """The first rows of a file, counted."""

    name: str
    format: ColumnFormat
    rows: int = 0
    in_sentence: int = 0
    numbered: list[list[int]] = field(default_factory=lambda: [[], []])
    """[kind][column] → rows with the number of the row: in its sentence, or in the file."""
    tagged: list[int] = field(default_factory=list)
    """[column] → rows with a tag of a scheme."""
    typed: list[int] = field(default_factory=list)
    """[column] → rows with such a tag that is not O."""
    like_comments: list[tuple[int, str]] = field(default_factory=list)
    """(line, text) of first rows of a sentence that begin like a comment, and whose tag is of no scheme."""
    judged: bool = False

    def add(self, cells: list[str], layout: Layout, line: int, complain: Complain, note: Note) -> None:
        """Count a row; judge the columns if these are enough."""
        if self.judged:
            return
        if not self.rows:
            self.numbered = [[0] * layout.width, [0] * layout.width]
            self.tagged, self.typed = [0] * layout.width, [0] * layout.width
        for column, cell in enumerate(cells):
            is_tag = TAG.fullmatch(cell) is not None
            self.tagged[column] += is_tag
            self.typed[column] += is_tag and cell != "O"
            for counts, position in zip(self.numbered, (self.in_sentence, self.rows), strict=True):
                counts[column] += cell.isdecimal() and int(cell[:12]) in (position, position + 1)
        begins_like_comment = self.in_sentence == 0 and cells[0].startswith(COMMENT_BEGINS)
        if begins_like_comment and layout.tag is not None and TAG.fullmatch(cells[layout.tag]) is None:
            self.like_comments.append((line, " ".join(cells)))
        self.rows += 1
        self.in_sentence += 1
        if self.rows == JUDGED:
            self.judge(layout, complain, note)

    def end_sentence(self) -> None:
        """Begin to count the rows of the next sentence."""
        self.in_sentence = 0

    def judge(self, layout: Layout, complain: Complain, note: Note) -> None:
        """Complain of columns that can't be meant, and note those that are doubtful. Nothing is judged twice."""
        if self.judged or not self.rows:
            return
        self.judged = True
        tags = [column for column, count in enumerate(self.tagged) if count == self.rows]
        if self.rows >= NUMBERED and any(counts[layout.token] == self.rows for counts in self.numbered):
            others = [column for column in range(layout.width) if column not in (layout.token, layout.tag, *tags)]
            hint = f"; data.token_column = {others[0]} names the next column" if others else ""
            self._report(layout, f"tokens in column {layout.token}", f"the numbers of the rows{hint}", complain, note)
        elif layout.token in tags and layout.tag not in tags and self.rows >= NUMBERED:
            others = [column for column in range(layout.width) if column not in tags]
            if layout.tag is not None:
                hint = f"; data.token_column = {layout.tag} and data.tag_column = {layout.token} exchange them"
            else:
                hint = f"; data.token_column = {others[0]} names another column" if others else ""
            self._report(layout, f"tokens in column {layout.token}", f"tags{hint}", complain, note)
        elif layout.tag is not None and not self.typed[layout.tag] and self.format.spans_as != "plain":
            better = [column for column in tags if self.typed[column] and column != layout.token]
            if better:
                lack = "has none but O" if layout.tag in tags else "has none of a scheme"
                message = f"column {better[-1]} looks like tags: data.tag_column = {better[-1]}"
                kind = f"column {layout.tag} is read as tags, and {lack}"
                note(Remark(self.name, layout.line, kind, message))
        rest = self.rows - len(self.like_comments)
        if layout.tag is not None and self.like_comments and rest and self.tagged[layout.tag] == rest:
            line, text = self.like_comments[0]
            begin = next(begin for begin in COMMENT_BEGINS if text.startswith(begin))
            hint = f"data.comment = {begin!r} says that it is a comment".replace("'", '"')
            complain(DataError(self.name, "a token and its tag", f"{excerpt(text)!r}; {hint}", line))

    def _report(self, layout: Layout, expected: str, problem: str, complain: Complain, note: Note) -> None:
        """Complain of a column that is trained on, or note a column that is only read."""
        if self.format.tag is not None:
            complain(DataError(self.name, expected, problem, layout.line))
        else:
            note(Remark(self.name, layout.line, "columns that can't be meant", f"expected {expected}, found {problem}"))
