"""Annotated sentences in JSON: one object a line, or all objects in one array."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from bilstm_nlp.data.lines import Complain, name_of, numbered_lines, stop
from bilstm_nlp.data.remarks import Note, ignore
from bilstm_nlp.data.text.formats.records import RecordReader
from bilstm_nlp.data.text.formats.spacy_json import is_pair
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError, excerpt
from bilstm_nlp.system.json_values import check_surrogates

WRITTEN = frozenset(("text", "tokens", "tags", "entities", "alternatives", "attention"))
"""Keys of predictions."""


def read_jsonl(
    source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore, *, keep_others: bool = False
) -> Iterator[Sentence]:
    """Yield the sentences of a file with one JSON object a line. Blank lines are skipped.

    A file may also hold one array of objects, which is read as a whole. Its objects are numbered from 1. Calls
    `complain` with a `DataError` for a malformed object, and `note` for what was changed or left out. `keep_others`
    keeps the keys that a tagger does not write.
    """
    reader = RecordReader(name_of(source), format, complain, note)
    for number, value in values_of(source, format.encoding, complain):
        for sentence in reader.read(value, number):
            others = others_of(value) if keep_others and isinstance(value, dict) else {}
            yield replace(sentence, others=others) if others else sentence
    reader.finish()


def others_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of a record that a tagger does not write, in their order.

    >>> others_of({"id": 7, "text": "EU", "entities": []})
    {'id': 7}
    """
    return {key: value for key, value in record.items() if key not in WRITTEN and not _are_parts(key, value)}


def _are_parts(key: str, value: Any) -> bool:
    """Tell whether a value is the list of sentences that predictions have: another cut may be written."""
    return (
        key == "sentences"
        and isinstance(value, list)
        and all(isinstance(part, dict) and set(part) == {"start", "end", "first", "last"} for part in value)
    )


def values_of(source: str, encoding: str, complain: Complain) -> Iterator[tuple[int, Any]]:
    """Yield (line from 1, its value), or (number from 1, member) of an array.

    A .json file may also hold one object, on several lines.
    """
    lines = numbered_lines(source, encoding, complain)
    yield from values_of_lines(lines, name_of(source), complain, source.removesuffix(".gz").endswith(".json"))


def values_of_lines(
    lines: Iterator[tuple[int, str]], name: str, complain: Complain, may_be_whole: bool = False
) -> Iterator[tuple[int, Any]]:
    """Yield (line, its value). `may_be_whole`: all lines may be one array of pairs, or one object."""
    seen = False
    for number, line in lines:
        if not line.strip(" \t\r"):
            continue
        is_first, begins = not seen, line.lstrip(" \t").startswith("[")
        array, seen = is_first and begins and (may_be_whole or begins_array(line)), True
        whole = array or (may_be_whole and begins_object(line))
        may_be_whole = False
        text = "\n".join([line, *(rest for _, rest in lines)]) if whole else line
        try:
            value = parse(text, name, number)
        except DataError as error:
            complain(error)
        else:
            members = array and isinstance(value, list) and not is_pair(value)
            yield from enumerate(value, 1) if members else [(number, value)]


def begins_array(line: str) -> bool:
    """Tell whether a line begins an array of objects: the bracket alone, or an object after it.

    >>> begins_array("["), begins_array('[{"text": "EU"},'), begins_array('["EU", {"entities": []}]')
    (True, True, False)
    """
    return re.fullmatch(r"[ \t]*\[[ \t\r]*(?:\{.*)?", line) is not None


def begins_object(line: str) -> bool:
    """Tell whether a line begins an object that goes on in the next lines: it breaks off between two of its values."""
    text = line.strip(" \t\r")
    if not text.startswith("{"):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except (ValueError, RecursionError):
        pass
    return False


def parse(text: str, name: str, number: int) -> Any:
    """Parse JSON whose first line has this number. Raises `DataError`."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        problem = f"{error.msg} at character {error.colno} of {excerpt(line)!r}"
        raise DataError(name, "a JSON object", problem, number + error.lineno - 1) from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets too deep
        raise DataError(name, "a JSON object", f"one that can't be read: {error}", number) from None
    try:
        check_surrogates(text, value)
    except UnicodeEncodeError as error:
        half = f"half a surrogate pair, {error.object[error.start]!r}"
        raise DataError(name, "Unicode text", half, number) from None
    return value
