"""Column files as sentences, for tests of what the command line prints."""

from __future__ import annotations

import re


def columns(text: str) -> list[list[list[str]]]:
    """Column file → sentences of rows, document lines left out."""
    sentences = [[line.split(" ") for line in block.split("\n")] for block in re.split(r"\n{2,}", text.strip("\n"))]
    return [rows for rows in sentences if not rows[0][0].startswith("-DOCSTART-")]
