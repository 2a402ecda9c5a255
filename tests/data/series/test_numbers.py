"""Numbers in the spellings that people's files have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.layout import LARGEST_UNSCALED, TableFormat
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import DataError

DAYS = [f"2020-01-0{day}" for day in range(1, 6)]


def written(path, cells: list[str], separator: str = ",") -> str:
    quoted = [f'"{cell}"' for cell in cells]
    lines = [f"{day}{separator}{cell}" for day, cell in zip(DAYS, quoted, strict=False)]
    (path / "x.csv").write_text("\n".join([f"date{separator}y", *lines]) + "\n", encoding="utf-8")
    return str(path / "x.csv")


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands", "expected"),
    [
        (["1,5", "-2", "3,25"], ",", None, [1.5, -2, 3.25]),
        (["1.234,5", "12", "1.234.567"], ",", ".", [1234.5, 12, 1234567]),
        (["1,234.5", "-1,234", "0.001"], ".", ",", [1234.5, -1234, 0.001]),
        (["1 234,5", "12\u00a0345", "1\u202f234\u202f567"], ",", " ", [1234.5, 12345, 1234567]),
        (["1'234.5", "1’234", "7"], ".", "'", [1234.5, 1234, 7]),
        (["1234,5", ",5", "1,5e-3"], ",", ".", [1234.5, 0.5, 0.0015]),
    ],
)
def test_decimal_and_thousands_separators_are_read(tmp_path, cells, decimal, thousands, expected):
    result = read(written(tmp_path, cells), TableFormat(decimal=decimal, thousands=thousands))
    assert result.series[0].values.ravel().tolist() == expected


@pytest.mark.parametrize(
    ("cell", "decimal", "thousands"),
    [("12.5", ",", "."), ("1.23,5", ",", "."), ("1,5,0", ",", None), ("12,34", ".", ","), ("1.5", ",", None)],
)
def test_a_separator_in_the_wrong_place_is_no_number(tmp_path, cell, decimal, thousands):
    """pandas would read 12.5 as 125 if points part thousands."""
    source = written(tmp_path, ["1", cell, "3"])
    with pytest.raises(DataError, match=rf":3: expected a number in column 'y', found '{cell}'"):
        read(source, TableFormat(decimal=decimal, thousands=thousands))


@pytest.mark.parametrize(
    ("cells", "advice"),
    [
        (["12,5", "1,25", "3,0"], 'data.decimal = "," reads it'),
        (["1.234,5", "12,0", "1,5"], 'data.decimal = "," with data.thousands = "." reads it'),
        (["1,234.5", "12,345.0", "1,234,567"], 'data.thousands = "," reads it'),
        (["1,234", "2,345", "3,456"], 'data.decimal = ",", or data.thousands = "," reads it'),
        (["1 234.5", "12 345", "1 000"], 'data.thousands = " " reads it'),
    ],
)
def test_the_setting_for_a_spelling_is_proposed(tmp_path, cells, advice):
    with pytest.raises(DataError, match=rf"found '{cells[0]}' \(and 2 more, the last in line 4\); {advice}$"):
        read(written(tmp_path, cells), TableFormat())


def test_text_gets_no_advice_on_spelling(tmp_path):
    with pytest.raises(DataError, match=r"found '12 kg' \(and 2 more, the last in line 4\)$"):
        read(written(tmp_path, ["12 kg", "3 kg", "4 kg"]), TableFormat())


def test_points_that_may_part_thousands_are_said(tmp_path):
    result = read(written(tmp_path, ["1.234", "987", "12.345"], ";"), TableFormat())
    assert result.series[0].values.ravel().tolist() == [1.234, 987, 12.345]
    assert any("column 'y': 1.234 is read with a decimal point" in note for note in result.notes)
    as_thousands = read(written(tmp_path, ["1.234", "987", "12.345"], ";"), TableFormat(decimal=",", thousands="."))
    assert as_thousands.series[0].values.ravel().tolist() == [1234, 987, 12345]
    assert not any("decimal point" in note for note in as_thousands.notes)


@pytest.mark.parametrize("separator", [",", ";"])
def test_text_is_parsed_to_the_nearest_float(tmp_path, separator):
    cells = ["0.1", "3.0000000000000004", "1.7976931348623157e+100", "-2.2250738585072014e-308", "123456789.12345679"]
    result = read(written(tmp_path, cells, separator), TableFormat())
    assert result.series[0].values.ravel().tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize("empty", ["-", ".", "NA", "", " "])
@pytest.mark.parametrize("separator", [",", ";"])
def test_placeholders_are_empty_cells(tmp_path, empty, separator):
    result = read(written(tmp_path, ["1", empty, "3"], separator), TableFormat(missing="interpolate"))
    assert result.series[0].values.ravel().tolist() == [1, 2, 3]
    assert result.filled[0].count == 1


@pytest.mark.parametrize(("cell", "largest"), [("1e39", LARGEST_UNSCALED), ("-1.7e308", 1e140), ("1e200", 1e140)])
def test_numbers_too_large_to_train_on_are_named(tmp_path, cell, largest):
    source = written(tmp_path, ["1", cell, "3"])
    with pytest.raises(DataError, match=r":3: expected a number within ±.* in column 'y', found ") as raised:
        read(source, TableFormat(largest=largest))
    assert ("other scalers" in str(raised.value)) == (largest < 1e100)
    assert read(written(tmp_path, ["1", "1e38", "3"]), TableFormat(largest=largest)).series[0].values[1, 0] == 1e38


@pytest.mark.parametrize(("cell", "largest"), [("1e-39", LARGEST_UNSCALED), ("-1e-150", 1e140)])
def test_numbers_too_small_to_train_on_are_said(tmp_path, cell, largest):
    result = read(written(tmp_path, ["0", cell, "0"]), TableFormat(largest=largest))
    assert result.series[0].values.ravel().tolist() == [0, float(cell), 0]
    (note,) = result.notes
    assert note.startswith(f"column 'y': numbers up to ±{cell.lstrip('-')} are too small to train on")
    assert read(written(tmp_path, ["0", cell, "1"]), TableFormat(largest=largest)).notes == ()


def test_frames_may_have_columns_of_any_number_type():
    from decimal import Decimal

    from bilstm_nlp.data.series.table_files import table_of
    from bilstm_nlp.data.series.tables import series_of

    frame = pd.DataFrame({"date": DAYS[:3], "a": pd.array([1, 2, 3], "Int32"), "b": [Decimal("1.5"), 2, 3]})
    frame = frame.assign(
        c=[True, False, True], d=np.array([1, 2, 3], np.float32), e=pd.array(["1", "2", "3"], "string")
    )
    frame = frame.assign(f=pd.Categorical(["7", "8", "7"]))
    (series,) = series_of(table_of("frame", frame, TableFormat()), TableFormat()).series
    assert series.values.tolist() == [[1, 1.5, 1, 1, 1, 7], [2, 2, 0, 2, 2, 8], [3, 3, 1, 3, 3, 7]]


@pytest.mark.parametrize("cells", [[[1, 2], [3], [1, 2], [3]], [{"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}]])
def test_lists_and_objects_are_no_numbers_and_no_categories(tmp_path, cells):
    pd.DataFrame({"date": pd.to_datetime(DAYS[:4]), "y": cells}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"expected a number in column 'y', found .* in row 1 ") as error:
        read(str(tmp_path / "x.parquet"), TableFormat())
    assert "categories" not in str(error.value)
