"""Files of sequences: long tables, their columns, labels, order and gaps; every problem with its line."""

from __future__ import annotations

import gzip
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.labelled.sequence import SequenceFormat
from bilstm_nlp.data.labelled.sequences import read_all, read_sequences
from bilstm_nlp.data.sources import SAMPLES
from bilstm_nlp.errors import DataError

STEPS, CLASSES = SequenceFormat("steps"), SequenceFormat("class")
TABLE = """recording,step,speed,heat,state
a,1,1.5,20,on
a,2,2.5,21,on
a,3,3.5,22,off
b,1,4.5,23,off
b,2,5.5,24,off
"""
CLASSED = TABLE.replace("22,off", "22,on")


def written(folder: Path, text: str, name: str = "table.csv", encoding: str = "utf-8") -> str:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return str(path)


def notes_of(source: str, format: SequenceFormat) -> list[str]:
    notes: list[str] = []
    read_sequences(source, format, note=lambda remark: notes.append(f"{remark.line} {remark.kind}: {remark.message}"))
    return notes


def test_long_table_is_read_by_steps(tmp_path):
    result = read_sequences(written(tmp_path, TABLE), STEPS)
    first, second = result.sequences
    assert (result.roles.id, result.roles.step, result.roles.label) == ("recording", "step", "state")
    assert result.roles.values == ("speed", "heat")
    assert (first.name, first.labels, first.line, first.steps) == ("a", ("on", "on", "off"), 2, ("1", "2", "3"))
    assert first.values.tolist() == [[1.5, 20], [2.5, 21], [3.5, 22]]
    assert (second.name, second.rows.tolist(), second.values.tolist()) == ("b", [5, 6], [[4.5, 23], [5.5, 24]])


def test_long_table_is_read_by_classes(tmp_path):
    result = read_sequences(written(tmp_path, CLASSED), CLASSES)
    assert [(each.name, each.class_name, len(each)) for each in result.sequences] == [("a", "on", 3), ("b", "off", 2)]


def test_labels_that_are_not_to_be_read_may_be_absent(tmp_path):
    without = "\n".join(line.rpartition(",")[0] for line in TABLE.splitlines())
    format = SequenceFormat("none", id_column="recording", label_column="state", values=("heat", "speed"))
    sequences = read_sequences(written(tmp_path, without), format).sequences
    assert sequences[0].labels is None
    assert sequences[0].values.tolist()[0] == [20, 1.5]


def test_labels_that_are_not_to_be_read_are_no_numbers(tmp_path):
    numbered = TABLE.replace("off", "2").replace("on", "1")
    assert read_sequences(written(tmp_path, numbered), SequenceFormat("none")).roles.values == ("speed", "heat")


@pytest.mark.parametrize("label", ["None", "NA", "-", "null", "1.0", "01"])
def test_label_stays_as_the_file_spells_it(tmp_path, label):
    """Also one that marks an empty cell elsewhere, in a column that only its text tells."""
    text = TABLE.replace("state", "condition").replace("off", label)
    if label[0].isdigit():
        text = text.replace("condition", "class")
    assert read_sequences(written(tmp_path, text), STEPS).sequences[1].labels == (label, label)


def test_parquet_has_the_same_sequences(tmp_path):
    path = tmp_path / "table.parquet"
    frame = pd.read_csv(written(tmp_path, TABLE)).astype({"state": "category"})
    frame.to_parquet(path)
    for theirs, ours in zip(
        read_sequences(str(path), STEPS).sequences,
        read_sequences(written(tmp_path, TABLE), STEPS).sequences,
        strict=True,
    ):
        assert (theirs.name, theirs.labels, theirs.steps) == (ours.name, ours.labels, ours.steps)
        np.testing.assert_array_equal(theirs.values, ours.values)


def test_whole_numbers_of_parquet_are_labels_without_a_point(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"id": ["a", "a"], "x": [0.5, 1.5], "label": [1.0, 2.0]}).to_parquet(path)
    assert read_sequences(str(path), STEPS).sequences[0].labels == ("1", "2")


