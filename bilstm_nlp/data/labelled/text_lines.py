"""Files with a text a line or a row: with fastText's classes, class and text, or a table."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from bilstm_nlp.data.labelled.labelled_text import LabelledText, TextFormat
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_layout import FASTTEXT, Layout, layout_of
from bilstm_nlp.data.labelled.text_rows import Cells, Line, Row, lines_of
from bilstm_nlp.data.lines import Complain, name_of
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.errors import DataError, excerpt

logger = logging.getLogger(__name__)


def read_lines(
    source: str, format: TextFormat, complain: Complain, note: Note, *, needs_class: bool = True
) -> Iterator[LabelledText]:
    """Yield the texts of a file, whose layout is found over all of its lines, as far as it is not set.

    Without a class to be found, and none needed, each line is a text. Calls `complain` for rows of another width,
    without a class or without a text. Raises `DataError` if text or class can't be told.
    """
    name = name_of(source)
    lines = lines_of(source, format.encoding, complain)
    layout = layout_of(name, lines, format, needs_class=needs_class)
    builder = TextBuilder(name, format, complain, note, needs_class=needs_class)
    if layout is None:
        yield from _plain(lines, builder)
        return
    logger.info("%s: %s", name, layout.explanation)
    for doubt in layout.doubts:
        note(Remark(name, None, "layout, guessed", doubt))
    if layout.cells is None:
        yield from _marked(lines, builder)
    else:
        yield from _table(lines, layout, layout.cells, builder)


def _plain(lines: Sequence[Line], builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield each line as a text without a class. Blank lines are texts without tokens."""
    for number, line in lines:
        if builder.needs_class:  # only of a file of blank lines
            _skip_blank(number, builder)
            continue
        text = builder.build(line, None, number, {})
        if text is not None:
            yield text


def _marked(lines: Sequence[Line], builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of fastText's lines. Words that begin with `__label__` are classes, wherever they stand."""
    for number, line in lines:
        words = line.split()
        if not words:
            _skip_blank(number, builder)
            continue
        marks = [word.startswith(FASTTEXT) for word in words]
        spelled = [word.removeprefix(FASTTEXT) for word, mark in zip(words, marks, strict=True) if mark]
        first, last = _run(marks), _run(marks[::-1])
        if sum(marks) > first + last and len(words) > sum(marks):
            builder.note(Remark(builder.name, number, "classes amid a text", excerpt(line)))
        text = " ".join(word for word, mark in zip(words, marks, strict=True) if not mark)
        try:
            if not all(spelled):
                raise DataError(builder.name, f"a class after {FASTTEXT}", f"none: {excerpt(line)!r}", number)
            names = [builder.classes.named(word, number) for word in spelled]
            built = builder.build(text, builder.classes.distinct(names, number) or None, number, {})
        except DataError as error:
            builder.complain(error)
            continue
        if built is not None:
            yield built


def _run(marks: Sequence[bool]) -> int:
    """Count the marks before the first word that has none."""
    return marks.index(False) if False in marks else len(marks)


def _skip_blank(number: int, builder: TextBuilder) -> None:
    builder.note(Remark(builder.name, number, "blank lines, skipped", "a blank line"))


def _table(lines: Sequence[Line], layout: Layout, cells: Cells, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of rows."""
    rows = cells.rows(lines, builder.complain, builder.name)
    if layout.header:
        next(rows, None)
    for row in rows:
        try:
            text = _of_row(row, layout, cells, builder)
        except DataError as error:
            builder.complain(error)
            continue
        if text is not None:
            yield text


def _of_row(row: Row, layout: Layout, cells: Cells, builder: TextBuilder) -> LabelledText | None:
    """Make the text of a row; None if it is skipped. Raises `DataError`."""
    if len(row.cells) != layout.width:
        expected = f"{layout.width} cells, {cells.description}, as most rows have"
        shown = excerpt(cells.separator.join(row.cells))
        raise DataError(builder.name, expected, f"{len(row.cells)}: {shown!r}", row.line)
    if not any(cell.strip() for cell in row.cells):
        builder.note(Remark(builder.name, row.line, "rows of empty cells, skipped", cells.separator.join(row.cells)))
        return None
    roles = layout.roles
    classes = None
    if roles.flags:
        flags = {layout.names[index]: row.cells[index] for index in roles.label}
        classes = builder.classes.of_flags(flags, row.line)
    elif roles.label:
        classes = _classes(row.cells[roles.label[0]], row.line, builder)
    text = " ".join(cell for index in roles.text if (cell := row.cells[index].strip()))
    used = {*roles.text, *roles.label}
    other = {name: row.cells[index] for index, name in enumerate(layout.names) if index not in used}
    return builder.build(text, classes, row.line, other)


def _classes(cell: str, line: int, builder: TextBuilder) -> tuple[str, ...] | None:
    """Read the classes of a cell; None if none is needed and the cell is none."""
    try:
        return builder.classes.of_cell(cell, line)
    except DataError:
        if builder.needs_class:
            raise
        return None
