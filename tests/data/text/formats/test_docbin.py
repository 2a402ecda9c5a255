"""DocBin: documents of spaCy, with and without sentences."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.corpus import read
from bilstm_nlp.data.text.formats.docbin import GROUPS
from bilstm_nlp.data.text.sentence import ColumnFormat
from bilstm_nlp.errors import DataError

NEEDS_SPACY = pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="needs spaCy")


def documents(path: Path, *, sentences: bool) -> Path:
    """Write two documents: one with entities and groups of spans, one without."""
    import spacy
    from spacy.tokens import Doc, DocBin, Span

    vocab = spacy.blank("en").vocab
    words = ["Ann", "Lee", "is", "here", ".", "\n", "EU", "too", "."]
    starts = [index in (0, 6) for index in range(9)] if sentences else None
    first = Doc(vocab, words, spaces=[True] * 9, sent_starts=starts)
    first.set_ents([Span(first, 0, 2, "PER"), Span(first, 6, 7, "ORG")])
    first.spans["sc"] = [Span(first, 0, 1, "X")]
    second = Doc(vocab, ["no"])
    second.set_ents([])
    DocBin(docs=[first, second]).to_disk(path)
    return path


@NEEDS_SPACY
@pytest.mark.parametrize("marked", [True, False])
def test_documents_give_the_tags_of_their_entities(tmp_path, marked):
    remarks: list[Remark] = []
    source = documents(tmp_path / "x.spacy", sentences=marked)
    sentences = read(str(source), ColumnFormat(spans_as="IOBES"), note=remarks.append).sentences
    first = [("Ann", "B-PER"), ("Lee", "E-PER"), ("is", "O"), ("here", "O"), (".", "O")]
    second = [("EU", "S-ORG"), ("too", "O"), (".", "O")]
    pairs = [list(zip(s.tokens, s.tags, strict=True)) for s in sentences]
    assert pairs == ([first, second] if marked else [first + second]) + [[("no", "O")]]
    assert [s.document for s in sentences] == ([1, 1, 2] if marked else [1, 2])
    assert [(remark.line, remark.kind) for remark in remarks] == [(1, GROUPS)]


@NEEDS_SPACY
def test_a_file_that_is_no_docbin_is_refused(tmp_path):
    (tmp_path / "x.spacy").write_text("no")
    with pytest.raises(DataError, match=r"x\.spacy: expected a DocBin of spaCy, found one that can't be read"):
        read(str(tmp_path / "x.spacy"), ColumnFormat())


@pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="has spaCy")
def test_without_spacy_the_extra_is_named(tmp_path):
    (tmp_path / "x.spacy").write_text("no")
    with pytest.raises(
        DataError, match=r"expected spaCy, which reads DocBin, found none; pip install 'bilstm-nlp\[spacy\]'"
    ):
        read(str(tmp_path / "x.spacy"), ColumnFormat())


def test_a_missing_docbin_is_named(tmp_path):
    with pytest.raises(DataError, match=r"x\.spacy: expected a file, found nothing there"):
        read(str(tmp_path / "x.spacy"), ColumnFormat())
