from __future__ import annotations

import pytest

from bilstm_nlp.config.text_classes import TextClassData
from bilstm_nlp.tasks.classification.text_data import TextLoader
from bilstm_nlp.tasks.classification.text_inspection import inspect_texts

TRAIN = [
    ("pos", "a good film"),
    ("neg", "a bad film"),
    ("pos", "it is fine"),
    ("neg", "very poor"),
    ("pos", "nice one"),
]
DEV = [("pos", "well done"), ("neg", "never again")]


@pytest.fixture
def inspect(tmp_path):
    """Return a function (train, dev, …) → the inspection of these rows, each a class and a text."""

    def inspected(train=TRAIN, dev=DEV, test=None, several=False, source=None, **settings):
        files = {}
        for name, rows in (("train", train), ("dev", dev), ("test", test)):
            if isinstance(rows, list):
                path = tmp_path / f"{name}.tsv"
                path.write_text("".join(f"{label}\t{text}\n" for label, text in rows), encoding="utf-8")
                files[name] = str(path)
            elif rows is not None:
                files[name] = rows
        loader = TextLoader(TextClassData(**files, **settings), seed=1)
        return inspect_texts(loader, source, several=several)

    return inspected


def complaints_of(inspection, wrong=None):
    """Return (file, line, kind, message) of each complaint."""
    return [
        (complaint.source.rpartition("/")[2], complaint.line, complaint.kind, complaint.message)
        for complaint in inspection.complaints
        if wrong is None or complaint.wrong == wrong
    ]


def test_figures_count_texts_lengths_and_classes(inspect):
    inspection = inspect()
    train = inspection.parts["train"]
    assert (train.sequences, train.steps, train.mean, train.median) == (5, 13, 2.6, 3)
    assert (train.shortest, train.longest, train.longest_line) == (2, 3, 1)
    assert train.classes == {"pos": 3, "neg": 2}
    assert inspection.parts["dev"].classes == {"neg": 1, "pos": 1}
    assert complaints_of(inspection) == []
    table = {row[0].strip(): row[1:] for row in inspection.sections()[0].parts[1].rows}
    assert table["pos"] == ("3 (60.0%)", "1 (50.0%)")


def test_repeated_text_names_both_lines(inspect):
    inspection = inspect([*TRAIN, ("neg", "a bad  film")])
    assert complaints_of(inspection, wrong=False) == [("train.tsv", 6, "repeated texts", "line 2 again: a bad  film")]


def test_text_with_two_classes_names_both_lines(inspect):
    inspection = inspect([*TRAIN, ("pos", "a bad film")])
    kind = "repeated texts with other classes"
    assert complaints_of(inspection, wrong=False) == [
        ("train.tsv", 6, kind, "pos, but neg in line 2: a bad film"),
    ]


@pytest.mark.parametrize("part", ["dev", "test"])
def test_text_of_another_part_that_train_has_is_a_remark(inspect, part):
    inspection = inspect(**{part: [("pos", "well said"), ("pos", "a bad film"), ("neg", "very poor")]})
    messages = [(line, kind, message.rpartition("/")[2]) for _, line, kind, message in complaints_of(inspection)]
    assert messages == [
        (2, f"texts of {part} that train has too", "train.tsv as neg, here pos: a bad film"),
        (3, f"texts of {part} that train has too", "train.tsv: very poor"),
    ]


def test_class_of_dev_that_train_lacks_is_an_error(inspect):
    inspection = inspect(dev=[*DEV, ("neutral", "so so"), ("neutral", "it is")])
    assert complaints_of(inspection, wrong=True) == [
        ("dev.tsv", 3, "classes of dev that train does not have", "'neutral' is none of neg, pos"),
    ]


def test_single_class_is_an_error(inspect):
    inspection = inspect([("pos", "a film"), ("pos", "a good one")], [("pos", "it is"), ("pos", "well done it")])
    kind, message = "data from which nothing can be learnt", "expected at least two classes, found pos"
    assert ("train.tsv", None, kind, message) in complaints_of(inspection, wrong=True)


def test_class_with_one_text_is_a_remark(inspect):
    inspection = inspect([*TRAIN, ("neutral", "so so")])
    assert complaints_of(inspection) == [
        ("train.tsv", 6, "classes with fewer than two texts", "'neutral' has one of the texts")
    ]


def test_classes_of_one_spelling_are_a_remark(inspect):
    inspection = inspect([*TRAIN, ("Pos", "so good"), ("Pos", "even better")])
    assert complaints_of(inspection) == [
        ("train.tsv", 6, "classes of nearly equal names", "'Pos' (2) is another class than 'pos' (3)")
    ]


def test_joined_classes_name_the_setting(inspect):
    inspection = inspect([*TRAIN, ("pos|neg", "so so"), ("pos|neg", "well well")])
    assert complaints_of(inspection) == [
        (
            "train.tsv",
            6,
            "classes that look like several",
            "'pos|neg' looks like several classes; data.label_separator = '|' parts them",
        )
    ]


def test_several_classes_are_errors_for_one_class_a_text(inspect):
    rows = [*TRAIN, ("pos|neg", "so so"), ("pos|neg", "well well")]
    inspection = inspect(rows, label_separator="|")
    message = "expected one class (head.kind = sigmoid takes several), found pos, neg"
    kind = "texts with none or several classes"
    assert complaints_of(inspection) == [("train.tsv", line, kind, message) for line in (6, 7)]
    allowed = inspect(rows, label_separator="|", several=True)
    assert complaints_of(allowed) == []
    assert allowed.parts["train"].several == 2
    assert allowed.parts["train"].classes == {"pos": 5, "neg": 4}


def test_malformed_rows_are_errors_and_all_others_are_counted(inspect, tmp_path):
    inspection = inspect([*TRAIN, ("", "no class"), ("pos", " ")])
    errors = [(line, message) for _, line, _, message in complaints_of(inspection, wrong=True)]
    assert errors == [
        (6, "expected a class, found none: 'no class'"),
        (7, 'expected a text, or data.on_empty = "skip" to leave it out, found none for class pos'),
    ]
    assert inspection.parts["train"].sequences == 5


def test_texts_in_a_wrong_encoding_are_remarked(inspect):
    inspection = inspect([*TRAIN, ("pos", "un café agréable")], encoding="latin-1")
    assert [(line, kind) for _, line, kind, _ in complaints_of(inspection)] == [(6, "texts that look wrongly decoded")]
    assert complaints_of(inspect([*TRAIN, ("pos", "un café agréable, Ã la carte")])) == []


def test_share_of_train_is_a_part_of_its_own(inspect):
    rows = [(label, f"{text} {number}") for number in range(4) for label, text in TRAIN]
    inspection = inspect(rows, {"share": 0.2})
    assert [of.sequences for of in inspection.parts.values()] == [16, 4]
    assert complaints_of(inspection) == []


def test_missing_file_is_an_error_and_other_parts_are_read(inspect):
    inspection = inspect(dev="nowhere.tsv")
    assert list(inspection.parts) == ["train"]
    assert [(line, kind) for _, line, kind, _ in complaints_of(inspection, wrong=True)] == [
        (None, "what can't be read")
    ]


def test_single_file_is_inspected_alone(inspect, tmp_path):
    other = tmp_path / "other.tsv"
    other.write_text("a\tone two three\nb\tfour five\na\tsix seven\n", encoding="utf-8")
    inspection = inspect(source=str(other))
    assert {name: of.classes for name, of in inspection.parts.items()} == {"texts": {"a": 2, "b": 1}}
