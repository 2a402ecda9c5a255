"""Records as editors export them: Label Studio, Prodigy and spaCy."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.labelled.text_building import TextBuilder
from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.record_values import shown
from bilstm_nlp.errors import DataError

CHOICES = "choices"
"""The key of the classes that Label Studio's annotators chose."""


def unpacked(record: dict[str, Any], number: int, builder: TextBuilder) -> dict[str, Any] | None:
    """Return a plain record. Return None for one that is skipped, which is noted.

    Label Studio's tasks have their text in `data` and their classes in `annotations`. Prodigy's have an `answer`; tasks
    that were not accepted are skipped where classes are needed. Raises `DataError`.
    """
    if isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list):
        return _of_label_studio(record, number, builder)
    answer = record.get("answer")
    prodigy = answer in ("accept", "reject", "ignore") and ("_input_hash" in record or "_task_hash" in record)
    if not prodigy or not builder.needs_class:
        return record
    if answer != "accept":
        builder.note(Remark(builder.name, number, "tasks of Prodigy that were not accepted, skipped", str(answer)))
        return None
    if isinstance(record.get("accept"), list):
        return {key: value for key, value in record.items() if key not in ("accept", "label")} | {
            "label": record["accept"]
        }
    return record


def _of_label_studio(record: dict[str, Any], number: int, builder: TextBuilder) -> dict[str, Any] | None:
    """Return a task's data with its choices. Raises `DataError` if two annotators disagree."""
    answers: list[list[str]] = []
    for annotation in record["annotations"]:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        results = annotation.get("result")
        values = [item.get("value") for item in results if isinstance(item, dict)] if isinstance(results, list) else []
        chosen = [value[CHOICES] for value in values if isinstance(value, dict) and CHOICES in value]
        if not all(isinstance(choice, list) for choice in chosen):
            raise DataError(builder.name, f"lists in {CHOICES}", shown(chosen), number)
        answers.append([name for choice in chosen for name in choice])
    if builder.needs_class and any(sorted(map(str, answer)) != sorted(map(str, answers[0])) for answer in answers):
        raise DataError(builder.name, "annotations that agree", " and ".join(map(shown, answers)), number)
    if builder.needs_class and not answers:
        builder.note(Remark(builder.name, number, "tasks of Label Studio without an annotation, skipped", "none"))
        return None
    return {**record["data"], **({CHOICES: answers[0]} if answers else {})}
