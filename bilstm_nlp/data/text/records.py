"""Annotated sentences as JSON and datasets have them: tokens with tags, or text with spans of characters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bilstm_nlp.data.lines import excerpt
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.data.text.tokenizer import offsets
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Span, encode

TOKEN_KEY = "tokens"
"""Where the tokens are, unless the config names a key."""
DOCUMENT_KEY = "document"
"""Where the document is named."""
TAG_KEYS = ("tags", "ner_tags")
"""Where the tags of tokens are, unless the config names a key."""
SPAN_KEYS = ("spans", "entities", "label", "labels")
"""Where annotation tools put the spans of a text."""

Places = tuple[tuple[int, int], ...]


def sentence_of_record(values: Any, format: ColumnFormat, name: str, number: int, documents: Documents) -> Sentence:
    """A record as a sentence; tags are left out where the format needs none.

    `tokens` are strings, or objects with a `text`. Their tags stand in `tags` or `ner_tags`; without them, the spans of
    `text` are taken, `[start, end, type]` or an object, from `spans`, `entities`, `label` or `labels`. Text without
    tokens is cut. Where tokens do not spell the text, it is left out. `documents` numbers what stands in `document`.
    Raises `DataError`.
    """
    if not isinstance(values, dict):
        raise DataError(name, "a JSON object", shown(values), number)
    record = Record(values, format, name, number)
    return replace(record.sentence(), document=documents.number(record.document()))


class Documents:
    """Numbers documents by their names: neighbours with the same one are of one document."""

    def __init__(self) -> None:
        self.count = 0
        self.last: str | int | None = None

    def number(self, name: str | int | None) -> int:
        """From 1; 0 for a sentence that is not said to be of a document."""
        if name is not None and name != self.last:
            self.count += 1
        self.last = name
        return self.count if name is not None else 0


class Record:
    """A record while it is read."""

    def __init__(self, values: dict[str, Any], format: ColumnFormat, name: str, number: int) -> None:
        # A dataset has every key in every row.
        self.values = {key: value for key, value in values.items() if value is not None}
        self.format, self.name, self.number = format, name, number
        self.token_key = format.token if isinstance(format.token, str) else TOKEN_KEY

    def error(self, expected: str, found: str) -> DataError:
        return DataError(self.name, expected, found, self.number)

    @property
    def keys(self) -> str:
        return f"only {', '.join(self.values)}" if self.values else "nothing"

    def document(self) -> str | int | None:
        """What the record's document is called, if it says."""
        name = self.values.get(DOCUMENT_KEY)
        if name is None or isinstance(name, str) or type(name) is int:
            return name
        raise self.error(f"a string or a whole number in {DOCUMENT_KEY}", shown(name))

    def sentence(self) -> Sentence:
        text = self.values.get("text")
        if text is not None and not isinstance(text, str):
            raise self.error("a string in text", shown(text))
        places: Places | None
        if self.token_key in self.values:
            tokens = self.tokens()
            places = None if text is None else aligned(tokens, text)
        elif text is None or isinstance(self.format.token, str):
            expected = self.token_key if isinstance(self.format.token, str) else f"{TOKEN_KEY} or text"
            raise self.error(expected, self.keys)
        else:
            places = tuple(offsets(text, self.format.cut))
            tokens = tuple(text[start:end] for start, end in places)
        check_length(self.name, len(tokens), self.number)
        tags = None if self.format.tag is None else self.tags(tokens, text, places)
        return Sentence(tokens, tags, self.number, text=None if places is None else text, offsets=places)

    def tokens(self) -> tuple[str, ...]:
        values = self.values[self.token_key]
        if not isinstance(values, list):
            raise self.error(f"a list of tokens in {self.token_key}", shown(values))
        tokens: list[str] = []
        for value in values:
            token = value.get("text") if isinstance(value, dict) else value
            if not isinstance(token, str) or not token:
                raise self.error(f"a list of tokens in {self.token_key}, none of them empty", shown(value))
            tokens.append(token)
        return tuple(tokens)

    def tags(self, tokens: tuple[str, ...], text: str | None, places: Places | None) -> tuple[str, ...]:
        """The tags as they are, or those that spell the spans."""
        named = isinstance(self.format.tag, str)
        wanted = (self.format.tag,) if isinstance(self.format.tag, str) else TAG_KEYS
        key = self.only(wanted) or (None if named else self.only(SPAN_KEYS))
        if key is None:
            raise self.error(f"{' or '.join(wanted)}, or text with spans" if not named else wanted[0], self.keys)
        values = self.values[key]
        if self.are_spans(key, named):
            return self.tags_of_spans(key, len(tokens), text, places)
        if self.token_key not in self.values:
            raise self.error(f"{self.token_key} for the tags in {key}, or spans", "only text")
        if not isinstance(values, list) or not all(isinstance(tag, str) and tag for tag in values):
            raise self.error(f"a list of strings in {key}", shown(values))
        if len(values) != len(tokens):
            raise self.error(f"{len(tokens)} tags for {len(tokens)} tokens", f"{len(values)}")
        return tuple(values)

    def are_spans(self, key: str, named: bool) -> bool:
        """Whether spans stand under a key, rather than tags: both may be called `labels`."""
        values = self.values[key]
        if values == []:  # does not show what it is a list of
            return (named and self.token_key not in self.values) or (key in SPAN_KEYS and "text" in self.values)
        listed = isinstance(values, list) and all(isinstance(value, (list, dict)) for value in values)
        return listed or (key in SPAN_KEYS and not named)

    def only(self, keys: Sequence[str]) -> str | None:
        """The one of these keys that the record has."""
        there = [key for key in keys if key in self.values]
        if len(there) > 1:
            raise self.error(f"one of {', '.join(keys)}, or data.tag_column to name it", " and ".join(there))
        return there[0] if there else None

    def tags_of_spans(self, key: str, length: int, text: str | None, places: Places | None) -> tuple[str, ...]:
        values = self.values[key]
        if not isinstance(values, list):
            raise self.error(f"a list of spans in {key}", shown(values))
        if text is None or places is None:
            found = "no text" if text is None else "tokens that do not spell it"
            raise self.error(f"the text that {key} are spans of", found)
        spans = [self.span(value) for value in values]
        return tuple(encode(self.spans_of_tokens(spans, text, places), length, self.format.spans_as))

    def span(self, value: Any) -> tuple[int, int, str]:
        """(start, end, type) of a span, however a tool writes it."""
        parts: list[Any] = value if isinstance(value, list) else []
        if isinstance(value, dict):
            kinds = value.get("labels")
            kind = kinds[0] if isinstance(kinds, list) and len(kinds) == 1 else first(value, "label", "type")
            parts = [first(value, "start", "start_offset"), first(value, "end", "end_offset"), kind]
        match parts:
            case [start, end, str(kind)] if type(start) is int and type(end) is int and kind:
                return start, end, kind
        raise self.error("a span: [start, end, type], or an object with start, end and label", shown(value))

    def spans_of_tokens(self, spans: Sequence[tuple[int, int, str]], text: str, places: Places) -> Iterator[Span]:
        """Spans of characters as spans of tokens: each must be made of whole tokens, and none may overlap."""
        begins = {start: index for index, (start, _) in enumerate(places)}
        ends = {end: index for index, (_, end) in enumerate(places, 1)}
        past = 0
        for start, end, kind in sorted(spans):
            span = f"{kind} from {start} to {end}"
            if not 0 <= start < end <= len(text):
                raise self.error(f"spans within the text's {len(text)} characters", span)
            span += f", {excerpt(text[start:end])}"
            if start < past:
                raise self.error("spans that do not overlap", f"{span}, but the one before it ends at {past}")
            for edge, place, known in (("begins", start, begins), ("ends", end, ends)):
                if place not in known:
                    cut = next((text[a:b] for a, b in places if a < place < b), None)
                    where = "at a blank" if cut is None else f"inside the token {cut!r}"
                    raise self.error("spans that begin and end with tokens", f"{span}, which {edge} {where}")
            yield Span(kind, begins[start], ends[end])
            past = end


def aligned(tokens: Sequence[str], text: str) -> Places | None:
    """Where the tokens are in their text, with nothing but blanks between them; None where they do not spell it."""
    places, position = [], 0
    for token in tokens:
        # A token may be a blank itself.
        while not text.startswith(token, position) and text[position : position + 1].isspace():
            position += 1
        if not text.startswith(token, position):
            return None
        places.append((position, position + len(token)))
        position += len(token)
    return None if text[position:].strip() else tuple(places)


def first(value: dict[str, Any], *keys: str) -> Any:
    """What stands under the first of these keys that there is."""
    return next((value[key] for key in keys if value.get(key) is not None), None)


def shown(value: Any) -> str:
    """A value in a message, as JSON."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:60] + "…"
