"""The inputs that a tagger takes in Python: texts, sentences as lists of tokens, or records as in JSONL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from bilstm_nlp.data.remarks import ignore
from bilstm_nlp.data.text.feature_columns import names_of
from bilstm_nlp.data.text.formats.corpus import sentence_of_text
from bilstm_nlp.data.text.formats.records import TOKEN_KEY, Record
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError, InputError

Input = str | Sequence[str] | Mapping[str, Any] | Sentence
"""A text, the tokens of a sentence, a record as in JSONL, or a sentence that was read from a file."""
Inputs = Iterable[str] | Iterable[Sequence[str]] | Iterable[Mapping[str, Any]]
"""Inputs of one kind."""


def is_one_input(inputs: object) -> bool:
    """Return True if `inputs` is a single text or record. A list of strings is a list of texts."""
    return isinstance(inputs, str | Mapping)


def sentences_of_inputs(inputs: object, format: ColumnFormat, name: str) -> Iterator[Sentence]:
    """Yield a sentence for each text, list of tokens or record. A single text or record gives one sentence.

    Inputs are read one by one, so a generator may be endless. `name` is the method's name in messages.

    Raises `InputError` for anything else, at the input that is wrong.

    >>> [sentence.tokens for sentence in sentences_of_inputs(["EU rejects", ["New York"]], ColumnFormat(), "tag")]
    [('EU', 'rejects'), ('New York',)]
    """
    if is_one_input(inputs):
        inputs = [inputs]
    if isinstance(inputs, bytes | bytearray | Set | Sentence) or not isinstance(inputs, Iterable):
        raise InputError(
            f"{name}: expected a text, a list of texts, or a list of lists of tokens, found {kind(inputs)}"
        )
    for number, value in enumerate(inputs, 1):
        yield sentence_of_input(value, format, f"{name}: input {number}")


def sentence_of_input(value: object, format: ColumnFormat, name: str) -> Sentence:
    """Make a sentence of a text, of a list of tokens, or of a record. `name` begins the message of errors.

    Raises `InputError` for anything else, for a token that is empty or not a string, and for a text or tokens if the
    format has columns that are features.
    """
    if format.features and isinstance(value, str | list | tuple):
        example = {TOKEN_KEY: ["…"], **{column.key: ["…"] for column in format.features}}
        raise InputError(
            f"{name}: expected a record with {names_of(format.features)}, such as {example}, which the tagger reads as "
            f"features, found {'a text' if isinstance(value, str) else 'tokens alone'}"
        )
    match value:
        case str():
            return sentence_of_text(value, format.cut)
        case Sentence():
            return value
        case Mapping():
            return _sentence_of_record(dict(value), format, name)
        case list() | tuple():
            for number, token in enumerate(value, 1):
                if not isinstance(token, str):
                    raise InputError(f"{name}, token {number}: expected a string, found {kind(token)}")
                if not token:
                    raise InputError(f"{name}, token {number}: expected at least one character, found none")
            return Sentence(tuple(value), None, 1)
        case _:
            raise InputError(f"{name}: expected a text or a list of tokens, found {kind(value)}")


def _sentence_of_record(values: dict[str, Any], format: ColumnFormat, name: str) -> Sentence:
    """Make a sentence of a record. Raises `InputError` for a malformed record."""
    try:
        return Record(values, format, name, 1, ignore).sentence()
    except DataError as error:
        raise InputError(f"{name}: expected {error.expected}, found {error.found}") from None


def kind(value: object) -> str:
    """Name a value for a message.

    >>> kind(None), kind(b"EU"), kind(3)
    ('None', 'bytes', 'int')
    """
    return "None" if value is None else type(value).__name__
