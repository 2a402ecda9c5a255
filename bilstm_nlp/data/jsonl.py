"""Lines of JSON, each an annotated sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bilstm_nlp.data.lines import Complain, excerpt, name_of, numbered_lines, stop
from bilstm_nlp.data.records import Documents, sentence_of_record
from bilstm_nlp.data.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError


def read_jsonl(source: str, format: ColumnFormat, complain: Complain = stop) -> Iterator[Sentence]:
    """The sentences of a file with one JSON object a line, as they are asked for; blank lines mean nothing."""
    name, documents = name_of(source), Documents()
    for number, line in numbered_lines(source, format.encoding, complain):
        if not line.strip(" \t\r"):
            continue
        try:
            sentence = sentence_of_record(parse(line, name, number), format, name, number, documents)
        except DataError as error:
            complain(error)
        else:
            yield sentence


def parse(line: str, name: str, number: int) -> Any:
    """The value of a line of JSON. Raises `DataError`."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        problem = f"{error.msg} at character {error.pos + 1} of {excerpt(line)}"
        raise DataError(name, "a JSON object", problem, number) from None
    except (ValueError, RecursionError) as error:  # a number of too many digits, brackets too deep
        raise DataError(name, "a JSON object", f"one that can't be read: {error}", number) from None
    if "\\ud" in line.lower():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            half = f"half a surrogate pair, {error.object[error.start]!r}"
            raise DataError(name, "Unicode text", half, number) from None
    return value
