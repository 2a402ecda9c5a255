"""Annotated sentences as records of JSON and datasets: tokens with tags, or text with spans of characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, Remark
from bilstm_nlp.data.text.feature_columns import FeatureColumn, text_of, values_of_record
from bilstm_nlp.data.text.formats.editor_export import Export
from bilstm_nlp.data.text.formats.editors import records_of
from bilstm_nlp.data.text.formats.record_values import Documents, aligned, are_texts, shown
from bilstm_nlp.data.text.formats.spans import CharacterSpan, MalformedSpan, Offsets, SpanReader, span_of
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length
from bilstm_nlp.data.text.tokenizer import offsets
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import encode

TOKEN_KEY = "tokens"
"""The key of the tokens, unless the config names another."""
TEXT_KEYS = ("text", "data", "content", "sentence")
"""The keys of the text, in the order in which they count, unless the config names another."""
DOCUMENT_KEY = "document"
"""The key of the document's name."""
TAG_KEYS = ("tags", "ner_tags")
"""The keys of the tags, unless the config names another."""
SPAN_KEYS = ("spans", "entities", "label", "labels", "annotations", "annotation")
"""The keys under which annotation tools write the spans of a text, unless the config names another."""
NO_SPANS = "records without a key of spans, read as without entities"
BOTH = "records with tags and spans, read by their tags"


class RecordReader:
    """A reader of the records of one source, one after the other."""

    def __init__(self, name: str, format: ColumnFormat, complain: Complain, note: Note) -> None:
        self.name, self.format, self.complain, self.note = name, format, complain, note
        self.documents = Documents()
        self.annotated = False
        """A record had tags or spans."""
        self.bare: list[DataError] = []
        """Errors of records without tags and spans, which are none if others have spans."""

    def read(self, value: Any, number: int) -> Iterator[Sentence]:
        """Yield the sentences of a value: of a record, or of what an editor has exported in its place.

        Calls `complain` with the `DataError` of a malformed record.
        """
        export = Export(
            self.format,
            lambda expected, problem: DataError(self.name, expected, problem, number),
            lambda kind, message: self.note(Remark(self.name, number, kind, message)),
        )
        try:
            records = records_of(value, export)
        except DataError as error:
            self.complain(error)
            return
        for record in records:
            try:
                yield self._sentence(record, number)
            except DataError as error:
                self.complain(error)

    def _sentence(self, values: Any, number: int) -> Sentence:
        """Read a record as a sentence, without tags if the format needs none.

        `tokens` are strings, or objects with a `text`. Their tags are in `tags` or `ner_tags`. Without these keys, tags
        are made of the spans of the text, each `[start, end, type]` or an object. A record without spans has no
        entities, if others have spans. Text without tokens is cut; text that differs from its tokens is left out.
        Raises `DataError` for a malformed record.
        """
        if not isinstance(values, dict):
            raise DataError(self.name, "a JSON object", shown(values), number)
        record = Record(values, self.format, self.name, number, self.note)
        sentence = replace(record.sentence(), document=self.documents.number(record.document()))
        if sentence.tags is None and self.format.tag is not None:
            self.bare.append(record.without_annotation())
            return replace(sentence, tags=("O",) * len(sentence.tokens))
        self.annotated = True
        return sentence

    def finish(self) -> None:
        """Note the records without spans. Call `complain` for them if no record has spans."""
        for error in self.bare:
            if self.annotated:
                self.note(Remark(self.name, error.line, NO_SPANS, f"found {error.found}"))
            else:
                self.complain(error)


