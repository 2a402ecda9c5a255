"""Columns of text are categories: coded, counted, and told from numbers with a slip."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.categories import labels_of, recoded, translation
from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.errors import DataError

DATES = pd.date_range("2024-01-01", periods=6, freq="D")
HOLIDAYS = ["", "Easter", "", "None", "NA", "Easter"]


def of_frame(frame: pd.DataFrame, **format: object):
    layout = TableFormat(**format)
    return series_of(table_of("frame", frame, layout), layout)


def cells(series, column: str) -> list[str | None]:
    """Return the labels of a column, `None` for code 0."""
    codes = series.select([column])[:, 0].astype(int)
    return [series.labels[column][code - 1] if code else None for code in codes]


def test_text_of_a_known_column_keeps_every_spelling(tmp_path):
    frame = pd.DataFrame({"date": DATES, "y": range(6), "holiday": HOLIDAYS})
    frame.to_csv(tmp_path / "x.csv", index=False)
    for data in (read(str(tmp_path / "x.csv"), TableFormat(ahead=("holiday",))), of_frame(frame, ahead=("holiday",))):
        assert cells(data.series[0], "holiday") == HOLIDAYS
        assert data.series[0].select(["y"])[:, 0].tolist() == list(range(6))
        assert data.notes == (
            "column 'holiday' is text and read as 4 categories: '', 'Easter', 'NA', 'None'",
            "column 'holiday': 2 empty cells are a category of their own",
        )


def test_numbers_are_categories_only_by_name():
    frame = pd.DataFrame({"date": DATES, "y": range(6), "kind": [1, 1, 10, 2, 2, 1]})
    plain = of_frame(frame, ahead=("kind",)).series[0]
    assert plain.labels == {}
    assert plain.select(["kind"])[:, 0].tolist() == [1, 1, 10, 2, 2, 1]
    named = of_frame(frame, ahead=("kind",), categorical=("kind",)).series[0]
    assert cells(named, "kind") == ["1", "1", "10", "2", "2", "1"]


def test_whole_numbers_are_spelt_alike_in_files_and_frames(tmp_path):
    (tmp_path / "x.csv").write_text("date,y,kind\n2024-01-01,1,07\n2024-01-02,2,1.0\n2024-01-03,3, 12 \n")
    data = read(str(tmp_path / "x.csv"), TableFormat(categorical=("kind",)))
    assert cells(data.series[0], "kind") == ["07", "1", "12"]
    assert labels_of(pd.Series([1.0, None, 12.5], dtype=object)).tolist() == ["1", "", "12.5"]
    assert labels_of(pd.Series(["v1.0", "v1", "-2.0", "1.0.0"])).tolist() == ["v1.0", "v1", "-2", "1.0.0"]
    assert labels_of(pd.Series(["a", "b"], dtype="category")).tolist() == ["a", "b"]


@pytest.mark.parametrize("role", ["ahead", "static"])
def test_numbers_in_another_spelling_are_no_categories_unless_named(role):
    """A price of 12,50 is no name. Each price would be a category, and a new one would be unknown."""
    cells_of_price = ["12,50"] * 6 if role == "static" else ["12,50", "13,25", "12,50", "14,0", "13,25", "12,50"]
    frame = pd.DataFrame({"date": DATES, "y": range(6), "price": cells_of_price})
    advice = (
        r"found '12,50' .*; data\.decimal = \",\" reads it; data\.categorical = \[\"price\"\] reads it as categories"
    )
    with pytest.raises(DataError, match=advice):
        of_frame(frame, **{role: ("price",)})
    spelt = of_frame(frame, **{role: ("price",)}, decimal=",")
    assert spelt.notes == ()
    if role == "ahead":
        assert spelt.series[0].select(["price"])[:, 0].tolist() == [12.5, 13.25, 12.5, 14.0, 13.25, 12.5]
        named = of_frame(frame, ahead=("price",), categorical=("price",))
        assert cells(named.series[0], "price") == cells_of_price


def test_text_among_numbers_is_an_error_with_advice(tmp_path):
    (tmp_path / "x.csv").write_text("date,y,promo\n2024-01-01,1,0\n2024-01-02,2,1x\n2024-01-03,3,1\n")
    message = r":3: expected a number in column 'promo', found '1x'; data.categorical = \[\"promo\"\] reads it as categ"
    with pytest.raises(DataError, match=message):
        read(str(tmp_path / "x.csv"), TableFormat(ahead=("promo",)))


def test_text_that_has_no_role_is_refused_with_advice(tmp_path):
    long = pd.DataFrame({"unique_id": ["a"] * 3 + ["b"] * 3, "ds": [*DATES[:3]] * 2, "y": range(6)})
    long["region"] = ["north"] * 3 + ["south"] * 3
    with pytest.raises(DataError, match=r'data.static = \["region"\] reads it as a category of each series'):
        of_frame(long)
    long["region"] = ["north", "south", "north"] * 2
    with pytest.raises(DataError, match=r'data.known = \["region"\] reads it as categories that are known ahead'):
        of_frame(long)


def test_gaps_have_no_category_and_are_counted():
    frame = pd.DataFrame({"date": DATES, "y": range(6), "holiday": HOLIDAYS}).drop(index=[2, 3])
    data = of_frame(frame, ahead=("holiday",), missing="interpolate", frequency="D")
    assert cells(data.series[0], "holiday") == ["", "Easter", None, None, "NA", "Easter"]
    assert data.series[0].select(["y"])[:, 0].tolist() == list(range(6))
    counts = {filled.column: (filled.count, filled.by) for filled in data.filled}
    assert counts == {"y": (2, "interpolate"), "holiday": (2, "no category")}


def test_codes_are_translated_by_label():
    codes, labels = recoded(np.array([0.0, 1, 2, 1]), ["b", "c"], ("c", "a"))
    assert [labels[int(code) - 1] if code else None for code in codes] == [None, "b", "c", "b"]
    assert labels[:2] == ("c", "a")
    assert translation(("b", "c"), ("c",)).tolist() == [0, 0, 1]