def test_many_numbers_with_fractions_are_no_labels(tmp_path):
    rows = "".join(f"a,{step},{step % 7},{step / 8}\n" for step in range(1, 60))
    with pytest.raises(
        DataError, match=r"table.csv:2: .*column 'target', found the number 0.125, one of 59; data.label"
    ):
        read_sequences(written(tmp_path, "id,step,x,target\n" + rows), STEPS)


def test_few_numbers_with_fractions_are_labels_and_said(tmp_path):
    source = written(tmp_path, "id,step,x,grade\na,1,5,1.5\na,2,7,2.0\na,3,6,1.5\n")
    format = replace(STEPS, label_column="grade")
    assert read_sequences(source, format).sequences[0].labels == ("1.5", "2.0", "1.5")
    assert notes_of(source, format) == ["None labels that are numbers with fractions: 1.5, of 2 labels"]


@pytest.mark.parametrize(
    ("cells", "advice"), [(("1,5", "2,5"), 'data.decimal = ","'), (("1,234.5", "2,345"), 'data.thousands = ","')]
)
def test_numbers_in_another_spelling_are_not_left_out(tmp_path, cells, advice):
    text = f'id,step,x,y,label\na,1,3,"{cells[0]}",u\na,2,4,"{cells[1]}",v\n'
    with pytest.raises(DataError, match=f"table.csv:2: expected a number in column 'y', found .*{advice}"):
        read_sequences(written(tmp_path, text), STEPS)


def test_times_of_a_day_are_steps(tmp_path):
    text = "id,time,x,label\na,9:59:59.5,1,u\na,10:00:00,2,v\n"
    assert read_sequences(written(tmp_path, text), STEPS).sequences[0].steps == ("9:59:59.5", "10:00:00")
    with pytest.raises(DataError, match=r"table.csv:3: .* in column 'time', found 8:00 after 9:59:59.5"):
        read_sequences(written(tmp_path, text.replace("10:00:00", "8:00")), STEPS)


def test_gzip_semicolons_and_commas_in_numbers_are_read(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"id;speed;state\r\na;1,5;on\r\na;2,5;off\r\n"))
    result = read_sequences(str(path), replace(STEPS, decimal=","))
    assert result.sequences[0].values.tolist() == [[1.5], [2.5]]
    assert result.sequences[0].labels == ("on", "off")


def test_names_of_latin_letters_need_their_encoding(tmp_path):
    source = written(tmp_path, TABLE.replace("off", "zurück"), encoding="latin-1")
    with pytest.raises(DataError, match=r"table.csv:4: expected utf-8 text, .*data.encoding"):
        read_sequences(source, STEPS)
    assert read_sequences(source, replace(STEPS, encoding="latin-1")).sequences[1].labels == ("zurück", "zurück")


def test_header_may_be_given(tmp_path):
    source = written(tmp_path, "a,1.5,on\na,2.5,off\n")
    with pytest.raises(DataError, match=r"table.csv:1"):
        read_sequences(source, replace(STEPS, id_column="id", label_column="state"))
    result = read_sequences(source, replace(STEPS, names=("id", "speed", "state")))
    assert result.sequences[0].rows.tolist() == [1, 2]


def test_file_without_names_is_a_single_sequence(tmp_path, caplog):
    result = read_sequences(written(tmp_path, "speed,state\n1,on\n5,off\n2,off\n", "monday.csv"), STEPS)
    assert [(each.name, each.labels) for each in result.sequences] == [("monday", ("on", "off", "off"))]
    assert "read as a single sequence: 1 (data.id_column names" in caplog.text


def test_counter_of_steps_is_not_read_as_a_number(tmp_path):
    text = TABLE.replace("step", "n")
    source = written(tmp_path, text)
    roles = read_sequences(source, STEPS).roles
    assert (roles.step, roles.values) == ("n", ("speed", "heat"))
    assert notes_of(source, STEPS) == ["None columns that count the rows, not read as numbers: 'n'"]


