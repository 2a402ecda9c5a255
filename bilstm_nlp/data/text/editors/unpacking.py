"""From the values of an editor's export to plain records. The content of a value tells its editor, not its name."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.editors import label_dictionaries, label_studio, prodigy, spacy_json
from bilstm_nlp.data.text.editors.export import Export


def records_of(value: Any, export: Export) -> list[Any]:
    """Return the plain records of a value: of an editor's export, or the value itself if no editor wrote it.

    Raises `DataError` for an export without the text that it should have.
    """
    for editor in (label_studio.records, prodigy.records, spacy_json.records):
        records = editor(value, export)
        if records is not None:
            return records
    listed = label_dictionaries.records(value, export)
    return [value] if listed is None else listed
