"""Columns unlike those of the training files: another column has their words."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.text.formats.other_columns import other_columns, other_width
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence, widths_of
from bilstm_nlp.data.text.vocabulary import WordTable

WORDS = WordTable.build({"the": 3, "dog": 1, "barks": 1, "cat": 1, "1": 2}, None)


def problem(*rows: str, token: int | str = 0) -> str | None:
    cells = [row.rpartition("\n")[2].split("\t" if "\t" in row else " ") for row in rows]
    tokens = tuple(row[token] if isinstance(token, int) and token < len(row) else row[0] for row in cells)
    sentence = Sentence(tokens, None, 3, rows=rows, width=len(cells[0]))
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
        (("# x\nthe DT", "dog NN"), 0),
        (("Rex 1", "sits 2", "there 3"), 0),
    ],
)
def test_columns_like_those_of_training_are_not_named(rows, token):
    assert problem(*rows, token=token) is None


def test_columns_of_a_dialect_are_not_compared():
    rows = ("the\tXx", "the\tYy", "dog\tZz")
    sentence = Sentence(("Xx", "Yy", "Zz"), None, 3, rows=rows)
    assert other_columns([sentence], WORDS, ColumnFormat(token=0)) is None


def test_text_has_no_columns():
    assert other_columns([Sentence(("DT", "the"), None, 1)], WORDS, ColumnFormat()) is None


def of_width(width: int, line: int = 1) -> list[Sentence]:
    return [Sentence((), None, 1), Sentence(("the",), None, line, width=width)]


def test_widths_are_those_of_column_files():
    assert widths_of([*of_width(4), *of_width(2), *of_width(4), Sentence(("the",), None, 1)]) == (2, 4)


def test_another_number_of_columns_is_said_with_both_counts():
    message = other_width(of_width(3, line=7), (2, 4), ColumnFormat())
    assert message == (
        "line 7: 3 columns, where the training files have 2 or 4; column 0 is read as the tokens, and "
        "data.token_column names another"
    )


@pytest.mark.parametrize(
    ("width", "trained", "format", "said"),
    [
        (4, (4,), ColumnFormat(tag=None), False),
        (4, (), ColumnFormat(tag=None), False),
        (0, (4,), ColumnFormat(tag=None), False),
        (4, (2,), ColumnFormat(token="form", tag=None), False),
        (3, (4,), ColumnFormat(tag=None), False),  # without the tags
        (1, (4,), ColumnFormat(tag=None), False),  # tokens alone
        (3, (4,), ColumnFormat(token=-2, tag=None), True),  # without the tags, -2 is another column
        (3, (4,), ColumnFormat(tag=3), True),
        (2, (4,), ColumnFormat(tag=None), True),
        (5, (4,), ColumnFormat(tag=None), True),
        (2, (1,), ColumnFormat(tag=None), True),
    ],
)
def test_number_of_columns_is_said_only_where_it_differs(width, trained, format, said):
    assert (other_width(of_width(width), trained, format) is not None) is said
