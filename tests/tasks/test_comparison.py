"""Examples of any task: arrays are read as they were written, and a task may show none."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from bilstm_nlp.errors import RunError
from bilstm_nlp.tasks.comparison import NoExamples, StoredArrays

ARRAYS = StoredArrays("x", {"a": np.ones((2, 3), np.float16), "b": np.array([0.0, np.nan, np.inf])})


def test_arrays_of_the_right_type_and_shape_are_returned():
    assert ARRAYS.get("a", np.float16, 2, None) is ARRAYS.arrays["a"]
    assert ARRAYS.amounts("b", 3) is ARRAYS.arrays["b"]


@pytest.mark.parametrize(
    ("name", "kind", "shape", "message"),
    [
        ("a", np.float32, (2, 3), r"x: expected a as float32 \(2, 3\), found float16 \(2, 3\)"),
        ("a", np.float16, (None,), r"x: expected a as float16 \(any\), found float16 \(2, 3\)"),
        ("a", np.float16, (3, None), r"x: expected a as float16 \(3, any\), found float16 \(2, 3\)"),
        ("c", np.float16, (1,), r"x: expected c as float16 \(1\), found none"),
    ],
)
def test_other_arrays_are_refused(name, kind, shape, message):
    with pytest.raises(RunError, match=message):
        ARRAYS.get(name, kind, *shape)


def test_negative_amounts_are_refused():
    with pytest.raises(RunError, match=r"^x: expected nothing below 0 in a, found -2\.0$"):
        StoredArrays("x", {"a": np.array([1.0, -2.0])}).amounts("a")


def test_a_task_may_show_no_examples():
    examples = NoExamples.read(b"{}", ARRAYS, "f1")
    assert (examples.fields(), examples.arrays(), list(examples.units)) == ({}, {}, [])
    assert not NoExamples.disagreements({"a": examples, "b": examples}, "f1", 10)
    with pytest.raises(ValidationError):
        NoExamples.read(b'{"sentences": []}', ARRAYS, "f1")
