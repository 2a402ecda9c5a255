"""Prodigy: JSON Lines with an answer to each record."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.formats.editor_export import Export

NOT_ACCEPTED = "records of Prodigy that were not accepted, left out"


def records(value: Any, export: Export) -> list[Any] | None:
    """Return the record if its answer is `accept`, none for another answer, or None for another value."""
    if not isinstance(value, dict) or value.get("answer") not in ("accept", "reject", "ignore"):
        return None
    if value["answer"] != "accept" and export.needs_tags:
        export.note(NOT_ACCEPTED, f"answer: {value['answer']}")
        return []
    keys = {"tokens", "text", "spans", "document", *(key for key in _named(export) if key is not None)}
    return [{key: content for key, content in value.items() if key in keys}]


def _named(export: Export) -> tuple[str | None, ...]:
    """Return the keys that the config names."""
    columns = (export.format.token, export.format.tag, *(feature.column for feature in export.format.features))
    strings = (column if isinstance(column, str) else None for column in columns)
    return (export.format.text_key, export.format.span_key, *strings)