def test_row_numbers_beside_steps_are_not_read_as_numbers(tmp_path):
    lines = [*TABLE.splitlines(), *(f"c,{step},{step}.5,30,on" for step in range(9))]
    text = "\n".join(["nr," + lines[0], *(f"{number},{line}" for number, line in enumerate(lines[1:]))])
    roles = read_sequences(written(tmp_path, text), STEPS).roles
    assert (roles.step, roles.values) == ("step", ("speed", "heat"))


def test_text_columns_are_left_out_and_said(tmp_path):
    source = written(tmp_path, "id,place,speed,state\na,hall,1,on\na,yard,5,off\na,hall,2,off\n")
    assert read_sequences(source, STEPS).roles.values == ("speed",)
    assert notes_of(source, STEPS) == ["None columns of text, left out: 'place'"]


@pytest.mark.parametrize(
    ("before", "after", "format", "message"),
    [
        ("22,off", "22,", STEPS, "table.csv:4: expected a label in column 'state', found nothing"),
        ("2.5,21", "fast,21", STEPS, "table.csv:3: expected a number in column 'speed', found 'fast'"),
        ("2.5,21", ",21", STEPS, "table.csv:3: expected a number in column 'speed', found nothing at step 2"),
        ("2.5,21", "inf,21", STEPS, "table.csv:3: expected a number in column 'speed', found infinity at step 2"),
        ("2.5,21", "1e200,21", STEPS, "table.csv:3: expected a number within ±1e\\+140 in column 'speed'"),
        ("a,2", "a,0", STEPS, "table.csv:3: expected steps of sequence 'a' in ascending order.*found 0 after 1"),
        ("a,2", "a,1", STEPS, "table.csv:3: .* each once, in column 'step', found 1 again"),
        ("a,2", "a,soon", STEPS, "table.csv:3: expected a number, a time, or a date .* in column 'step', found 'soon'"),
        ("b,2", "a,1", STEPS, "table.csv:6: expected steps of sequence 'a' in ascending order.*found 1 after 3"),
        ("b,1", ",1", STEPS, "table.csv:5: expected the name of a sequence in column 'recording', found nothing"),
        ("", "", CLASSES, "table.csv:4: expected a single class in sequence 'a', found 'off' after 'on'; task"),
        ("state", "note", replace(STEPS, label_column="state"), "table.csv:1: expected a column 'state', found only"),
        ("heat", "place", replace(STEPS, values=("heat",)), "table.csv:1: expected a column 'heat', found only"),
    ],
)
def test_problem_is_reported_with_its_line(tmp_path, before, after, format, message):
    with pytest.raises(DataError, match=message):
        read_sequences(written(tmp_path, TABLE.replace(before, after, 1) if before else TABLE), format)


def test_all_problems_go_to_complain(tmp_path):
    errors: list[DataError] = []
    text = TABLE.replace("1.5,", ",").replace("23,off", "23,").replace("5.5,", "x,")
    read_sequences(written(tmp_path, text), STEPS, errors.append)
    assert sorted((error.line, error.found.split(" ")[0]) for error in errors) == [
        (2, "nothing"),
        (5, "nothing"),
        (6, "'x'"),
    ]


def test_doubtful_column_of_labels_is_asked_for(tmp_path):
    text = "id,speed,mood,place\na,1,good,hall\na,3,bad,yard\n"
    with pytest.raises(DataError, match=r"several of text: mood, place; data.label_column names it"):
        read_sequences(written(tmp_path, text), STEPS)
    assert read_sequences(written(tmp_path, text), replace(STEPS, label_column="mood")).roles.label == "mood"


def test_sequence_that_comes_again_is_refused_without_steps(tmp_path):
    text = "id,speed,state\na,1,on\na,5,on\nb,2,on\nb,2,off\na,3,off\n"
    with pytest.raises(DataError, match=r"table.csv:6: expected the rows of sequence 'a' together, .*data.step_column"):
        read_sequences(written(tmp_path, text), STEPS)