class Record:
    """A record that is being read. Its methods raise `DataError` for malformed values."""

    def __init__(self, values: dict[str, Any], format: ColumnFormat, name: str, number: int, note: Note) -> None:
        # Rows of a dataset have every key; absent values are None.
        self.values = {key: value for key, value in values.items() if value is not None}
        self.format, self.name, self.number, self.note = format, name, number, note
        self.token_key = format.token if isinstance(format.token, str) else TOKEN_KEY
        self.tag_keys = (format.tag,) if isinstance(format.tag, str) else TAG_KEYS
        self.span_keys = SPAN_KEYS if format.span_key is None else (format.span_key,)
        text_keys = TEXT_KEYS if format.text_key is None else (format.text_key,)
        present = [key for key in text_keys if isinstance(self.values.get(key), str)]
        self.text_key = present[0] if present else text_keys[0]

    def error(self, expected: str, problem: str) -> DataError:
        """Make an error at the record's line."""
        return DataError(self.name, expected, problem, self.number)

    def remark(self, kind: str, message: str) -> None:
        """Note a change to the record."""
        self.note(Remark(self.name, self.number, kind, message))

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

    def without_annotation(self) -> DataError:
        """Make the error of a record without tags and spans."""
        named = isinstance(self.format.tag, str) or self.format.span_key is not None
        wanted = " or ".join(self.tag_keys)
        if self.format.span_key is not None:
            wanted = f"{wanted} or {self.format.span_key}" if isinstance(self.format.tag, str) else self.format.span_key
        return self.error(wanted if named else f"{wanted}, or text with spans", self.keys)

    def sentence(self) -> Sentence:
        """Read tokens, text and tags."""
        text = self.values.get(self.text_key)
        if text is not None and not isinstance(text, str):
            raise self.error(f"a string in {self.text_key}", shown(text))
        offsets_of_tokens: Offsets | None
        skipped: list[int] = []
        if self.token_key in self.values:
            tokens, skipped = self.tokens()
            offsets_of_tokens = None if text is None else aligned(tokens, text)
        elif text is None or isinstance(self.format.token, str):
            wanted = [self.token_key, *([] if isinstance(self.format.token, str) else [self.text_key])]
            lists = [key for key, value in self.values.items() if are_texts(value)]
            hint = f'; data.token_column = "{lists[0]}" names a list of strings' if lists else ""
            raise self.error(" or ".join(wanted), self.keys + hint)
        else:
            offsets_of_tokens = tuple(offsets(text, self.format.cut))
            tokens = tuple(text[start:end] for start, end in offsets_of_tokens)
        check_length(self.name, len(tokens), self.number)
        tags = None if self.format.tag is None else self.tags(tokens, text, offsets_of_tokens, skipped)
        return Sentence(
            tokens,
            tags,
            self.number,
            text=None if offsets_of_tokens is None else text,
            offsets=offsets_of_tokens,
            columns={column.key: self.column(column, tokens, skipped) for column in self.format.features},
        )

    def column(self, column: FeatureColumn, tokens: tuple[str, ...], skipped: Sequence[int]) -> tuple[str, ...]:
        """Read the value of each token in a column. The list has values of skipped tokens, too."""
        if column.key == self.format.tag or (self.format.tag is not None and column.key in TAG_KEYS):
            raise self.error("another key than the tags' in embeddings.columns", column.key)
        values = values_of_record(self.values, column, tokens, self.token_key)
        length = len(tokens) + len(skipped)
        if values is None:
            raise self.error(f"a list of {length} values in {column.key}, a column of the features", self.keys)
        if not isinstance(values, list):
            raise self.error(f"a list of {length} values in {column.key}", shown(values))
        if len(values) != length:
            raise self.error(f"{length} values in {column.key} for {length} tokens", f"{len(values)}")
        values = [value for index, value in enumerate(values) if index not in skipped]
        texts = [text_of(value) for value in values]
        for value, text in zip(values, texts, strict=True):
            if text is None or not column.accepts(text):
                raise self.error(column.expected, shown(value))
        return tuple(text for text in texts if text is not None)

    def tokens(self) -> tuple[tuple[str, ...], list[int]]:
        """Read the list of tokens. Return also the places of empty tokens, which are left out."""
        values = self.values[self.token_key]
        if not isinstance(values, list):
            raise self.error(f"a list of tokens in {self.token_key}", shown(values))
        tokens: list[str] = []
        skipped: list[int] = []
        for index, value in enumerate(values):
            token = value.get("text") if isinstance(value, dict) else value
            if token == "" and self.format.on_empty_token == "skip":
                self.remark("empty tokens, skipped", f"token {index + 1} of {self.token_key}")
                skipped.append(index)
                continue
            if not isinstance(token, str) or not token:
                hint = '; data.on_empty_token = "skip" leaves it out' if token == "" else ""
                expected = f"a list of tokens in {self.token_key}, none of them empty"
                raise self.error(expected, shown(value) + hint)
            tokens.append(token)
        return tuple(tokens), skipped

    def tags(
        self, tokens: tuple[str, ...], text: str | None, offsets_of_tokens: Offsets | None, skipped: Sequence[int]
    ) -> tuple[str, ...] | None:
        """Read the list of tags, or spell the spans as tags. Return None for text without tags and spans."""
        named = isinstance(self.format.tag, str)
        keys = [self.only(self.tag_keys)] if self.format.span_key is None or named else []
        keys += [] if named and self.format.span_key is None else [self.only(self.span_keys)]
        if None not in keys and len(keys) == 2:
            self.remark(BOTH, f"{keys[0]} and {keys[1]}; data.tag_column or data.span_key names one")
        key = next((key for key in keys if key is not None), None)
        if key is None:
            if text is not None and not (named and self.token_key in self.values):
                return None
            raise self.without_annotation()
        if self.are_spans(key, named):
            return self.tags_of_spans(key, len(tokens), text, offsets_of_tokens)
        values = self.values[key]
        if self.token_key not in self.values:
            raise self.error(f"{self.token_key} for the tags in {key}, or spans", "only text")
        if not isinstance(values, list) or not all(isinstance(tag, str) and tag for tag in values):
            values = self.named(values, key)
        if len(values) != len(tokens) + len(skipped):
            raise self.error(
                f"{len(tokens) + len(skipped)} tags for {len(tokens) + len(skipped)} tokens", str(len(values))
            )
        return tuple(tag for index, tag in enumerate(values) if index not in skipped)

    def named(self, values: Any, key: str) -> list[str]:
        """Return the names of tags that are numbers."""
        names = self.format.tag_names
        if not isinstance(values, list) or not all(type(value) is int for value in values):
            raise self.error(f"a list of strings in {key}", shown(values))
        if not names:
            raise self.error(f"a list of strings in {key}, or data.tag_names for numbers", shown(values))
        for value in values:
            if not 0 <= value < len(names):
                raise self.error(f"numbers from 0 to {len(names) - 1} in {key}, as data.tag_names has", str(value))
        return [names[value] for value in values]

    def are_spans(self, key: str, named: bool) -> bool:
        """Tell whether a key holds spans rather than tags: both may be called `labels`."""
        if key == self.format.span_key:
            return True
        values = self.values[key]
        if values == []:  # may be a list of either
            return (named and self.token_key not in self.values) or (key in SPAN_KEYS and self.text_key in self.values)
        listed = isinstance(values, list) and all(isinstance(value, (list, dict)) for value in values)
        return listed or (key in SPAN_KEYS and not named)

    def only(self, keys: Sequence[str]) -> str | None:
        """Return the key that the record has, or None. Raises `DataError` if the record has several of these keys."""
        present = [key for key in keys if key in self.values]
        if len(present) > 1:
            setting = "data.span_key" if keys is self.span_keys else "data.tag_column"
            raise self.error(f"one of {', '.join(keys)}, or {setting} to name it", " and ".join(present))
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
        reader = SpanReader(
            text,
            offsets_of_tokens,
            self.format,
            lambda expected, problem, _: self.error(expected, problem),
            lambda kind, message, _: self.remark(kind, message),
        )
        spans = reader.spans_of_tokens([self.span(value) for value in values])
        return tuple(encode(spans, length, self.format.spans_as))

    def span(self, value: Any) -> CharacterSpan:
        """Read a span in any of the forms that tools write."""
        named, names = value, self.format.tag_names
        number = value.get("label") if isinstance(value, dict) else None
        if type(number) is int and 0 <= number < len(names):
            named = {**value, "label": names[number]}
        try:
            return span_of(named)
        except MalformedSpan:
            expected = "a span: [start, end, type], or an object with start, end and label"
            hint = "; data.tag_names names numbers" if type(number) is int else ""
            raise self.error(expected, shown(value) + hint) from None
