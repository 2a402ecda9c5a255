"""Training data of spaCy in JSON: `(text, {"entities": …})` of version 2, with or without a list of classes, and its
documents of paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bilstm_nlp.data.text.formats.editor_export import Export

EMPTY = "empty annotations, left out"


def records(value: Any, export: Export) -> list[Any] | None:
    """Return the records of a pair, of a file of pairs or of a document, or None for another value."""
    if is_pair(value):
        return [export.record(value[0], value[1]["entities"])]
    if isinstance(value, dict) and "classes" in value and isinstance(value.get("annotations"), list):
        pairs = [pair for pair in value["annotations"] if is_pair(pair)]
        for pair in value["annotations"]:
            if not is_pair(pair):
                export.note(EMPTY, repr(pair)[:60])
        return [export.record(text, annotation["entities"]) for text, annotation in pairs]
    if isinstance(value, dict) and isinstance(value.get("paragraphs"), list):
        return list(_of_document(value))
    return None


def is_pair(value: Any) -> bool:
    """Tell whether a value is a text with its entities."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], dict)
        and "entities" in value[1]
    )


def _of_document(document: dict[str, Any]) -> Iterator[Any]:
    """Yield the sentences of a document, with the tags of their tokens."""
    for paragraph in document["paragraphs"]:
        for sentence in paragraph.get("sentences", ()) if isinstance(paragraph, dict) else ():
            tokens = sentence.get("tokens") if isinstance(sentence, dict) else None
            if isinstance(tokens, list) and all(isinstance(token, dict) for token in tokens):
                record = {"tokens": [t.get("orth") for t in tokens], "tags": [t.get("ner") for t in tokens]}
                yield record | {"document": document.get("id")}
            else:
                yield sentence
