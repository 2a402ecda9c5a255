"""DocBin: spaCy's binary documents, read with spaCy, which is an extra."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.remarks import Note, Remark, ignore
from bilstm_nlp.data.text.formats.records import RecordReader
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.errors import DataError

GROUPS = "groups of spans of spaCy, left out"


def is_docbin(source: str) -> bool:
    """Tell whether a source is a DocBin, by its name."""
    return source.endswith(".spacy")


def read_docbin(
    source: str, format: ColumnFormat, complain: Complain = stop, note: Note = ignore
) -> Iterator[Sentence]:
    """Yield the sentences of a DocBin, each document one if its sentences are not marked. Documents count from 1.

    The tags are those of the entities. Tokens of blanks are left out. Raises `DataError`.
    """
    reader = RecordReader(source, format, complain, note)
    for number, document in enumerate(_documents(source), 1):
        if any(document.spans.values()):
            note(Remark(source, number, GROUPS, ", ".join(document.spans)))
        marked = document.has_annotation("SENT_START")
        for sentence in document.sents if marked else [document[:]]:
            yield from reader.read(_record(sentence, format) | {"document": number}, number)
    reader.finish()


def _documents(source: str) -> Iterator[Any]:
    """Yield the documents. Raises `DataError` without spaCy, and for a file that is no DocBin."""
    if not Path(source).is_file():
        raise DataError(source, "a file", "nothing there")
    try:
        import spacy
        from spacy.tokens import DocBin
    except ImportError:
        problem = "none; pip install 'bilstm-nlp[spacy]', or convert the file with spacy's Python to JSON Lines"
        raise DataError(source, "spaCy, which reads DocBin", problem) from None
    try:
        stored = DocBin().from_disk(source)
        yield from stored.get_docs(spacy.blank("xx").vocab)
    except Exception as error:  # spaCy passes on errors of zlib, msgpack and numpy
        raise DataError(
            source, "a DocBin of spaCy", f"one that can't be read: {error or type(error).__name__}"
        ) from error


def _record(sentence: Any, format: ColumnFormat) -> dict[str, Any]:
    """Make a record of a sentence of spaCy."""
    begin = sentence.start_char
    record: dict[str, Any] = {
        format.token if isinstance(format.token, str) else "tokens": [t.text for t in sentence if not t.is_space],
        format.text_key or "text": sentence.text,
    }
    if sentence.doc.has_annotation("ENT_IOB"):
        key = format.span_key or (format.tag if isinstance(format.tag, str) else "spans")
        record[key] = [[e.start_char - begin, e.end_char - begin, e.label_] for e in sentence.ents]
    return record
