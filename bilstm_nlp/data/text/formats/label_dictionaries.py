"""Spans under their types or in columns: label dictionaries of CLUENER, lists of Dataturks, columns of datasets."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.formats.editor_export import Export


def records(value: Any, export: Export) -> list[Any] | None:
    """Return the record with its spans as a list of objects, or None for another value."""
    if not isinstance(value, dict):
        return None
    for key in (
        ("label", "labels", "entities", "spans", "annotation")
        if export.format.span_key is None
        else (export.format.span_key,)
    ):
        spans = value.get(key)
        forms = (read(spans) for read in (_of_types, _of_columns, _of_points))
        listed = next((form for form in forms if form is not None), None)
        if listed is not None:
            return [value | {key: listed}]
    return None


def _of_types(spans: Any) -> list[Any] | None:
    """Read `{type: {text: [[first, last], …]}}`, in which the last character belongs to the span."""
    if not isinstance(spans, dict) or not all(isinstance(places, dict) for places in spans.values()):
        return None
    listed: list[Any] = []
    for kind, places in spans.items():
        for text, offsets in places.items():
            if not isinstance(offsets, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in offsets):
                return None
            listed += [{"start": first, "end": last, "label": kind, "text": text} for first, last in offsets]
    return listed


def _of_columns(spans: Any) -> list[Any] | None:
    """Read `{"start": […], "end": […], "label": […]}`, as some datasets have lists of objects."""
    if not isinstance(spans, dict) or not spans or not all(isinstance(column, list) for column in spans.values()):
        return None
    columns = list(spans.values())
    if any(len(column) != len(columns[0]) for column in columns):
        return None
    return [dict(zip(spans, row, strict=True)) for row in zip(*columns, strict=True)]


def _of_points(spans: Any) -> list[Any] | None:
    """Read `[{"label": [type], "points": [{"start": …, "end": …, "text": …}]}]`."""
    if not isinstance(spans, list) or not spans:
        return None
    if not all(isinstance(span, dict) and isinstance(span.get("points"), list) for span in spans):
        return None
    return [
        {**point, "label": span.get("label")} if isinstance(point, dict) else point
        for span in spans
        for point in span["points"]
    ]
