"""Tagged sentences, and the formats of the output: text, columns, JSON Lines and CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError

OutputFormat = Literal["text", "conll", "jsonl", "csv", "html", "doccano", "label-studio", "spacy", "docbin", "brat"]
LineFormat = Literal["text", "conll", "jsonl", "csv"]
TextStyle = Literal["entities", "labels", "words"]
"""Entities in brackets, a label after each token, or words that blanks separate."""

PREDICTED, CONFIDENCE = "predicted", "confidence"
"""The names of the columns of predictions, in files with a header line."""
BLANK = re.compile("[ \t\n\r]")
"""Characters that separate columns and lines."""
QUOTED = re.compile('[",\r\n]')
"""Characters that need quotes in a cell of CSV."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of formulas in some spreadsheet."""
JSON = json.JSONEncoder(ensure_ascii=False)
LINE_ENDS = str.maketrans("\n\r\x85\u2028\u2029", "     ")
ESCAPES = str.maketrans({end: f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})
"""Line ends that JSON need not escape, for readers that end a line there."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A named entity: a stretch of the text from `start` to `end`, and of the tokens from `first` to `last`.

    A plain label is an entity of one token. Segments without types have an empty type.
    """

    text: str
    type: str
    start: int
    end: int
    """Exclusive."""
    first: int
    last: int
    """Exclusive."""
    score: float | None
    """P(span, type | sentence); None if it was not asked for."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A probable tag sequence of a sentence."""

    probability: float
    tags: tuple[str, ...]
    entities: tuple[Entity, ...]


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence with its tags in the scheme of the files, its entities, and the best sequences if asked for."""

    sentence: Sentence
    text: str
    tags: tuple[str, ...]
    entities: tuple[Entity, ...]
    alternatives: tuple[Alternative, ...] = ()
    scored: bool = False
    """Scores were asked for. Without entities, nothing else tells."""
    style: TextStyle = "entities"
    """The marks of text for people."""
    left_out: int = 0
    """Entities that were left out because they are less probable than asked for."""
    weights: NDArray[np.float32] | None = field(default=None, compare=False)
    """(heads, T, T) attention weights of each token (row) on each token (column); None if they were not asked for."""
    parts: tuple[tuple[int, int, int, int], ...] = ()
    """Start, end, first and last of the sentences of a text that was cut into sentences, as those of `Entity`."""


def writer(kind: LineFormat) -> Callable[[int, TaggedSentence], str]:
    """Return the function (number of the sentence from 1, sentence) → its text in a format."""
    return {"text": as_text, "conll": as_conll, "jsonl": as_jsonl, "csv": as_csv}[kind]


CSV_HEADER = "sentence,rank,probability,start,end,type,text,score\n"


def as_text(number: int, tagged: TaggedSentence) -> str:
    """Write text for people: `[EU ORG] rejects [German MISC 0.98] call`, with a line for each alternative.

    Plain labels follow their tokens, `EU/NNP rejects/VBZ`. Words of characters are separated by blanks.
    """
    if _is_boundary(tagged.sentence):
        return ""
    if not tagged.alternatives:
        return _one_line(_marked(tagged, tagged.entities)) + "\n"
    return "".join(f"{a.probability:.4f}\t{_one_line(_marked(tagged, a.entities))}\n" for a in tagged.alternatives)


def _one_line(text: str) -> str:
    """Write line ends within a text as blanks: each record has a line of its own, and offsets stay."""
    return text.translate(LINE_ENDS)


def _is_boundary(sentence: Sentence) -> bool:
    """Tell whether a sentence stands for boundaries or comments at the end of a column file. Only columns show them."""
    return not sentence.tokens and bool(sentence.document_start is not None or sentence.comments)


def _marked(tagged: TaggedSentence, entities: tuple[Entity, ...]) -> str:
    """Mark the entities, labels or words of a text."""
    match tagged.style:
        case "entities":
            return _bracketed(tagged.text, entities)
        case "labels":
            return " ".join("/".join([entity.text, entity.type, *_score(entity)]) for entity in entities)
        case "words":
            tokens = tagged.sentence.tokens
            return " ".join("/".join(["".join(tokens[e.first : e.last]), *_score(e)]) for e in entities)
        case style:
            assert_never(style)


def _bracketed(text: str, entities: tuple[Entity, ...]) -> str:
    """Mark the entities of a text with brackets."""
    parts, end = [], 0
    for entity in entities:
        marked = " ".join([entity.text, *([entity.type] if entity.type else []), *_score(entity)])
        parts += [text[end : entity.start], f"[{marked}]"]
        end = entity.end
    return "".join([*parts, text[end:]])


def _score(entity: Entity) -> list[str]:
    return [] if entity.score is None else [f"{entity.score:.2f}"]


def as_conll(number: int, tagged: TaggedSentence) -> str:
    """Write the input's columns, a column of predicted tags, and a column of scores if asked for (`-` outside).

    A header line comes out again, with names of the new columns.
    """
    sentence = tagged.sentence
    rows = sentence.rows or sentence.tokens
    separator = "\t" if rows and "\t" in rows[0].rpartition("\n")[2] else " "
    start = ""
    if sentence.header is not None:
        start = separator.join([sentence.header, PREDICTED, *([CONFIDENCE] if tagged.scored else [])]) + "\n"
    start += f"{sentence.document_start}\n\n" if sentence.document_start is not None else ""
    start += "".join(f"{comment}\n" for comment in sentence.comments)
    if not sentence.tokens:
        return start or "\n"
    _check_columns(tagged.tags if sentence.rows else (*sentence.tokens, *tagged.tags), number)
    columns: list[Sequence[str]] = [rows, tagged.tags]
    if tagged.scored:
        scores = ["-"] * len(rows)
        for entity in tagged.entities:
            scores[entity.first : entity.last] = [f"{entity.score:.4f}"] * (entity.last - entity.first)
        columns.append(scores)
    return start + "\n".join([*map(separator.join, zip(*columns, strict=True)), *sentence.after]) + "\n\n"


def _check_columns(cells: Sequence[str], number: int) -> None:
    """Raises `InputError` for a token or tag with blanks, which JSON may have and columns can't."""
    if BLANK.search("".join(cells)):
        split_cell = next(cell for cell in cells if BLANK.search(cell))
        raise InputError(
            f"sentence {number}: expected tokens and types without blanks, which columns can't hold, "
            f"found {split_cell!r}; --format jsonl can"
        )


