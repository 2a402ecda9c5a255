"""Annotated sentences as records of JSON and datasets: tokens with tags, or text with spans of characters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bilstm_nlp.data.text.feature_columns import FeatureColumn, text_of, values_of_record
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.data.text.tokenizer import offsets
from bilstm_nlp.errors import DataError, excerpt
from bilstm_nlp.tags import Span, encode

TOKEN_KEY = "tokens"
"""The key of the tokens, unless the config names another."""
DOCUMENT_KEY = "document"
"""The key of the document's name."""
TAG_KEYS = ("tags", "ner_tags")
"""The keys of the tags, unless the config names another."""
SPAN_KEYS = ("spans", "entities", "label", "labels")
"""The keys under which annotation tools write the spans of a text."""

Offsets = tuple[tuple[int, int], ...]


def sentence_of_record(values: Any, format: ColumnFormat, name: str, number: int, documents: Documents) -> Sentence:
    """Read a record as a sentence, without tags if the format needs none.

    `tokens` are strings, or objects with a `text`. Their tags are in `tags` or `ner_tags`. Without these keys, tags are
    made of the spans of `text` in `spans`, `entities`, `label` or `labels`, each `[start, end, type]` or an object.
    Text without tokens is cut; text that differs from its tokens is left out. `documents` numbers the `document`s.
    Raises `DataError` for a malformed record.
    """
    if not isinstance(values, dict):
        raise DataError(name, "a JSON object", shown(values), number)
    record = Record(values, format, name, number)
    return replace(record.sentence(), document=documents.number(record.document()))


class Documents:
    """Numbers of documents, by their names. Neighbours of the same name are in one document."""

    def __init__(self) -> None:
        self.count = 0
        self.last: str | int | None = None

    def number(self, name: str | int | None) -> int:
        """Return the number of the next sentence's document: from 1, or 0 if the document has no name."""
        if name is not None and name != self.last:
            self.count += 1
        self.last = name
        return self.count if name is not None else 0


