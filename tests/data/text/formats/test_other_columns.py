"""Columns unlike those of the training files: another column has their words."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.text.formats.other_columns import other_columns
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence
from bilstm_nlp.data.text.vocabulary import WordTable

WORDS = WordTable.build({"the": 3, "dog": 1, "barks": 1, "cat": 1, "1": 2}, None)


def problem(*rows: str, token: int | str = 0) -> str | None:
    sentence = Sentence(tuple(row.split()[0] for row in rows), None, 3, rows=rows)
    return other_columns([sentence, Sentence((), None, 9)], WORDS, ColumnFormat(token=token))


@pytest.mark.parametrize("token", [0, -3])
def test_a_column_with_more_known_words_is_named(token):
    message = problem("DT The O", "NN dog O", "VBZ barks O", "NNP Rex O", token=token)
    assert message == (
        "line 3: the columns look unlike those of the training files, whose words are 0% of the tokens in column 0, "
        "and 75% of column 1; --set data.token_column=1 reads column 1"
    )


@pytest.mark.parametrize(
    ("rows", "token"),
    [
        (("the DT", "dog NN"), 0),
        (("DT\tThe dog", "NN\tdog"), 1),
        (("Rex", "sits"), 0),
        (("Rex NNP", "and CC", "Ann NNP", "the DT"), 0),
        (("DT the", "NN dog"), "form"),
        (("DT the", "NN dog"), 2),
        (("# x\nthe DT", "dog NN"), 0),
    ],
)
def test_columns_like_those_of_training_are_not_named(rows, token):
    assert problem(*rows, token=token) is None


def test_text_has_no_columns():
    assert other_columns([Sentence(("DT", "the"), None, 1)], WORDS, ColumnFormat()) is None
