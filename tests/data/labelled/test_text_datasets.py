from __future__ import annotations

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import read_texts
from bilstm_nlp.data.labelled.text_inputs import texts_to_classify
from bilstm_nlp.errors import DataError

datasets = pytest.importorskip("datasets")


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a dataset with classes that are numbers: → its folder."""

    def save(labels, several=False, key="label", file="folder"):
        kind = datasets.ClassLabel(names=["neg", "pos"])
        kind = datasets.Sequence(kind) if several else kind
        features = datasets.Features({"text": datasets.Value("string"), key: kind})
        rows = {"text": [f"text {number}" for number in range(len(labels))], key: labels}
        dataset = datasets.Dataset.from_dict(rows, features=features)
        if file == "folder":
            dataset.save_to_disk(str(tmp_path / "saved"))
            return str(tmp_path / "saved")
        dataset.to_parquet(str(tmp_path / "a.parquet"))
        return str(tmp_path / "a.parquet")

    return save


@pytest.mark.parametrize("file", ["folder", "parquet"])
def test_numbers_of_a_class_label_become_names(saved, file):
    texts = list(read_texts(saved([1, 0], file=file), TextFormat()))
    assert [(text.text, text.classes, text.line) for text in texts] == [
        ("text 0", ("pos",), 1),
        ("text 1", ("neg",), 2),
    ]


def test_lists_of_class_labels_are_several_classes(saved):
    texts = list(read_texts(saved([[0, 1], []], several=True, key="kinds"), TextFormat()))
    assert [text.classes for text in texts] == [("neg", "pos"), ()]


def test_hidden_class_is_an_error_for_training_only(saved):
    source = saved([1, -1])
    with pytest.raises(DataError, match=r"saved:2: expected a class, found none: 'text 1'"):
        list(read_texts(source, TextFormat()))
    assert [text.classes for text in texts_to_classify(source, TextFormat())] == [("pos",), None]


def test_names_of_the_settings_replace_those_of_the_dataset(saved):
    texts = list(read_texts(saved([1, 0]), TextFormat(label_names=("bad", "good"))))
    assert [text.classes for text in texts] == [("good",), ("bad",)]
