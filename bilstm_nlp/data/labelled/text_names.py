"""Names of columns and keys that tell text and class."""

from __future__ import annotations

import re
from collections.abc import Sequence

TITLES = frozenset(("title", "headline", "subject", "heading"))
"""Names of short texts before a longer one."""
TEXTS = frozenset(
    {
        *("text", "texts", "sentence", "sentences", "content", "review", "reviews", "comment", "comments", "tweet"),
        *("tweets", "message", "messages", "question", "questions", "utterance", "query", "body", "document"),
        *("description", "abstract", "article", "post", "phrase", "sms", "email", "mail", "transcript", "tokens"),
        *("words", "input", "passage", "snippet", "paragraph"),
    }
)
PAIRS = frozenset(("sentence1", "sentence2", "premise", "hypothesis", "question1", "question2", "text1", "text2"))
"""Names of the texts of a pair."""
CLASSES = frozenset(
    {
        *("label", "labels", "class", "classes", "category", "categories", "intent", "sentiment", "target", "polarity"),
        *("topic", "topics", "emotion", "emotions", "genre", "rating", "stars", "score", "tag", "tags", "choices"),
        *("cats", "choice", "gold"),
    }
)
PART = re.compile("[ _.-]+")
CAPITAL = re.compile("(?<=[a-z])(?=[A-Z])")


class Ambiguous(ValueError):
    """Several columns that may be meant. The message says what was expected and what was found."""

    def __init__(self, key: str, wanted: str, names: Sequence[str], advice: str) -> None:
        self.expected = f"{wanted}, or {key} to name it{advice}"
        self.found = " and ".join(names)
        super().__init__(self.found)


def several_classes(wanted: str, names: Sequence[str], flags: Sequence[str]) -> Ambiguous:
    """Make the error of several columns that may hold the class. If all hold 0 or 1, `flags` names all such columns.

    >>> several_classes("one key of classes", ["toxic", "rude"], ["toxic", "rude", "threat"]).expected
    'one key of classes, or data.label_column to name it (["toxic", "rude", "threat"] for a 0 or 1 in each)'
    """
    listed = ", ".join(f'"{name}"' for name in flags)
    advice = f" ([{listed}] for a 0 or 1 in each)" if {*names} <= {*flags} else ""
    return Ambiguous("data.label_column", wanted, names, advice)


def lower(name: str) -> str:
    """Return a name as names are compared."""
    return name.strip().strip('"').lower()


def _last(name: str) -> str:
    """Return the last word of a name, such as text for review_text and ReviewText."""
    return PART.split(lower(CAPITAL.sub("_", name.strip())))[-1]


def is_name(cell: str) -> bool:
    """Tell whether a cell of a first line names a text or a class.

    >>> is_name("Review_Text"), is_name("label"), is_name("a good film")
    (True, True, False)
    """
    known = TEXTS | TITLES | CLASSES | PAIRS
    return lower(cell) in known or (len(PART.split(lower(cell))) == 2 and _last(cell) in TEXTS | CLASSES)


def is_text_name(name: str) -> bool:
    """Tell whether a name is that of a text.

    >>> is_text_name("review_text"), is_text_name("label")
    (True, False)
    """
    return lower(name) in TEXTS | TITLES | PAIRS or _last(name) in TEXTS


def text_names(names: Sequence[str]) -> list[str]:
    """Choose the columns of the text by their names; none if no name tells. A title is joined to the text.

    Raises `Ambiguous` for several texts.

    >>> text_names(["id", "title", "content"]), text_names(["review_text", "stars"]), text_names(["v1"])
    (['title', 'content'], ['review_text'], [])
    """
    titles = [name for name in names if lower(name) in TITLES]
    pairs = [name for name in names if lower(name) in PAIRS]
    texts = [name for name in names if lower(name) in TEXTS]
    if not texts and not pairs:
        texts = [name for name in names if _last(name) in TEXTS]
    if not texts and len(pairs) == 1:
        texts, pairs = pairs, []
    if "tokens" in texts and len(texts) > 1:  # the same, cut
        texts.remove("tokens")
    if len(texts) + len(pairs) > 1:
        chosen = [*texts, *pairs]
        listed = ", ".join(f'"{name}"' for name in chosen)
        raise Ambiguous("data.text_column", "one column of texts", chosen, f" ([{listed}] joins them)")
    return [*titles, *texts] if len(titles) <= 1 or not texts else texts


def class_name(names: Sequence[str]) -> str | None:
    """Choose the column of the class by its name; None if no name tells.

    Raises `Ambiguous` for several.

    >>> class_name(["text", "Category"]), class_name(["text", "airline_sentiment"])
    ('Category', 'airline_sentiment')
    """
    exact = [name for name in names if lower(name) in CLASSES]
    chosen = exact or [name for name in names if _last(name) in CLASSES]
    if len(chosen) > 1:
        raise Ambiguous("data.label_column", "one column of classes", chosen, "")
    return chosen[0] if chosen else None
