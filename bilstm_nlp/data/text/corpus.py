"""Corpora and streams of sentences, from wherever they are: column files, JSONL, datasets, plain text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bilstm_nlp.data.folds import count_of, fold_of_each
from bilstm_nlp.data.lines import Complain, name_of, numbered_lines, stop
from bilstm_nlp.data.text.columns import read_columns
from bilstm_nlp.data.text.datasets import is_dataset, read_dataset
from bilstm_nlp.data.text.jsonl import read_jsonl
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, check_length, line_of
from bilstm_nlp.data.text.tokenizer import Cut, offsets
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Scheme, convert, parse, repair, violations

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
    "read",
    "sentence_of_text",
    "sentences_of",
    "share",
    "split",
]

InputFormat = Literal["auto", "text", "conll", "jsonl", "dataset"]


@dataclass(frozen=True)
class TaggedCorpus:
    """Sentences, each with a token at least, and where they come from."""

    source: str
    sentences: list[Sentence]


@dataclass(frozen=True)
class Repair:
    """A tag that was changed to keep to its scheme."""

    line: int
    before: str
    after: str


def read(source: str, format: ColumnFormat, complain: Complain = stop) -> TaggedCorpus:
    """All sentences of a corpus: JSONL, a dataset, or, whatever it is called, a column file.

    Raises `DataError`; what is wrong with a single line can be complained of instead, and the line is left out.
    Sentences without tokens, which JSONL and datasets may have, are left out.
    """
    if is_dataset(source):
        sentences = read_dataset(source, format, complain)
    elif is_jsonl(source):
        sentences = read_jsonl(source, format, complain)
    else:
        sentences = read_columns(source, format, complain)
    filled = [sentence for sentence in sentences if sentence.tokens]
    if not filled:
        raise DataError(name_of(source), "at least one sentence", "none")
    return TaggedCorpus(source, filled)


def sentences_of(source: str, reads: InputFormat, format: ColumnFormat) -> Iterator[Sentence]:
    """The sentences of a file or of standard input (`-`), one by one as they are read, in constant memory.

    In text every line is a sentence, a blank one too: it is passed on without tokens, so that the n-th line in is the
    n-th sentence out. Raises `DataError` after all that came before the line at fault.
    """
    match input_format(source) if reads == "auto" else reads:
        case "text":
            for number, line in numbered_lines(source, format.encoding):
                sentence = sentence_of_text(line, format.cut)
                check_length(name_of(source), len(sentence.tokens), number)
                yield replace(sentence, line=number)
        case "jsonl":
            yield from read_jsonl(source, format)
        case "dataset":
            yield from read_dataset(source, format)
        case _:
            yield from read_columns(source, format, keep_rows=True)


def input_format(source: str) -> InputFormat:
    """What a file is read as, by its name: `-` and .txt are text, .jsonl and .json are JSONL, the rest columns."""
    if is_dataset(source):
        return "dataset"
    if is_jsonl(source):
        return "jsonl"
    return "text" if source == "-" or source.removesuffix(".gz").endswith(".txt") else "conll"


def is_jsonl(source: str) -> bool:
    return source.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json"))


def checked(
    corpus: TaggedCorpus, scheme: Scheme, on_invalid: Literal["error", "repair"]
) -> tuple[TaggedCorpus, list[Repair]]:
    """The corpus with tags that all keep to the scheme, and what was changed for that, in the order of lines.

    Tags are repaired in the reading of `tags.spans`. Raises `DataError` at tags that are missing, that are none of the
    scheme's, and, unless they are to be repaired, that break it.
    """
    sentences: list[Sentence] = []
    repairs: list[Repair] = []
    for sentence in corpus.sentences:
        if sentence.tags is None:
            raise DataError(corpus.source, "a tag for every token", "a sentence without tags", sentence.line)
        broken = violations(sentence.tags, scheme)
        if broken and on_invalid == "error":
            expected = f'tags that keep to {scheme}, or data.on_invalid_tags = "repair"'
            raise DataError(corpus.source, expected, broken[0].reason, line_of(sentence, broken[0].index))
        for violation in broken:
            if parse(violation.tag, scheme) is None:
                # Its repair would be O, and an annotated label lost.
                raise DataError(
                    corpus.source, f"tags of {scheme}", violation.reason, line_of(sentence, violation.index)
                )
        if broken:
            legal = tuple(repair(sentence.tags, scheme))
            for index, (before, after) in enumerate(zip(sentence.tags, legal, strict=True)):
                if before != after:
                    repairs.append(Repair(line_of(sentence, index), before, after))
            sentence = replace(sentence, tags=legal)
        sentences.append(sentence)
    return TaggedCorpus(corpus.source, sentences), repairs


def converted(corpus: TaggedCorpus, source: Scheme, target: Scheme) -> TaggedCorpus:
    """The corpus with its tags in another scheme; as it is, if it is the same."""
    if source == target:
        return corpus
    return TaggedCorpus(
        corpus.source,
        [replace(sentence, tags=tuple(convert(sentence.tags or (), source, target))) for sentence in corpus.sentences],
    )


def share(corpus: TaggedCorpus, fraction: float) -> TaggedCorpus:
    """A fraction of the sentences, drawn at random, in their order; a smaller one is part of every larger one.

    It depends on the number of sentences alone. Raises `DataError` where it is less than one sentence.
    """
    total = len(corpus.sentences)
    count = count_of(fraction, total)
    if count == 0:
        expected = f"data.fraction = {fraction} to leave a sentence of the {total}"
        raise DataError(corpus.source, expected, "none")
    chosen = np.sort(np.random.default_rng(0).permutation(total)[:count])
    return TaggedCorpus(corpus.source, [corpus.sentences[index] for index in chosen.tolist()])


def split(corpus: TaggedCorpus, fold: int, folds: int) -> tuple[TaggedCorpus, TaggedCorpus]:
    """(all but one of so many folds, that fold), both in the corpus's order; `fold` is from 1.

    Raises `DataError` where there are fewer sentences than folds.
    """
    if len(corpus.sentences) < folds:
        raise DataError(corpus.source, f"at least {folds} sentences, one a fold", str(len(corpus.sentences)))
    parts: tuple[list[Sentence], list[Sentence]] = ([], [])
    found = fold_of_each([sentence.document for sentence in corpus.sentences], folds)
    for sentence, is_held in zip(corpus.sentences, (found == fold - 1).tolist(), strict=True):
        parts[is_held].append(sentence)
    return TaggedCorpus(corpus.source, parts[0]), TaggedCorpus(corpus.source, parts[1])


def sentence_of_text(text: str, cut: Cut = "words") -> Sentence:
    """Plain text as a sentence; it has no tokens where there are only blanks."""
    places = tuple(offsets(text, cut))
    return Sentence(tuple(text[start:end] for start, end in places), None, 1, text=text, offsets=places)
