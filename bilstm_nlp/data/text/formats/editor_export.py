"""An export of an annotation editor that is being read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError


@dataclass(frozen=True)
class Export:
    """The place of a value in an export, and the settings to read it with."""

    format: ColumnFormat
    error: Callable[[str, str], DataError]
    """(expected, found) → an error at the value's line."""
    note: Callable[[str, str], None]
    """(kind, message) of what is left out at the value's line."""

    @property
    def needs_tags(self) -> bool:
        """Tell whether records without annotation are of no use."""
        return self.format.tag is not None

    def record(self, text: object, spans: object = None) -> dict[str, object]:
        """Make a record of a text, and of its spans if there are any, under the keys that are read."""
        span_key = self.format.span_key or (self.format.tag if isinstance(self.format.tag, str) else "spans")
        record = {self.format.text_key or "text": text}
        return record if spans is None else record | {span_key: spans}
