"""Static columns: one value for each series, from its own file or from a second one."""

from __future__ import annotations

import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.static_table import StaticTable
from bilstm_nlp.data.series.table_files import table_of
from bilstm_nlp.data.series.tables import read, series_of
from bilstm_nlp.errors import DataError

NAMES = ["a", "b", "c"]
FORMAT = TableFormat(static=("region", "size"))


def panel() -> pd.DataFrame:
    """Make four days of three series, with a region and a size."""
    blocks = [
        pd.DataFrame({"unique_id": name, "ds": pd.date_range("2024-01-01", periods=4), "y": [1.0, 2, 3, 4]})
        for name in NAMES
    ]
    rows = pd.concat(blocks, ignore_index=True)
    return rows.assign(
        region=rows["unique_id"].map(dict(zip(NAMES, ["north", "south", "north"], strict=True))), size=7.5
    )


def of_frame(frame: pd.DataFrame, format: TableFormat = FORMAT):
    return series_of(table_of("frame", frame, format), format)


def stores(rows: list[str], tmp_path, header: str = "unique_id,region,size") -> StaticTable:
    (tmp_path / "stores.csv").write_text("\n".join([header, *rows, ""]))
    return StaticTable.read(str(tmp_path / "stores.csv"), FORMAT)


def attached(table: StaticTable, frame: pd.DataFrame | None = None, targets: tuple[str, ...] = ("y",)):
    data = of_frame(panel()[["unique_id", "ds", "y"]] if frame is None else frame)
    key = table.key("unique_id", data, targets)
    return table.attached(data, targets, table.names(key), key, FORMAT)


# --- columns of the series' file ---


def test_each_series_has_the_value_of_its_rows(tmp_path):
    panel().sample(frac=1, random_state=0).sort_values(["ds"], kind="stable").to_csv(tmp_path / "x.csv", index=False)
    for data in (of_frame(panel()), read(str(tmp_path / "x.csv"), FORMAT)):
        assert {series.id: series.static["region"] for series in data.series} == {
            "a": ("north",),
            "b": ("south",),
            "c": ("north",),
        }
        assert all(series.static["size"] == (7.5,) for series in data.series)
        assert data.columns == ("y",)
        assert "static column 'region' is text and read as 2 categories: 'north', 'south'" in data.notes


def test_a_value_that_changes_is_an_error_with_its_line(tmp_path):
    frame = panel()
    frame.loc[6, "region"] = "north"
    frame.to_csv(tmp_path / "x.csv", index=False)
    message = (
        r"x.csv:8: expected one value of static column 'region' of series 'b', 'south' as in line 6, found 'north'$"
    )
    with pytest.raises(DataError, match=message):
        read(str(tmp_path / "x.csv"), FORMAT)
    problems: list[DataError] = []
    read(str(tmp_path / "x.csv"), FORMAT, problems.append)
    assert len(problems) == 1


def test_a_number_that_changes_is_an_error_too():
    frame = panel()
    frame.loc[3, "size"] = 8
    with pytest.raises(DataError, match=r"'size' of series 'a', 7.5 as in row 1, found 8.0 in row 4$"):
        of_frame(frame)


def test_empty_cells_stand_for_the_other_rows_and_are_counted():
    frame = panel()
    frame.loc[[0, 1], "region"] = None
    data = of_frame(frame)
    assert data.series[0].static["region"] == ("north",)
    assert "static column 'region': 2 empty cells stand for the value of their series' other rows" in data.notes
    frame.loc[frame["unique_id"] == "b", "region"] = ""
    assert of_frame(frame).series[1].static["region"] == (None,)


def test_static_numbers_with_text_are_refused():
    frame = panel().astype({"size": object})
    frame.loc[5, "size"] = "large"
    with pytest.raises(DataError, match=r"a number in column 'size', found 'large' in row 6; data.categorical"):
        of_frame(frame)


# --- a second file ---


def test_rows_of_a_second_file_are_found_by_name(tmp_path):
    data = attached(stores(["c,NA,3", "a,north,1", "b,south,2"], tmp_path))
    assert {series.id: (*series.static["region"], *series.static["size"]) for series in data.series} == {
        "a": ("north", 1.0),
        "b": ("south", 2.0),
        "c": ("NA", 3.0),
    }


def test_a_missing_row_gives_no_value(tmp_path):
    data = attached(stores(["a,north,1", "c,north,"], tmp_path))
    assert [series.static["region"] for series in data.series] == [("north",), (None,), ("north",)]
    assert [series.static["size"] for series in data.series] == [(1.0,), (None,), (None,)]


def test_rows_of_other_series_are_counted(tmp_path):
    data = attached(stores(["a,n,1", "b,n,1", "c,n,1", "x,n,1", "y,n,1"], tmp_path))
    assert data.notes[-1].endswith("stores.csv: 2 rows are not of these series: 'x', 'y'")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a,n,1", "b,n,1", "a,n,1"], r":4: expected one row for each .*, found 'a' again, which line 2 has already$"),
        (["a,n,1", ",n,1"], r":3: expected the name of a series in column 'unique_id', found nothing$"),
        (["x,n,1"], r"expected a row for each of 'a', 'b', 'c' in column 'unique_id', found x$"),
        (["a,n,1", "b,n,1x"], r":3: expected a number in column 'size', found '1x'"),
    ],
)
def test_a_wrong_second_file_is_refused_with_its_line(tmp_path, rows, message):
    with pytest.raises(DataError, match=message):
        attached(stores(rows, tmp_path))


def test_files_that_contradict_each_other_are_refused(tmp_path):
    with pytest.raises(DataError, match=r":3: expected 'south' .* of series 'b', as its own file has, found 'north'$"):
        attached(stores(["a,north,7.5", "b,north,7.5"], tmp_path), panel())


def test_names_of_series_may_have_another_header(tmp_path):
    data = attached(stores(["1,b,s", "2,a,n", "3,c,n"], tmp_path, "no,store,region"))
    assert [series.static["region"] for series in data.series] == [("n",), ("s",), ("n",)]
    with pytest.raises(DataError, match=r":1: expected a column 'unique_id' with the names of the series, found x, y$"):
        attached(stores(["1,2", "2,3"], tmp_path, "x,y"))


def test_rows_of_a_wide_file_belong_to_its_targets(tmp_path):
    wide = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=4), "b": range(4), "a": range(4)})
    data = attached(stores(["a,north,1", "b,south,2"], tmp_path), wide, ("b", "a"))
    assert data.series[0].static == {"region": ("south", "north"), "size": (2.0, 1.0)}


def test_the_index_of_a_frame_may_name_the_series():
    frame = pd.DataFrame({"region": ["s", "n", "n"]}, index=["b", "a", "c"])
    data = attached(StaticTable.of("static", frame))
    assert [series.static["region"] for series in data.series] == [("n",), ("s",), ("n",)]
