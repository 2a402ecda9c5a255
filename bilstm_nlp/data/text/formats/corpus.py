"""Corpora and streams of sentences: from column files, JSONL, datasets and plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

from bilstm_nlp.data.lines import Complain, name_of, numbered_lines, stop
from bilstm_nlp.data.remarks import Note, Remark, warn
from bilstm_nlp.data.text.feature_columns import names_of
from bilstm_nlp.data.text.formats.brat import read_brat
from bilstm_nlp.data.text.formats.columns import read_columns
from bilstm_nlp.data.text.formats.datasets import read_dataset
from bilstm_nlp.data.text.formats.docbin import read_docbin
from bilstm_nlp.data.text.formats.jsonl import read_jsonl
from bilstm_nlp.data.text.formats.recognition import CorpusFormat, InputFormat, corpus_format, input_format
from bilstm_nlp.data.text.formats.sentence_csv import read_sentence_csv
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length, line_of, place_of
from bilstm_nlp.data.text.tokenizer import WORDS, Cut, offsets
from bilstm_nlp.errors import DataError, listed
from bilstm_nlp.tags import (
    Scheme,
    convert,
    has_prefix,
    is_bare,
    is_mixed,
    offered,
    parse,
    repair,
    violations,
)

__all__ = [
    "ColumnFormat",
    "InputFormat",
    "Repair",
    "Sentence",
    "TaggedCorpus",
    "checked",
    "converted",
    "input_format",
    "line_of",
    "missing_type",
    "read",
    "read_all",
    "sentence_of_text",
    "sentence_of_tokens",
    "sentences_of",
]


@dataclass(frozen=True)
class TaggedCorpus:
    """The sentences of a source, each with at least one token."""

    source: str
    sentences: list[Sentence]


@dataclass(frozen=True)
class Repair:
    """A tag that was changed to fit its scheme."""

    line: int
    before: str
    after: str
    source: str | None = None
    """The file of the line, if the corpus consists of several."""


class NoSentences(DataError):
    """A corpus without sentences, or without any that can be read."""


def read(source: str, format: ColumnFormat, complain: Complain = stop, note: Note | None = None) -> TaggedCorpus:
    """Read all sentences of a corpus, whose name or content tells its format: columns if nothing speaks for another.

    Sentences without tokens are left out. If `complain` returns, a malformed line is left out; by default it raises.
    Changes to lines are given to `note`; without it, a warning counts them.
    Raises `DataError` for malformed data, and for a corpus without sentences.

    >>> len(read("sample:news.dev.conll", ColumnFormat()).sentences) > 0
    True
    """
    remarks: list[Remark] = []
    keep = note or remarks.append
    sentences = reader_of(corpus_format(source, format.encoding))(source, format, complain, keep)
    try:
        filled = [sentence for sentence in sentences if sentence.tokens]
    finally:
        warn(remarks)
    if not filled:
        raise NoSentences(name_of(source), "at least one sentence", "none")
    for sentence in filled:
        if not all(feature.key in sentence.columns for feature in format.features):
            expected = f"columns or JSONL with {names_of(format.features)}, which are features"
            raise DataError(name_of(source), expected, "a sentence without them", sentence.line)
    return TaggedCorpus(source, filled)


def read_all(
    sources: Sequence[str], format: ColumnFormat, complain: Complain = stop, note: Note | None = None
) -> TaggedCorpus:
    """Read several sources as one corpus, each as `read` does. Documents of different sources are different."""
    if len(sources) == 1:
        return read(sources[0], format, complain, note)
    sentences: list[Sentence] = []
    documents = 0
    for source in sources:
        corpus = read(source, format, complain, note)
        sentences += [
            replace(
                sentence,
                source=place_of(sentence, source),
                document=sentence.document and sentence.document + documents,
            )
            for sentence in corpus.sentences
        ]
        documents = max(documents, *(sentence.document for sentence in sentences))
    return TaggedCorpus(listed([name_of(source) for source in sources]), sentences)


def reader_of(format: CorpusFormat) -> Callable[[str, ColumnFormat, Complain, Note], Iterator[Sentence]]:
    """Return the reader of a format: (source, settings, complain, note) → sentences."""
    match format:
        case "conll":
            return read_columns
        case "jsonl":
            return read_jsonl
        case "dataset":
            return read_dataset
        case "csv":
            return read_sentence_csv
        case "brat":
            return read_brat
        case "docbin":
            return read_docbin
        case unknown:
            assert_never(unknown)


def sentences_of(source: str, reads: InputFormat, format: ColumnFormat) -> Iterator[Sentence]:
    """Yield the sentences of a file or of standard input (`-`) while they are read, in constant memory.

    In text and in tokens every line is a sentence. A blank line is a sentence without tokens, so line n of the input
    is sentence n of the output. Raises `DataError` at a malformed line, after the sentences before it.
    """
    remarks: list[Remark] = []
    try:
        match input_format(source, format) if reads == "auto" else reads:
            case "text" | "tokens":
                if format.features:
                    expected = f"columns or JSONL with {names_of(format.features)}, which the tagger reads as features"
                    raise DataError(name_of(source), expected, "plain text, which has none")
                for number, line in numbered_lines(source, format.encoding):
                    sentence = sentence_of_text(line, format.cut) if reads != "tokens" else sentence_of_tokens(line)
                    check_length(name_of(source), len(sentence.tokens), number)
                    yield replace(sentence, line=number)
            case "jsonl":
                yield from read_jsonl(source, format, note=remarks.append, keep_others=True)
            case "csv":
                yield from read_sentence_csv(source, format, note=remarks.append, keep_rows=True)
            case "dataset" | "brat" | "docbin" as told:
                yield from reader_of(told)(source, format, stop, remarks.append)
            case _:
                yield from read_columns(source, format, note=remarks.append, keep_rows=True)
    finally:
        warn(remarks)


def checked(
    corpus: TaggedCorpus, scheme: Scheme, on_invalid: Literal["error", "repair"]
) -> tuple[TaggedCorpus, list[Repair]]:
    """Check that all tags fit the scheme, and repair broken tags if asked for, in the reading of `tags.spans`.

    Returns the corpus and the repairs in the order of lines. Raises `DataError` for missing tags, for tags of another
    scheme, for segments with and without types, and for broken tags if `on_invalid` is "error".
    """
    sentences: list[Sentence] = []
    repairs: list[Repair] = []
    first: DataError | None = None
    for sentence in corpus.sentences:
        if sentence.tags is None:
            raise DataError(
                place_of(sentence, corpus.source), "a tag for every token", "a sentence without tags", sentence.line
            )
        broken = violations(sentence.tags, scheme)
        for violation in broken:
            if parse(violation.tag, scheme) is None:
                # Its repair would be O, which loses an annotated label.
                raise DataError(
                    place_of(sentence, corpus.source),
                    f"tags of {scheme}{_advice(corpus)}",
                    violation.reason,
                    line_of(sentence, violation.index),
                )
        if broken and on_invalid == "error":
            expected = f'tags that keep to {scheme}, or data.on_invalid_tags = "repair"'
            line = line_of(sentence, broken[0].index)
            first = first or DataError(place_of(sentence, corpus.source), expected, broken[0].reason, line)
        elif broken:
            legal = tuple(repair(sentence.tags, scheme))
            for index, (before, after) in enumerate(zip(sentence.tags, legal, strict=True)):
                if before != after:
                    repairs.append(Repair(line_of(sentence, index), before, after, sentence.source))
            sentence = replace(sentence, tags=legal)
        sentences.append(sentence)
    for error in (missing_type(corpus, scheme), first):
        if error is not None:
            raise error
    return TaggedCorpus(corpus.source, sentences), repairs


def _advice(corpus: TaggedCorpus) -> str:
    """Name the setting that reads the tags of a corpus, which are not those of a scheme."""
    if (offer := offered(sentence.tags or () for sentence in corpus.sentences)) is not None:
        return f", or {offer.line}, since {offer.why}"
    tags = tags_of(corpus) - {"O"}
    if 2 * sum(map(has_prefix, tags)) < len(tags):
        return ', or data.file_scheme = "plain" for one label a token'
    return ""


def tags_of(corpus: TaggedCorpus) -> set[str]:
    """Return the distinct tags of a corpus."""
    return {tag for sentence in corpus.sentences for tag in sentence.tags or ()}


def missing_type(corpus: TaggedCorpus, scheme: Scheme) -> DataError | None:
    """Make an error for the first tag without a type, if other tags of the corpus have types."""
    if scheme == "plain" or not is_mixed(tags_of(corpus)):
        return None
    sentence, index, tag = next(
        (sentence, index, tag)
        for sentence in corpus.sentences
        for index, tag in enumerate(sentence.tags or ())
        if is_bare(tag)
    )
    expected = f"a type in every tag of {scheme}, as other tags have it"
    return DataError(place_of(sentence, corpus.source), expected, repr(tag), line_of(sentence, index))


def converted(corpus: TaggedCorpus, source: Scheme, target: Scheme) -> TaggedCorpus:
    """Convert the tags of a corpus to another scheme."""
    if source == target:
        return corpus
    return TaggedCorpus(
        corpus.source,
        [replace(sentence, tags=tuple(convert(sentence.tags or (), source, target))) for sentence in corpus.sentences],
    )


def sentence_of_text(text: str, cut: Cut = WORDS) -> Sentence:
    """Cut plain text into a sentence. Text of blanks has no tokens.

    >>> sentence_of_text("Merkel's visit.").tokens
    ('Merkel', "'s", 'visit', '.')
    """
    token_offsets = tuple(offsets(text, cut))
    tokens = tuple(text[start:end] for start, end in token_offsets)
    return Sentence(tokens, None, 1, text=text, offsets=token_offsets)


TOKEN = re.compile(r"[^ \t]+")
"""A token of a line that is already cut."""


def sentence_of_tokens(line: str) -> Sentence:
    """Make a sentence of a line whose tokens are parted by blanks or tabs. Other spaces are part of a token.

    >>> sentence_of_tokens("Merkel 's  visit .").offsets
    ((0, 6), (7, 9), (11, 16), (17, 18))
    """
    matches = list(TOKEN.finditer(line))
    return Sentence(
        tuple(match[0] for match in matches), None, 1, text=line, offsets=tuple(match.span() for match in matches)
    )
