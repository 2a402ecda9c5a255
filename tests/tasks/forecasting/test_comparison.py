"""Windows of a comparison: there and back, and the order of disagreements."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

from bilstm_nlp.errors import RunError
from bilstm_nlp.system.json_values import as_json, json_text
from bilstm_nlp.tasks.comparison import StoredArrays
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples


def windows(*errors: float) -> WindowExamples:
    """Windows with these errors, each forecast as far from the actual values as its error says."""
    count = len(errors)
    return WindowExamples(
        series=["s"] * count,
        origins=[f"day {index}" for index in range(count)],
        columns=["OT"] * count,
        past=np.tile(np.arange(3.0), (count, 1)),
        actual=np.zeros((count, 2)),
        forecast=np.repeat(np.array(errors)[:, None], 2, axis=1),
        errors={"mse": np.array(errors) ** 2, "mae": np.array(errors)},
    )


def read(fields: object, arrays: dict[str, np.ndarray], measure: str = "mae") -> WindowExamples:
    return WindowExamples.read(json.dumps(fields).encode(), StoredArrays("trial.safetensors", arrays), measure)


def test_windows_come_back_with_the_errors_by_one_measure():
    examples = windows(1.0, 0.1)
    fields = json.loads(json_text(as_json(examples.fields())))
    result = read(fields, examples.arrays())
    assert result.units == examples.units == [("s", "day 0", "OT"), ("s", "day 1", "OT")]
    np.testing.assert_array_equal(result.past, examples.past)
    np.testing.assert_allclose(result.forecast, examples.forecast, rtol=1e-3)
    assert {name: errors.tolist() for name, errors in result.errors.items()} == {"mae": [1.0, 0.1]}
    with pytest.raises(RunError, match=r"^trial\.safetensors: expected rmse\.example as float64 \(2\), found none$"):
        read(fields, examples.arrays(), "rmse")


@pytest.mark.parametrize("fields", [{}, {"windows": []}, {"windows": [["s", "day 0"]]}, {"windows": [["s", 1, "OT"]]}])
def test_other_fields_are_refused(fields):
    with pytest.raises(ValidationError):
        read(fields, windows(1.0).arrays())


def test_the_largest_range_of_errors_comes_first():
    examples = {"base": windows(1.0, 2.0, 5.0, 0.0), "a": windows(1.0, 4.0, 5.5, 0.1), "b": windows(1.0, 3.0, 9.0, 0.0)}
    disagreements = WindowExamples.disagreements(examples, "mae", 10)
    assert [window.origin for window in disagreements] == ["day 2", "day 1", "day 3"]
    assert WindowExamples.disagreements(examples, "mae", 1) == disagreements[:1]
    first = disagreements[0]
    assert first.errors == {"base": 5.0, "a": 5.5, "b": 9.0}
    assert first.forecasts["b"] == [9.0, 9.0]
    assert (first.past, first.actual, first.series, first.column) == ([0, 1, 2], [0, 0], "s", "OT")


def test_one_table_has_a_row_for_each_window():
    disagreements = WindowExamples.disagreements({"base": windows(1.0, 2.0), "a": windows(1.5, 4.0)}, "mae", 10)
    (table,) = disagreements[0].tables(disagreements, "MAE")
    assert table.title == "MAE of one column of a window"
    assert table.header == ("series", "from", "column", "base", "a")
    assert table.rows == [("s", "day 1", "OT", "2.0000", "4.0000"), ("s", "day 0", "OT", "1.0000", "1.5000")]
