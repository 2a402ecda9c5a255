"""Files of the time-series archives: headers, dimensions, unequal lengths, missing values and classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bilstm_nlp.data.labelled.sequence import SequenceFormat
from bilstm_nlp.data.labelled.sequences import read_sequences
from bilstm_nlp.errors import DataError

CLASSES = SequenceFormat("class")
TEXT = """# an archive
@problemName Toy
@timeStamps false
@missing false
@univariate false
@dimensions 2
@equalLength false
@classLabel true up down
@data
1,2,3:10,20,30:up
4,5:40,50:down
"""


def written(folder: Path, text: str) -> str:
    path = folder / "Toy_TRAIN.ts"
    path.write_text(text)
    return str(path)


def test_sequences_of_unequal_lengths_are_read(tmp_path):
    result = read_sequences(written(tmp_path, TEXT), CLASSES)
    first, second = result.sequences
    assert result.roles.values == ("dim_0", "dim_1")
    assert (first.name, first.line, first.class_name) == ("1", 10, "up")
    assert first.values.tolist() == [[1, 10], [2, 20], [3, 30]]
    assert (second.class_name, second.values.tolist()) == ("down", [[4, 40], [5, 50]])


def test_single_dimension_is_read(tmp_path):
    text = "@univariate true\n@classLabel true a b\n@data\n1,2.5,-3e1:a\n"
    assert read_sequences(written(tmp_path, text), CLASSES).sequences[0].values.tolist() == [[1], [2.5], [-30]]


def test_question_mark_is_a_missing_value(tmp_path):
    source = written(tmp_path, TEXT.replace("1,2,3", "1,?,3"))
    with pytest.raises(DataError, match=r"ts:10: expected a number in column 'dim_0', found nothing at step 2"):
        read_sequences(source, CLASSES)
    filled = read_sequences(source, replace(CLASSES, missing="interpolate"))
    assert filled.sequences[0].values[:, 0].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("4,5:40,50:down", "4,5:40:down", "ts:11: expected as many steps in each dimension, found 2, 1"),
        ("4,5:40,50:down", "4,5:down", "ts:11: expected 2 dimensions, found 1"),
        ("50:down", "50:left", "ts:11: expected a class of @classLabel: up, down, found 'left'"),
        ("50:down", "50:", "ts:11: expected a class after the last colon, found nothing"),
        ("4,5:40", "4,x:40", "ts:11: expected a number, or \\? for a missing one, at step 2 of dim_0, found 'x'"),
        ("4,5:40", "4,1_0:40", "ts:11: expected a number, .*found '1_0'"),
        ("4,5:40", "4,1e300:40", "ts:11: expected a number within ±1e\\+140 at step 2 of dim_0"),
        ("@equalLength false", "@equalLength true", "ts:11: expected 3 steps, as in all sequences .*found 2"),
        ("@timeStamps false", "@timeStamps true", "ts:3: expected values without time stamps"),
        ("@classLabel true up down", "@targetLabel true", "ts:8: expected classes, found numbers to predict"),
        ("@classLabel true up down", "@classLabel false", "expected 2 dimensions, found 3"),
        ("@dimensions 2", "@dimensions two", "ts:6: expected a whole number of at least 1"),
        ("@equalLength false", "@equalLength", "ts:7: expected true or false, found '@equalLength'"),
        ("@missing false", "@mising false", "ts:4: expected a line of the header that .ts files have"),
        ("@missing false", "@dimensions 2", "ts:6: expected @dimensions once"),
        ("@data\n", "", "ts:9: expected a line of the header, such as @dimensions 3, or @data, found '1,2,3"),
    ],
)
def test_problem_is_reported_with_its_line(tmp_path, before, after, message):
    with pytest.raises(DataError, match=message):
        read_sequences(written(tmp_path, TEXT.replace(before, after, 1)), CLASSES)


def test_other_format_of_the_archives_is_refused_by_its_name(tmp_path):
    (tmp_path / "a.arff").write_text("@relation a\n@attribute x numeric\n@data\n1.5\n")
    with pytest.raises(DataError, match=r"a\.arff: expected a \.csv, .* or \.ts file, found an \.arff file"):
        read_sequences(str(tmp_path / "a.arff"), SequenceFormat())


def test_header_without_data_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected @data and a line for each sequence after it, found no @data"):
        read_sequences(written(tmp_path, TEXT.partition("@data")[0]), CLASSES)


def test_sequences_without_classes_can_be_read_for_prediction(tmp_path):
    text = "@dimensions 1\n@classLabel false\n@data\n1,2\n"
    with pytest.raises(DataError, match=r"expected @classLabel true, and a class in each line"):
        read_sequences(written(tmp_path, text), CLASSES)
    assert read_sequences(written(tmp_path, text), replace(CLASSES, reading="none")).sequences[0].labels is None


def test_labels_for_each_step_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected a label for each step, found a .ts file, which has a class"):
        read_sequences(written(tmp_path, TEXT), SequenceFormat("steps"))


def test_other_dimensions_than_in_training_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"expected columns dim_0, found dimensions named dim_0, dim_1"):
        read_sequences(written(tmp_path, TEXT), replace(CLASSES, values=("dim_0",)))


def test_malformed_line_is_left_out_if_complain_returns(tmp_path):
    errors: list[DataError] = []
    source = written(tmp_path, TEXT.replace("3:10", "x:10"))
    assert [each.class_name for each in read_sequences(source, CLASSES, errors.append).sequences] == ["down"]
    assert [error.line for error in errors] == [10]
