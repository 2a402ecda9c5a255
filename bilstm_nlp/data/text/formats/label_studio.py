"""Label Studio: tasks of its JSON export, and rows of JSON_MIN. Its CoNLL export is a column file."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.formats.editor_export import Export

UNANNOTATED = "tasks of Label Studio without annotations, left out"
SEVERAL = "tasks of Label Studio with several annotations, of which the first is read"
OTHERS = "results of Label Studio that are no labels of text, left out"


def records(value: Any, export: Export) -> list[Any] | None:
    """Return the record of a task or a row, none of a task without annotations, or None for another value."""
    if not isinstance(value, dict):
        return None
    annotations = value.get("annotations", value.get("completions"))
    if isinstance(value.get("data"), dict) and isinstance(annotations, list):
        return _of_task(value["data"], annotations, export)
    if "annotation_id" in value or {"annotator", "lead_time"} <= value.keys():
        return [_of_row(value, export)]
    return None


def _of_task(data: dict[str, Any], annotations: list[Any], export: Export) -> list[Any]:
    """Read a task: the annotation that is the ground truth, or the first that was not cancelled."""
    text = data.get(_text_key(data, export))
    done = [a for a in annotations if isinstance(a, dict) and not a.get("was_cancelled") and not a.get("skipped")]
    if not done:
        if export.needs_tags:
            export.note(UNANNOTATED, repr(text)[:60])
            return []
        return [export.record(text)]
    if len(done) > 1:
        export.note(SEVERAL, f"{len(done)} annotations")
    chosen = next((annotation for annotation in done if annotation.get("ground_truth")), done[0])
    spans: list[Any] = []
    for result in chosen.get("result") or []:
        values = result.get("value") if isinstance(result, dict) else None
        if isinstance(values, dict) and isinstance(values.get("labels"), list) and "end" in values:
            spans += _spans(values)
        else:
            export.note(OTHERS, str(result.get("type")) if isinstance(result, dict) else repr(result)[:60])
    return [export.record(text, spans)]


def _of_row(row: dict[str, Any], export: Export) -> dict[str, object]:
    """Read a row of JSON_MIN. Its spans are under the name of the labelling; a row without any has no such key."""
    format = export.format
    key = format.span_key or (format.tag if isinstance(format.tag, str) else None)
    if key is None:
        listed = [key for key, value in row.items() if isinstance(value, list) and value and _are_spans(value)]
        key = listed[0] if listed else "label"
    text = row.get(_text_key(row, export))
    if not isinstance(row.get(key), list):
        return export.record(text)
    return export.record(
        text, [span for values in row[key] for span in (_spans(values) if _is_span(values) else [values])]
    )


def _text_key(values: dict[str, Any], export: Export) -> str:
    """Return the key of the text: the one that was set, `text`, or the only one with a string."""
    if export.format.text_key is not None:
        return export.format.text_key
    if isinstance(values.get("text"), str):
        return "text"
    ours = ("created_at", "updated_at", "sentiment")
    strings = [key for key, value in values.items() if isinstance(value, str) and key not in ours]
    if len(strings) != 1:
        raise export.error("the text of a task, or data.text_key to name it", f"only {', '.join(values) or 'nothing'}")
    return strings[0]


def _are_spans(values: list[Any]) -> bool:
    return all(_is_span(value) for value in values)


def _is_span(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("labels"), list) and "end" in value


def _spans(values: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a span for each of its labels. Offsets of HTML are those in its whole text."""
    offsets = values.get("globalOffsets") or values
    return [
        {"start": offsets.get("start"), "end": offsets.get("end"), "label": label, "text": values.get("text")}
        for label in values["labels"]
    ]
