"""Values of records: names of documents, places of tokens in their text, and values as messages show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bilstm_nlp.data.text.formats.spans import Offsets
from bilstm_nlp.errors import excerpt


class Documents:
    """Numbers of documents, by their names. Neighbours of the same name are in one document."""

    def __init__(self) -> None:
        self.count = 0
        self.last: str | int | None = None

    def number(self, name: str | int | None) -> int:
        """Return the number of the next sentence's document: from 1, or 0 if the document has no name."""
        if name is not None and name != self.last:
            self.count += 1
        self.last = name
        return self.count if name is not None else 0


def aligned(tokens: Sequence[str], text: str) -> Offsets | None:
    """Find the tokens in their text, with only blanks between them. Return None if the text differs.

    >>> aligned(["EU", "rejects"], "EU  rejects")
    ((0, 2), (4, 11))
    """
    offsets_of_tokens, position = [], 0
    for token in tokens:
        # A token may be a blank itself.
        while not text.startswith(token, position) and text[position : position + 1].isspace():
            position += 1
        if not text.startswith(token, position):
            return None
        offsets_of_tokens.append((position, position + len(token)))
        position += len(token)
    return None if text[position:].strip() else tuple(offsets_of_tokens)


def shown(value: Any) -> str:
    """Show a value in a message, as JSON."""
    return excerpt(json.dumps(value, ensure_ascii=False, default=str))


def are_texts(value: Any) -> bool:
    """Tell whether a value is a list of strings, with at least one."""
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)
