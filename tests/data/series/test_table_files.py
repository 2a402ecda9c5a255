"""Tables of cells: files are opened once, and columns get their roles."""

from __future__ import annotations

import gzip
import sys

import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import TableFormat
from bilstm_nlp.data.series.table_files import load, table_of
from bilstm_nlp.errors import DataError

TEXT = "unique_id,ds,y\nNA,2020-01-01,1.5\n\nb,2020-01-02,\n"
OPENED: list[str] = []
"""Files opened while a test counts them. Audit hooks stay, so that there is one for all tests."""


def hook(event: str, arguments: tuple) -> None:
    if event == "open" and isinstance(arguments[0], str):
        OPENED.append(arguments[0])


sys.addaudithook(hook)


@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_file_is_opened_once(tmp_path, packed):
    path = tmp_path / ("x.csv.gz" if packed else "x.csv")
    path.write_bytes(gzip.compress(TEXT.encode()) if packed else TEXT.encode())
    OPENED.clear()
    table = load(str(path), TableFormat())
    assert OPENED.count(str(path)) == 1
    assert table.frame["unique_id"].tolist() == ["NA", "b"]
    assert table.rows.tolist() == [2, 4]
    assert (table.id, table.date, table.columns) == ("unique_id", "ds", ("y",))


def test_a_frame_has_rows_in_the_place_of_lines():
    frame = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.DatetimeIndex(["2020-01-01", "2020-01-02"], name="date"))
    table = table_of("frame", frame, TableFormat())
    assert (table.has_lines, table.rows.tolist(), table.date, table.id) == (False, [1, 2], "date", None)
    assert (
        str(table.problem("a", "b", table.rows))
        == "frame: expected a, found b in row 1 (and 1 more, the last in row 2)"
    )


@pytest.mark.parametrize(
    ("columns", "format", "message"),
    [
        (["y"], TableFormat(), r"expected a column 'date' \(the file is read as wide\), found y"),
        (["ds", "y"], TableFormat(layout="long"), r"expected a column 'unique_id' \(the file is read as long\)"),
        (["date"], TableFormat(), "expected columns of numbers beside date, found no other"),
        (
            ["date", "y"],
            TableFormat(columns=("date",)),
            "expected columns of numbers beside date, found date among them",
        ),
    ],
)
def test_missing_roles_are_named(columns, format, message):
    with pytest.raises(DataError, match=rf"^frame: {message}"):
        table_of("frame", pd.DataFrame(columns=columns), format)
