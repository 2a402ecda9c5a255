"""Predictions as a DocBin, spaCy's binary documents, written with spaCy, which is an extra."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from bilstm_nlp.data.text.output import ESCAPES, JSON, TaggedSentence
from bilstm_nlp.errors import InputError

UNTYPED = "segment"
"""The label of entities without a type: spaCy takes an empty label for none."""


def check_spacy() -> None:
    """Raise `InputError` if spaCy is not installed."""
    if importlib.util.find_spec("spacy") is None:
        raise InputError(
            "--output: expected spaCy, which writes .spacy, found none; pip install 'bilstm-nlp[spacy]', or give the "
            "file another ending for the same as JSON"
        )


def as_docbin(number: int, tagged: TaggedSentence) -> str:
    """Write a JSON object in a line, of which `packed` makes a document."""
    sentence = tagged.sentence
    places = sentence.offsets
    if sentence.text is None or places is None:
        starts = accumulate((len(token) + 1 for token in sentence.tokens), initial=0)
        places = tuple((start, start + len(token)) for start, token in zip(starts, sentence.tokens, strict=False))
    spans = [[entity.first, entity.last, entity.type or UNTYPED] for entity in tagged.entities]
    firsts = [part[2] for part in tagged.parts]
    return JSON.encode([number, tagged.text, places, spans, firsts, sentence.others]).translate(ESCAPES) + "\n"


def packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pack the lines of `as_docbin` into a DocBin, as one piece.

    If the pieces end with an `InputError`, it is raised after a DocBin of what came before.
    """
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    vocab, documents = Vocab(), DocBin(attrs=["SPACY", "ENT_IOB", "ENT_TYPE", "SENT_START"], store_user_data=True)
    try:
        for piece in pieces:
            for line in piece.splitlines():
                _add(documents, vocab, *json.loads(line))
    except InputError:
        yield documents.to_bytes()
        raise
    yield documents.to_bytes()


def _add(
    documents: Any,
    vocab: Any,
    number: int,
    text: str,
    places: Sequence[tuple[int, int]],
    spans: Sequence[tuple[int, int, str]],
    firsts: Sequence[int],
    others: dict[str, Any],
) -> None:
    """Add a document, whose text is that of the input. What stands between two tokens, but for a blank, is a token."""
    from spacy.tokens import Doc, Span

    words: list[str] = []
    spaces: list[bool] = []
    index: list[int] = []
    end = 0
    for start, past in (*places, (len(text), len(text))):
        between = text[end:start]
        if between.startswith(" ") and words:
            spaces[-1], between = True, between[1:]
        for word in filter(None, (between, text[start:past])):
            index += [len(words)] if word is not between else []
            words.append(word)
            spaces.append(False)
        end = past
    starts = {index[first] for first in firsts if first < len(index)} | {0}
    document = Doc(vocab, words, spaces, sent_starts=[place in starts for place in range(len(words))])
    document.set_ents([Span(document, index[first], index[last - 1] + 1, label) for first, last, label in spans])
    document.user_data.update(others)
    try:
        documents.add(document)
    except (OverflowError, TypeError, ValueError) as error:
        problem = f"{error}; another ending of --output gives JSON"
        raise InputError(f"sentence {number}: expected keys that a DocBin can hold, found {problem}") from None
