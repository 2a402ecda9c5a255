from __future__ import annotations

import pytest

from bilstm_nlp.data.labelled.class_values import ClassReader
from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.errors import DataError

NAMES = ("World", "Sports")


@pytest.mark.parametrize(
    ("names", "cell", "expected"),
    [
        ((), "1", "1"),
        (NAMES, "1", "Sports"),
        (NAMES, "1.0", "Sports"),
        (NAMES, "World", "World"),
        ({"1": "World", "2": "Sports"}, "1", "World"),
        ({"4": "good", "5": "good"}, "5", "good"),
    ],
)
def test_numbers_have_the_names_of_the_settings(names, cell, expected):
    assert ClassReader("a", TextFormat(label_names=names)).of_cell(cell, 1) == (expected,)


@pytest.mark.parametrize(("names", "cell"), [(NAMES, "2"), (NAMES, "-1"), ({"1": "World"}, "0")])
def test_class_without_a_name_is_an_error(names, cell):
    with pytest.raises(DataError, match=r"a:7: expected a class of data.label_names"):
        ClassReader("a", TextFormat(label_names=names)).of_cell(cell, 7)


@pytest.mark.parametrize(
    ("cell", "classes"),
    [("['a', 'b']", ("a", "b")), ('["a"]', ("a",)), ("[0, 1]", ("World", "Sports")), ("[]", ()), ("[World]", None)],
)
def test_list_in_a_cell_is_several_classes(cell, classes):
    names = NAMES if "0" in cell else ()
    read = ClassReader("a", TextFormat(label_names=names)).of_cell(cell, 1)
    assert read == (classes if classes is not None else (cell,))


@pytest.mark.parametrize("cell", ["a||b", "a|", "|"])
def test_empty_class_among_several_is_an_error(cell):
    with pytest.raises(DataError, match="none of them empty"):
        ClassReader("a", TextFormat(label_separator="|")).of_cell(cell, 1)


def test_class_of_a_text_twice_is_an_error():
    with pytest.raises(DataError, match=r"found 'a' twice"):
        ClassReader("a", TextFormat(label_separator=",")).of_cell("a, b, a", 1)
