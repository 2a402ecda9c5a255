"""From the text and the classes of a record to a labelled text: cut into tokens, and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bilstm_nlp.data.labelled.class_values import ClassReader
from bilstm_nlp.data.labelled.labelled_text import LabelledText, TextFormat, check_length
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.errors import DataError, excerpt


class TextBuilder:
    """A maker of the labelled texts of a source."""

    def __init__(self, name: str, format: TextFormat, complain: Complain, note: Note, *, needs_class: bool) -> None:
        """`needs_class`: texts without a class, and empty texts, are errors."""
        self.name, self.format, self.complain, self.note = name, format, complain, note
        self.needs_class = needs_class
        self.classes = ClassReader(name, format)

    def build(
        self,
        text: str,
        classes: tuple[str, ...] | None,
        line: int,
        other: Mapping[str, Any],
        tokens: Sequence[str] | None = None,
    ) -> LabelledText | None:
        """Make a text, of `tokens` if the file has them. Return None if it is skipped. Raises `DataError`."""
        if self.needs_class and classes is None:
            raise DataError(self.name, "a class", f"none: {excerpt(text)!r}", line)
        text = text.strip()
        cut = tuple(self.format.cut.tokens(text) if tokens is None else tokens)
        check_length(self.name, len(cut), line)
        if self.needs_class and not cut:
            if self.format.on_empty == "error":
                expected = 'a text, or data.on_empty = "skip" to leave it out'
                raise DataError(self.name, expected, f"none for class {', '.join(classes or ()) or 'none'}", line)
            self.note(Remark(self.name, line, "empty texts, skipped", f"class {', '.join(classes or ()) or 'none'}"))
            return None
        return LabelledText(text, cut, classes, line, other)
