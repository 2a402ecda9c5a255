"""Files with a text a line or a row: with fastText's classes, class and text, or a table."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.labelled.text_layout import FASTTEXT, Layout, layout_of
from bilstm_nlp.data.labelled.text_rows import Cells, Line, Row, lines_of
from bilstm_nlp.data.lines import numbered_lines
from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.errors import DataError, excerpt

logger = logging.getLogger(__name__)


def read_lines(source: str, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of a file with their classes. The layout is found over all lines, as far as it is not set.

    Calls `complain` for rows of another width, without a class or without a text. Raises `DataError` if text or class
    can't be told.
    """
    lines = list(lines_of(numbered_lines(source, builder.format.encoding, builder.complain)))
    layout = layout_of(builder.name, lines, builder.format)
    yield from texts_of(lines, layout, builder)


def texts_of(lines: Iterable[Line], layout: Layout | None, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of lines. Without a layout, each line is a text."""
    if layout is None:
        yield from _plain(lines, builder)
        return
    logger.info("%s: %s", builder.name, layout.explanation)
    for doubt in layout.doubts:
        builder.note(Remark(builder.name, None, "layouts that are a guess", doubt))
    if layout.cells is None:
        yield from _marked(lines, builder)
    else:
        yield from _table(lines, layout, layout.cells, builder)


def _plain(lines: Iterable[Line], builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield each line as a text without a class. Blank lines are texts without tokens."""
    for number, line in lines:
        if builder.needs_class:  # only of a file of blank lines
            _skip_blank(number, builder)
            continue
        text = builder.build(line, None, number, {})
        if text is not None:
            yield text


def _marked(lines: Iterable[Line], builder: TextBuilder) -> Iterator[LabelledText]:
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


def _table(lines: Iterable[Line], layout: Layout, cells: Cells, builder: TextBuilder) -> Iterator[LabelledText]:
    """Yield the texts of rows."""
    rows = cells.rows(lines, builder.complain, builder.name)
    header = next(rows, None) if layout.header else None
    for row in rows:
        if header is not None and row.cells == header.cells:
            shown = cells.separator.join(row.cells)
            builder.note(Remark(builder.name, row.line, "header lines again, skipped", shown))
            continue
        try:
            text = _of_row(row, layout, cells, builder)
        except DataError as error:
            builder.complain(error)
            continue
        if text is not None:
            yield text


def _of_row(row: Row, layout: Layout, cells: Cells, builder: TextBuilder) -> LabelledText | None:
    """Make the text of a row; None if it is skipped. Raises `DataError`."""
    if not builder.needs_class and cells.way in ("first", "last") and len(row.cells) == 1:
        return builder.build(row.cells[0], None, row.line, {})
    if len(row.cells) != layout.width:
        expected = f"{layout.width} cells, {cells.description}, as most rows have"
        shown = excerpt(cells.separator.join(row.cells))
        raise DataError(builder.name, expected, f"{len(row.cells)}: {shown!r}", row.line)
    if builder.needs_class and not any(cell.strip() for cell in row.cells):
        builder.note(Remark(builder.name, row.line, "rows of empty cells, skipped", cells.separator.join(row.cells)))
        return None
    roles = layout.roles
    classes = None
    if roles.flags:
        flags = {layout.names[index]: row.cells[index] for index in roles.label}
        classes = builder.classes.of_flags(flags, row.line)
    elif roles.label:
        classes = _classes(row.cells[roles.label[0]], row.line, builder)
    if not builder.needs_class and cells.way in ("first", "last") and not set(classes or ()) <= builder.format.classes:
        return builder.build(cells.separator.join(row.cells), None, row.line, {})
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
