"""Sentences and the settings of readers."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.text.sentence import LONGEST_SENTENCE, ColumnFormat, Sentence, check_length, line_of
from bilstm_nlp.errors import DataError


def test_tokens_of_a_column_file_have_own_lines():
    assert line_of(Sentence(("a", "b"), None, 3, lines=(3, 5)), 1) == 5
    assert line_of(Sentence(("a", "b"), None, 3), 1) == 3


def test_a_sentence_that_is_too_long_is_refused():
    check_length("x.conll", LONGEST_SENTENCE, 1)
    with pytest.raises(DataError, match=r"^x\.conll:7: expected a sentence of at most 100,000 tokens, found more"):
        check_length("x.conll", LONGEST_SENTENCE + 1, 7)


@pytest.mark.parametrize(
    ("format", "has_header"),
    [
        (ColumnFormat(), False),
        (ColumnFormat(token="word"), True),
        (ColumnFormat(tag="ner"), True),
        (ColumnFormat(header=True), True),
    ],
)
def test_columns_by_name_need_a_header_with_and_without_tags(format, has_header):
    assert format.has_header == format.without_tags().has_header == has_header
    assert format.without_tags().tag is None