def test_rows_of_several_sequences_in_turn_are_parted_by_steps(tmp_path):
    text = "id,step,speed,state\na,1,1,on\nb,1,2,on\na,2,3,off\nb,2,4,off\n"
    result = read_sequences(written(tmp_path, text), STEPS)
    assert [each.values[:, 0].tolist() for each in result.sequences] == [[1, 3], [2, 4]]
    assert result.sequences[0].rows.tolist() == [2, 4]
    assert any("not together, joined: a, b" in note for note in notes_of(written(tmp_path, text), STEPS))


def test_gap_between_steps_is_said(tmp_path):
    rows = "".join(f"a,{step},{step**2},on\n" for step in (1, 2, 3, 4, 8, 9))
    source = written(tmp_path, "id,step,speed,state\n" + rows)
    assert notes_of(source, STEPS) == [
        "None gaps between steps, read as neighbours: line 6: 'a', 8 after 4; 1 in this sequence"
    ]


def test_times_are_steps(tmp_path):
    rows = "id,time,speed,state\na,2024-01-01T10:00:00.04,1,on\na,2024-01-01T10:00:00.02,1,on\n"
    with pytest.raises(DataError, match=r"table.csv:3: expected steps .*00.02 after 2024-01-01T10:00:00.04"):
        read_sequences(written(tmp_path, rows), STEPS)
    ordered = read_sequences(written(tmp_path, rows.replace("00.04", "00.01")), STEPS).sequences[0]
    assert ordered.steps == ("2024-01-01T10:00:00.01", "2024-01-01T10:00:00.02")


def test_sequence_of_a_single_step_is_said(tmp_path):
    source = written(tmp_path, TABLE + "c,1,1,2,on\n")
    assert "7 sequences of a single step: c" in notes_of(source, STEPS)


def test_names_that_number_the_rows_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"sequences of several steps by column 'id', found 2 names for as many rows"):
        read_sequences(written(tmp_path, "id,speed,state\n1,2,on\n2,3,off\n"), STEPS)


def test_missing_values_are_interpolated_within_a_sequence(tmp_path):
    text = TABLE.replace("2.5,21", ",21").replace("b,1,4.5", "b,1,inf")
    source = written(tmp_path, text)
    result = read_sequences(source, replace(STEPS, missing="interpolate"))
    assert result.sequences[0].values[:, 0].tolist() == [1.5, 2.5, 3.5]
    assert result.sequences[1].values[:, 0].tolist() == [5.5, 5.5]  # no look at sequence a
    assert notes_of(source, replace(STEPS, missing="interpolate")) == [
        "None columns with missing values, interpolated: 'speed': 2 values"
    ]


def test_column_without_a_value_is_not_interpolated(tmp_path):
    text = TABLE.replace("4.5", "").replace("5.5", "")
    with pytest.raises(DataError, match=r"table.csv:5: .*interpolation needs a value in each column of a sequence"):
        read_sequences(written(tmp_path, text), replace(STEPS, missing="interpolate"))


def test_files_of_a_list_have_the_columns_of_the_first(tmp_path):
    first = written(tmp_path, TABLE, "first.csv")
    second = written(tmp_path, TABLE.replace("speed,heat", "heat,speed"), "second.csv")
    joined = read_all([first, second], STEPS)
    assert [each.values.tolist()[0] for each in joined.sequences] == [[1.5, 20], [4.5, 23], [20, 1.5], [23, 4.5]]
    with pytest.raises(DataError, match=r"third.csv:1: expected a column 'heat'"):
        read_all([first, written(tmp_path, TABLE.replace("heat", "cold"), "third.csv")], STEPS)


@pytest.mark.parametrize("text", ["", "id,speed,state\n"])
def test_file_without_rows_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r"table.csv: expected a .*found (an empty file|a header alone)"):
        read_sequences(written(tmp_path, text), STEPS)


@pytest.mark.slow
def test_sample_is_what_its_script_makes(tmp_path):
    script = Path(__file__).parents[3] / "scripts" / "make_sample_steps.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    for part in ("train", "dev"):
        name = f"machine.{part}.csv"
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes()