class Record:
    """A record that is being read. Its methods raise `DataError` for malformed values."""

    def __init__(self, values: dict[str, Any], format: ColumnFormat, name: str, number: int) -> None:
        # Rows of a dataset have every key; absent values are None.
        self.values = {key: value for key, value in values.items() if value is not None}
        self.format, self.name, self.number = format, name, number
        self.token_key = format.token if isinstance(format.token, str) else TOKEN_KEY

    def error(self, expected: str, found: str) -> DataError:
        """Make an error at the record's line."""
        return DataError(self.name, expected, found, self.number)

    @property
    def keys(self) -> str:
        """List the record's keys, for a message."""
        return f"only {', '.join(self.values)}" if self.values else "nothing"

    def document(self) -> str | int | None:
        """Return the name of the record's document, if any."""
        name = self.values.get(DOCUMENT_KEY)
        if name is None or isinstance(name, str) or type(name) is int:
            return name
        raise self.error(f"a string or a whole number in {DOCUMENT_KEY}", shown(name))

    def sentence(self) -> Sentence:
        """Read tokens, text and tags."""
        text = self.values.get("text")
        if text is not None and not isinstance(text, str):
            raise self.error("a string in text", shown(text))
        offsets_of_tokens: Offsets | None
        if self.token_key in self.values:
            tokens = self.tokens()
            offsets_of_tokens = None if text is None else aligned(tokens, text)
        elif text is None or isinstance(self.format.token, str):
            expected = self.token_key if isinstance(self.format.token, str) else f"{TOKEN_KEY} or text"
            raise self.error(expected, self.keys)
        else:
            offsets_of_tokens = tuple(offsets(text, self.format.cut))
            tokens = tuple(text[start:end] for start, end in offsets_of_tokens)
        check_length(self.name, len(tokens), self.number)
        tags = None if self.format.tag is None else self.tags(tokens, text, offsets_of_tokens)
        return Sentence(
            tokens,
            tags,
            self.number,
            text=None if offsets_of_tokens is None else text,
            offsets=offsets_of_tokens,
            columns={column.key: self.column(column, tokens) for column in self.format.features},
        )

    def column(self, column: FeatureColumn, tokens: tuple[str, ...]) -> tuple[str, ...]:
        """Read the value of each token in a column."""
        if column.key == self.format.tag or (self.format.tag is not None and column.key in TAG_KEYS):
            raise self.error("another key than the tags' in embeddings.columns", column.key)
        values = values_of_record(self.values, column, tokens, self.token_key)
        if values is None:
            raise self.error(f"a list of {len(tokens)} values in {column.key}, a column of the features", self.keys)
        if not isinstance(values, list):
            raise self.error(f"a list of {len(tokens)} values in {column.key}", shown(values))
        if len(values) != len(tokens):
            raise self.error(f"{len(tokens)} values in {column.key} for {len(tokens)} tokens", f"{len(values)}")
        texts = [text_of(value) for value in values]
        for value, text in zip(values, texts, strict=True):
            if text is None or not column.accepts(text):
                raise self.error(column.expected, shown(value))
        return tuple(text for text in texts if text is not None)

    def tokens(self) -> tuple[str, ...]:
        """Read the list of tokens."""
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

    def tags(self, tokens: tuple[str, ...], text: str | None, offsets_of_tokens: Offsets | None) -> tuple[str, ...]:
        """Read the list of tags, or spell the spans as tags."""
        named = isinstance(self.format.tag, str)
        wanted = (self.format.tag,) if isinstance(self.format.tag, str) else TAG_KEYS
        key = self.only(wanted) or (None if named else self.only(SPAN_KEYS))
        if key is None:
            raise self.error(f"{' or '.join(wanted)}, or text with spans" if not named else wanted[0], self.keys)
        values = self.values[key]
        if self.are_spans(key, named):
            return self.tags_of_spans(key, len(tokens), text, offsets_of_tokens)
        if self.token_key not in self.values:
            raise self.error(f"{self.token_key} for the tags in {key}, or spans", "only text")
        if not isinstance(values, list) or not all(isinstance(tag, str) and tag for tag in values):
            raise self.error(f"a list of strings in {key}", shown(values))
        if len(values) != len(tokens):
            raise self.error(f"{len(tokens)} tags for {len(tokens)} tokens", f"{len(values)}")
        return tuple(values)

    def are_spans(self, key: str, named: bool) -> bool:
        """Tell whether a key holds spans rather than tags: both may be called `labels`."""
        values = self.values[key]
        if values == []:  # may be a list of either
            return (named and self.token_key not in self.values) or (key in SPAN_KEYS and "text" in self.values)
        listed = isinstance(values, list) and all(isinstance(value, (list, dict)) for value in values)
        return listed or (key in SPAN_KEYS and not named)

    def only(self, keys: Sequence[str]) -> str | None:
        """Return the key that the record has, or None. Raises `DataError` if the record has several of these keys."""
        present = [key for key in keys if key in self.values]
        if len(present) > 1:
            raise self.error(f"one of {', '.join(keys)}, or data.tag_column to name it", " and ".join(present))
        return present[0] if present else None

    def tags_of_spans(
        self, key: str, length: int, text: str | None, offsets_of_tokens: Offsets | None
    ) -> tuple[str, ...]:
        """Spell the spans of characters under a key as tags of so many tokens."""
        values = self.values[key]
        if not isinstance(values, list):
            raise self.error(f"a list of spans in {key}", shown(values))
        if text is None or offsets_of_tokens is None:
            problem = "no text" if text is None else "tokens that do not spell it"
            raise self.error(f"the text that {key} are spans of", problem)
        spans = [self.span(value) for value in values]
        return tuple(encode(self.spans_of_tokens(spans, text, offsets_of_tokens), length, self.format.spans_as))

    def span(self, value: Any) -> tuple[int, int, str]:
        """Read (start, end, type) of a span in any of the forms that tools write."""
        parts: list[Any] = value if isinstance(value, list) else []
        if isinstance(value, dict):
            kinds = value.get("labels")
            kind = kinds[0] if isinstance(kinds, list) and len(kinds) == 1 else first(value, "label", "type")
            parts = [first(value, "start", "start_offset"), first(value, "end", "end_offset"), kind]
        match parts:
            case [start, end, str(kind)] if type(start) is int and type(end) is int and kind:
                return start, end, kind
        raise self.error("a span: [start, end, type], or an object with start, end and label", shown(value))

    def spans_of_tokens(
        self, spans: Sequence[tuple[int, int, str]], text: str, offsets_of_tokens: Offsets
    ) -> Iterator[Span]:
        """Convert spans of characters to spans of tokens. Each must consist of whole tokens, and none may overlap."""
        begins = {start: index for index, (start, _) in enumerate(offsets_of_tokens)}
        ends = {end: index for index, (_, end) in enumerate(offsets_of_tokens, 1)}
        past = 0
        for start, end, kind in sorted(spans):
            span = f"{kind} from {start} to {end}"
            if not 0 <= start < end <= len(text):
                raise self.error(f"spans within the text's {len(text)} characters", span)
            span += f", {excerpt(text[start:end])!r}"
            if start < past:
                raise self.error("spans that do not overlap", f"{span}, but the one before it ends at {past}")
            for edge, position, known in (("begins", start, begins), ("ends", end, ends)):
                if position not in known:
                    cut = next((text[a:b] for a, b in offsets_of_tokens if a < position < b), None)
                    where = "at a blank" if cut is None else f"inside the token {cut!r}"
                    raise self.error("spans that begin and end with tokens", f"{span}, which {edge} {where}")
            yield Span(kind, begins[start], ends[end])
            past = end


def aligned(tokens: Sequence[str], text: str) -> Offsets | None:
    """Find the tokens in their text, with only blanks between them. Return None if the text differs.

    >>> aligned(["EU", "rejects"], "EU  rejects")
    ((0, 2), (4, 11))
    """
    offsets_of_tokens, position = [], 0
    for token in tokens:
        # A token may be a blank itself.
        while not text.startswith(token, position) and text[position : position + 1].isspace():
            position += 1
        if not text.startswith(token, position):
            return None
        offsets_of_tokens.append((position, position + len(token)))
        position += len(token)
    return None if text[position:].strip() else tuple(offsets_of_tokens)


def first(value: dict[str, Any], *keys: str) -> Any:
    """Return the value of the first key that has one."""
    return next((value[key] for key in keys if value.get(key) is not None), None)


def shown(value: Any) -> str:
    """Show a value in a message, as JSON."""
    return excerpt(json.dumps(value, ensure_ascii=False, default=str))
