"""Predictions as annotation tools import them, to be corrected by people: doccano, Label Studio, spaCy and brat.

Offsets count characters (code points), as these tools do. Segments without a type are called `segment`.
"""

from __future__ import annotations

from typing import Any

from bilstm_nlp.data.text.output import ESCAPES, JSON, Entity, TaggedSentence

UNTYPED = "segment"
"""The label of entities without a type: annotation tools need one."""


def as_doccano(number: int, tagged: TaggedSentence) -> str:
    """Write a JSON object in a line: the other keys of the record, `text`, and `label` with [start, end, type]."""
    labels = [[entity.start, entity.end, _label(entity)] for entity in tagged.entities]
    return _json({**tagged.sentence.others, "text": tagged.text, "label": labels}) + "\n"


def as_label_studio(number: int, tagged: TaggedSentence) -> str:
    """Write a task with a prediction, for `<Labels name="label" toName="text">` and `<Text name="text">`."""
    prediction: dict[str, Any] = {"model_version": "bilstm-nlp"}
    if tagged.scored and tagged.entities:
        # Label Studio sorts tasks by the score.
        prediction["score"] = min(entity.score or 0.0 for entity in tagged.entities)
    prediction["result"] = [_region(index, entity) for index, entity in enumerate(tagged.entities, 1)]
    return _json({"data": {**tagged.sentence.others, "text": tagged.text}, "predictions": [prediction]})


def _region(index: int, entity: Entity) -> dict[str, Any]:
    """Return an entity as a region of Label Studio."""
    value = {"start": entity.start, "end": entity.end, "text": entity.text, "labels": [_label(entity)]}
    region = {"id": str(index), "from_name": "label", "to_name": "text", "type": "labels", "value": value}
    return region if entity.score is None else region | {"score": entity.score}


def as_spacy(number: int, tagged: TaggedSentence) -> str:
    """Write `[text, {"entities": [[start, end, type]]}]`, an example of spaCy."""
    return _json([tagged.text, {"entities": [[e.start, e.end, _label(e)] for e in tagged.entities]}])


def as_brat(number: int, tagged: TaggedSentence) -> str:
    """Write a JSON object in a line, of which `brat_folder` makes files."""
    sentence = tagged.sentence
    spans = [[e.start, e.end, _label(e), e.score] for e in tagged.entities]
    return _json([number, sentence.document, sentence.others.get("id"), tagged.text, spans]) + "\n"


def _label(entity: Entity) -> str:
    return entity.type or UNTYPED


def _json(value: Any) -> str:
    """Write JSON in one line, whatever a reader takes for a line end."""
    return JSON.encode(value).translate(ESCAPES)
