"""Characters on a page of HTML: escaped, and shown as their code if they are invisible."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

CODED_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that are shown as their code: they are invisible, or change the direction of text."""
JOINERS = "\u200c\u200d"
"""Characters of these categories that are shown as they are: some scripts need them for spelling."""


def shown(text: str, kept: str = "") -> Markup:
    """Escape text, and show invisible characters, and those that change its direction, as their code.

    Characters in `kept` are left as they are.

    >>> shown("<a\u202eb")
    Markup('&lt;a<bdi class="code">U+202E</bdi>b')
    """
    from markupsafe import Markup, escape

    if text.isprintable():
        return escape(text)
    return Markup("").join(
        Markup('<bdi class="code">{}</bdi>').format(code(character))
        if is_coded(character) and character not in kept
        else character
        for character in text
    )


def code(character: str) -> str:
    """Return the code of a character, such as U+202E."""
    return f"U+{ord(character):04X}"


def is_coded(character: str) -> bool:
    """Tell whether a character is shown as its code."""
    return unicodedata.category(character) in CODED_CATEGORIES and character not in JOINERS
