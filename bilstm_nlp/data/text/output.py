"""Sentences with what a tagger found in them, and how they are written out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.corpus import Sentence
from bilstm_nlp.errors import InputError

OutputFormat = Literal["text", "conll", "jsonl", "csv"]

BLANK = re.compile("[ \t\n\r]")
"""What parts columns and lines."""
QUOTED = re.compile('[",\r\n]')
"""What a cell of CSV has only in quotes."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a formula begins with, in one spreadsheet or another."""
JSON = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity. `start` and `end` count characters of the sentence's text, `first` and `last` its tokens."""

    text: str
    type: str
    start: int
    end: int
    """Exclusive."""
    first: int
    last: int
    """Exclusive."""
    score: float | None
    """P(span, type | sentence), where it was asked for."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """One of the most probable tag sequences of a sentence."""

    probability: float
    tags: tuple[str, ...]
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence, its tags in the files' scheme, its entities, and the best sequences where they were asked for."""

    sentence: Sentence
    text: str
    tags: tuple[str, ...]
    entities: tuple[Entity, ...]
    alternatives: tuple[Alternative, ...] = ()
    scored: bool = False
    """Whether scores were asked for: no entities have none to tell by."""
    weights: NDArray[np.float32] | None = field(default=None, compare=False)
    """(heads, T, T) how much each token (row) reads of each (column), where it was asked for."""


def writer(kind: OutputFormat) -> Callable[[int, TaggedSentence], str]:
    """(number of the sentence from 1, sentence) → the text that stands for it in this format."""
    return {"text": as_text, "conll": as_conll, "jsonl": as_jsonl, "csv": as_csv}[kind]


CSV_HEADER = "sentence,rank,probability,start,end,type,text,score\n"


def as_text(number: int, tagged: TaggedSentence) -> str:
    """For reading: `[EU ORG] rejects [German MISC 0.98] call`; alternatives on lines of their own."""
    if is_boundary(tagged.sentence):
        return ""
    if not tagged.alternatives:
        return marked(tagged.text, tagged.entities) + "\n"
    return "".join(f"{a.probability:.4f}\t{marked(tagged.text, a.entities)}\n" for a in tagged.alternatives)


def is_boundary(sentence: Sentence) -> bool:
    """Whether this only says where documents begin, as a column file may at its end; only columns can say it."""
    return not sentence.tokens and sentence.document_start is not None


def marked(text: str, entities: tuple[Entity, ...]) -> str:
    parts, end = [], 0
    for entity in entities:
        score = "" if entity.score is None else f" {entity.score:.2f}"
        parts += [text[end : entity.start], f"[{entity.text} {entity.type}{score}]"]
        end = entity.end
    return "".join([*parts, text[end:]])


def as_conll(number: int, tagged: TaggedSentence) -> str:
    """The input's columns and the predicted tag as one more; with scores, they are a last column (`-` outside)."""
    sentence = tagged.sentence
    start = f"{sentence.document_start}\n\n" if sentence.document_start is not None else ""
    if not sentence.tokens:
        return start or "\n"
    check_columns(tagged.tags if sentence.rows else (*sentence.tokens, *tagged.tags), number)
    rows = sentence.rows or sentence.tokens
    separator = "\t" if "\t" in rows[0] else " "
    columns: list[Sequence[str]] = [rows, tagged.tags]
    if tagged.scored:
        scores = ["-"] * len(rows)
        for entity in tagged.entities:
            scores[entity.first : entity.last] = [f"{entity.score:.4f}"] * (entity.last - entity.first)
        columns.append(scores)
    return start + "\n".join(map(separator.join, zip(*columns, strict=True))) + "\n\n"


def check_columns(cells: Sequence[str], number: int) -> None:
    """Raises `InputError` where a token or tag, from JSON that is, would become two columns or lines."""
    if BLANK.search("".join(cells)):
        found = next(cell for cell in cells if BLANK.search(cell))
        raise InputError(
            f"sentence {number}: expected tokens and types without blanks, which columns can't hold, "
            f"found {found!r}; --format jsonl can"
        )


def as_jsonl(number: int, tagged: TaggedSentence) -> str:
    """One JSON object a sentence."""
    if is_boundary(tagged.sentence):
        return ""
    record: dict[str, object] = {
        "text": tagged.text,
        "tokens": tagged.sentence.tokens,
        "tags": tagged.tags,
        "entities": [entity_json(entity) for entity in tagged.entities],
    }
    if tagged.alternatives:
        record["alternatives"] = [
            {"probability": a.probability, "tags": a.tags, "entities": [entity_json(e) for e in a.entities]}
            for a in tagged.alternatives
        ]
    if tagged.weights is not None:
        record["attention"] = tagged.weights.astype(np.float64).round(4).tolist()
    return JSON.encode(record) + "\n"


def entity_json(entity: Entity) -> dict[str, object]:
    values: dict[str, object] = {
        "text": entity.text,
        "type": entity.type,
        "start": entity.start,
        "end": entity.end,
        "first": entity.first,
        "last": entity.last,
    }
    return values if entity.score is None else values | {"score": entity.score}


def as_csv(number: int, tagged: TaggedSentence) -> str:
    """One row an entity; the rank tells alternatives apart, 1 being the best, whose probability stands beside it."""
    if tagged.alternatives:
        ranked = [(f"{found.probability:.6f}", found.entities) for found in tagged.alternatives]
    else:
        ranked = [("", tagged.entities)]
    return "".join(
        f"{number},{rank},{probability},{entity.start},{entity.end},{cell(entity.type)},{cell(entity.text)},"
        f"{'' if entity.score is None else f'{entity.score:.6f}'}\n"
        for rank, (probability, entities) in enumerate(ranked, 1)
        for entity in entities
    )


def cell(text: str) -> str:
    """A cell of CSV, in quotes where it needs them; Python before 3.13 forgets them around a return.

    What a spreadsheet would take for a formula, and carry out, begins with an apostrophe.
    """
    if text.startswith(FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text
