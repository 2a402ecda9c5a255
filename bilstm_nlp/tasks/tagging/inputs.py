"""The inputs that a tagger takes in Python: texts, or sentences as lists of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from bilstm_nlp.data.text.corpus import sentence_of_text
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.errors import InputError

Input = str | Sequence[str] | Sentence
"""A text, the tokens of a sentence, or a sentence that was read from a file."""


def is_one_text(inputs: object) -> bool:
    """Return True if `inputs` is a single text. A list of strings is a list of texts."""
    return isinstance(inputs, str)


def sentences_of_inputs(inputs: object, cut: Cut, name: str) -> Iterator[Sentence]:
    """Yield a sentence for each text or list of tokens. A single text gives one sentence.

    Inputs are read one by one, so a generator may be endless. `name` is the method's name in messages.

    Raises `InputError` for anything else, at the input that is wrong.

    >>> [sentence.tokens for sentence in sentences_of_inputs(["EU rejects", ["New York"]], "words", "tag")]
    [('EU', 'rejects'), ('New York',)]
    """
    if is_one_text(inputs):
        inputs = [inputs]
    if isinstance(inputs, bytes | bytearray | Mapping | Set | Sentence) or not isinstance(inputs, Iterable):
        raise InputError(
            f"{name}: expected a text, a list of texts, or a list of lists of tokens, found {kind(inputs)}"
        )
    for number, value in enumerate(inputs, 1):
        yield sentence_of_input(value, cut, f"{name}: input {number}")


def sentence_of_input(value: object, cut: Cut, name: str) -> Sentence:
    """Make a sentence of a text or of a list of tokens. `name` begins the message of errors.

    Raises `InputError` for anything else, and for a token that is empty or not a string.
    """
    match value:
        case str():
            return sentence_of_text(value, cut)
        case Sentence():
            return value
        case list() | tuple():
            for number, token in enumerate(value, 1):
                if not isinstance(token, str):
                    raise InputError(f"{name}, token {number}: expected a string, found {kind(token)}")
                if not token:
                    raise InputError(f"{name}, token {number}: expected at least one character, found none")
            return Sentence(tuple(value), None, 1)
        case _:
            raise InputError(f"{name}: expected a text or a list of tokens, found {kind(value)}")


def kind(value: object) -> str:
    """Name a value for a message.

    >>> kind(None), kind(b"EU"), kind(3)
    ('None', 'bytes', 'int')
    """
    return "None" if value is None else type(value).__name__
