"""From the values of an editor's export to plain records. The content of a value tells its editor, not its name."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.formats import label_dictionaries, label_studio, prodigy, spacy_json
from bilstm_nlp.data.text.formats.editor_export import Export

WRAPPERS = ("data", "examples", "documents", "dataset", "items", "records", "sentences")
"""Keys of objects that have nothing but a list of records, and perhaps a heading."""


def records_of(value: Any, export: Export) -> list[Any]:
    """Return the plain records of a value: of an editor's export, or the value itself if no editor wrote it.

    Raises `DataError` for an export without the text that it should have.
    """
    for editor in (label_studio.records, prodigy.records, spacy_json.records):
        records = editor(value, export)
        if records is not None:
            return records
    if isinstance(value, dict) and (wrapped := _wrapped(value)) is not None:
        return [record for member in wrapped for record in records_of(member, export)]
    listed = label_dictionaries.records(value, export)
    return [value] if listed is None else listed


def _wrapped(value: dict[str, Any]) -> list[Any] | None:
    """Return the records of an object that is a file of records; None if it is a record itself."""
    lists = [key for key, member in value.items() if isinstance(member, list)]
    if len(lists) != 1 or lists[0] not in WRAPPERS:
        return None
    members: list[Any] = value[lists[0]]
    return members if members and all(isinstance(member, dict) for member in members) else None