def as_jsonl(number: int, tagged: TaggedSentence) -> str:
    """Write one JSON object for each sentence: the other keys of its record, then what was predicted."""
    if _is_boundary(tagged.sentence):
        return ""
    record: dict[str, object] = {
        **tagged.sentence.others,
        "text": tagged.text,
        "tokens": tagged.sentence.tokens,
        "tags": tagged.tags,
        "entities": [_entity_json(entity) for entity in tagged.entities],
    }
    if tagged.parts:
        record["sentences"] = [dict(zip(("start", "end", "first", "last"), part, strict=True)) for part in tagged.parts]
    if tagged.alternatives:
        record["alternatives"] = [
            {"probability": a.probability, "tags": a.tags, "entities": [_entity_json(e) for e in a.entities]}
            for a in tagged.alternatives
        ]
    if tagged.weights is not None:
        record["attention"] = tagged.weights.astype(np.float64).round(4).tolist()
    return JSON.encode(record).translate(ESCAPES) + "\n"


def _entity_json(entity: Entity) -> dict[str, object]:
    """Return an entity as JSON, without a score if it has none."""
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
    """Write one row for each entity. Rank 1 is the best alternative; the probability of an alternative is beside it."""
    if tagged.alternatives:
        ranked = [(f"{alternative.probability:.6f}", alternative.entities) for alternative in tagged.alternatives]
    else:
        ranked = [("", tagged.entities)]
    return "".join(
        f"{number},{rank},{probability},{entity.start},{entity.end},{cell(_one_line(entity.type))},"
        f"{cell(_one_line(entity.text))},"
        f"{'' if entity.score is None else f'{entity.score:.6f}'}\n"
        for rank, (probability, entities) in enumerate(ranked, 1)
        for entity in entities
    )


def cell(text: str) -> str:
    """Write a cell of CSV, in quotes if needed. Python's csv module before 3.13 leaves a return unquoted.

    Text that a spreadsheet would run as a formula gets an apostrophe in front.

    >>> print(cell("a, b"), cell("=1+1"))
    "a, b" '=1+1
    """
    if text.startswith(FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if QUOTED.search(text) else text
