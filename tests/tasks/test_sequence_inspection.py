"""The inspection of sequences: figures, and complaints with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bilstm_nlp.config.sequences import SequenceData
from bilstm_nlp.tasks.inspection import is_wrong
from bilstm_nlp.tasks.sequence_inspection import SequenceInspection, inspect_sequences
from bilstm_nlp.tasks.sequences import SequenceReader

TRAIN = """id,step,speed,heat,state
a,1,1.5,7,on
a,2,2.5,8,off
a,3,4.0,9,off
b,1,2.0,5,on
b,2,3.0,6,off
"""


@pytest.fixture
def inspected(tmp_path, monkeypatch):
    """Return a function that inspects a training and a development file, of other numbers if none are given."""
    monkeypatch.chdir(tmp_path)

    def inspect(
        train: str, dev: str | None = None, reading: str = "steps", missing: str = "error"
    ) -> SequenceInspection:
        Path("train.csv").write_text(train)
        Path("dev.csv").write_text(other_numbers(train) if dev is None else dev)
        files = {"train": "train.csv", "dev": "dev.csv"}
        reader = SequenceReader(SequenceData(**files, missing=missing), reading)
        return inspect_sequences(files, reader.read, reading)

    return inspect


def other_numbers(text: str) -> str:
    """Change all speeds a little."""
    return text.replace(".5,", ".25,").replace(".0,", ".1,")


def said(inspection: SequenceInspection, kind: str) -> list[str]:
    """Return the complaints of a kind."""
    return [str(each) for each in inspection.complaints if each.kind == kind]


def test_figures_are_those_of_the_files(inspected):
    figures = inspected(TRAIN).figures()["parts"]["train"]
    assert (figures["sequences"], figures["steps"]) == (2, 5)
    assert (figures["shortest"], figures["median"], figures["longest"], figures["longest_name"]) == (2, 2.5, 3, "a")
    assert figures["labels"] == {"off": 3, "on": 2}
    assert figures["segments"] == {"off": 2, "on": 2}
    assert (figures["columns"]["heat"]["least"], figures["columns"]["heat"]["mean"]) == (5, 7)


def test_sections_show_labels_and_columns(inspected):
    (section,) = inspected(TRAIN).sections()
    assert section.title == "sequences by 'id', steps by 'step', labels by 'state'"
    _, counts, columns = section.parts
    assert ("  off", "3 steps in 2 segments", "3 steps in 2 segments") in counts.rows
    assert columns.rows[1] == ("heat", "7 ± 1.414", "7 ± 1.414")


def test_clean_files_have_no_complaints(inspected):
    assert inspected(TRAIN).complaints == []


def test_every_line_that_cannot_be_read_is_said(inspected):
    inspection = inspected(TRAIN.replace("4.0", "fast").replace("6,off", "6,"), other_numbers(TRAIN))
    assert said(inspection, "what can't be read") == [
        "train.csv:4: expected a number in column 'speed', found 'fast'",
        "train.csv:6: expected a label in column 'state', found nothing",
    ]
    assert is_wrong(inspection)


def test_a_number_that_cannot_be_read_is_in_no_figure_and_makes_no_remark(inspected):
    """It stands as 0 in the sequence: two such columns would be constant, and their sequences equal."""
    train = "id;step;speed;heat;state\na;1;1.5;1,5;on\na;2;;2,5;off\nb;1;1.5;3,5;off\nb;2;;4,5;on\n"
    inspection = inspected(train, train.replace("a;", "c;").replace("1.5;", "1.25;"))
    columns = inspection.figures()["parts"]["train"]["columns"]
    assert columns == {"speed": {"least": 1.5, "mean": 1.5, "largest": 1.5, "deviation": 0.0}}
    (section,) = inspection.sections()
    assert section.parts[2].rows[1] == ("heat", "none can be read", "none can be read")
    kinds = {each.kind for each in inspection.complaints}
    assert kinds == {"what can't be read", "constant columns", "separators"}
    assert said(inspection, "constant columns") == ["train.csv: 'speed' is 1.5 everywhere"]


def test_sequences_with_filled_values_are_compared(inspected):
    again = "c,1,1.5,7,on\nc,2,,8,off\nc,3,4.0,9,off\nd,1,1.5,7,on\nd,2,,8,off\nd,3,4.0,9,off\n"
    inspection = inspected(TRAIN + again, missing="interpolate")
    assert (
        said(inspection, "repeated sequences")[0] == "train.csv:10: 'd' has the numbers of 'c' in line 7 of train.csv"
    )
    assert inspection.figures()["parts"]["train"]["columns"]["speed"]["mean"] == (1.5 + 2.5 + 4 + 5 + 2 * 8.25) / 11


def test_a_label_that_is_missing_is_no_label_of_its_own(inspected):
    train = "id,step,speed,state\na,1,1.5,on\na,2,2.5,\na,3,3.5,on\nb,1,1.0,off\nb,2,1.5,on\nc,1,1.0,off\nc,2,1.5,\n"
    inspection = inspected(train)
    figures = inspection.figures()["parts"]["train"]
    assert figures["labels"] == {"off": 2, "on": 3}
    assert figures["segments"] == {"off": 2, "on": 3}
    assert said(inspection, "what can't be read")[0] == (
        "train.csv:3: expected a label in column 'state', found nothing (and 1 more, the last in line 8)"
    )
    same = "has the numbers of 'b' in line 5 of"
    assert said(inspection, "repeated sequences") == [
        f"train.csv:7: 'c' {same} train.csv",
        f"dev.csv:7: 'c' {same} dev.csv",
    ]
    assert {each.kind for each in inspection.complaints} == {"what can't be read", "repeated sequences"}


def test_a_class_that_is_missing_in_a_row_is_said_once(inspected):
    inspection = inspected("id,step,speed,state\na,1,1.5,\na,2,2.5,on\nb,1,1.0,off\nb,2,1.5,off\n", reading="class")
    assert inspection.figures()["parts"]["train"]["labels"] == {"off": 1, "on": 1}
    assert said(inspection, "what can't be read")[0] == "train.csv:2: expected a label in column 'state', found nothing"
    inspection = inspected("id,step,speed,state\na,1,1.5,\na,2,2.5,on\na,3,1.5,off\n", reading="class")
    assert said(inspection, "what can't be read")[1].startswith(
        "train.csv:4: expected a single class in sequence 'a', found 'off' after 'on'"
    )


def test_repeated_sequences_and_leaks_are_said(inspected):
    again = "c,1,2.0,5,on\nc,2,3.0,6,on\nd,1,2.0,5,on\nd,2,3.0,6,off\n"
    inspection = inspected(TRAIN + again, TRAIN.replace("b,", "x,").replace(".5,", ".25,"))
    same = "has the numbers of 'b' in line 5 of train.csv"
    assert said(inspection, "repeated sequences with other labels") == [
        f"train.csv:7: 'c' {same}, but is 'on' in place of 'off' at step 2"
    ]
    assert said(inspection, "repeated sequences") == [f"train.csv:9: 'd' {same}"]
    assert said(inspection, "sequences of dev that train has too") == [f"dev.csv:5: 'x' {same}"]
    assert not is_wrong(inspection)


def test_labels_that_train_lacks_are_said_with_their_line(inspected):
    inspection = inspected(TRAIN, other_numbers(TRAIN).replace("9,off", "9,fault"))
    assert said(inspection, "labels of dev that train does not have") == ["dev.csv:4: 'fault' is none of off, on"]
    assert not is_wrong(inspection)


def test_class_that_train_lacks_is_wrong(inspected):
    train = TRAIN.replace("off", "on").replace("b,1,2.0,5,on", "b,1,2.0,5,off").replace("6,on", "6,off")
    inspection = inspected(train, other_numbers(train).replace(",on", ",other"), "class")
    assert said(inspection, "classes of dev that train does not have") == ["dev.csv:2: 'other' is none of off, on"]
    assert is_wrong(inspection)


def test_single_label_is_wrong(inspected):
    inspection = inspected(TRAIN.replace("off", "on"))
    assert said(inspection, "one of the labels") == ["train.csv: 'on' alone: nothing can be learnt"]
    assert is_wrong(inspection)


def test_doubtful_labels_are_said(inspected):
    inspection = inspected(TRAIN.replace("9,off", "9,Off"))
    assert said(inspection, "labels that differ in spelling alone") == ["train.csv: 'Off', 'off'"]
    assert said(inspection, "labels that a single sequence has") == ["train.csv:2: 'Off'"]


def test_sequences_with_a_single_label_each_are_said(inspected):
    inspection = inspected(TRAIN.replace("off", "on").replace("b,1,2.0,5,on", "b,1,2.0,5,off").replace("6,on", "6,off"))
    (message,) = said(inspection, "each sequence has a single label")
    assert 'task = "classification"' in message


def test_columns_that_tell_nothing_are_said(inspected):
    inspection = inspected(
        "id,day,step,speed,room,state\na,9,1,1.5,7,on\na,9,2,2.5,7,off\nb,9,1,2.0,5,on\nb,9,2,3.0,5,off\n"
    )
    assert inspection.roles.step == "step"
    assert said(inspection, "constant columns") == ["train.csv: 'day' is 9 everywhere"]
    (message,) = said(inspection, "columns that are constant in each sequence")
    assert message.startswith("train.csv: 'room'; data.values without it")


def test_column_in_another_unit_is_said(inspected):
    far = TRAIN.replace(",7,", ",700,").replace(",8,", ",800,").replace(",9,", ",900,")
    inspection = inspected(TRAIN, other_numbers(far))
    assert said(inspection, "columns of dev that are far from training") == [
        "dev.csv: 'heat': mean 482.2, in training 7 ± 1.414"
    ]
