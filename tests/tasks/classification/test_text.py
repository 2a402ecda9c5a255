"""The texts of a classifier: cut after training as in training, and read with the classes that are known."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.tasks.classification import embedders
from bilstm_nlp.tasks.classification.text import TextEnd
from tests.tasks.classification.texts import config_of


@pytest.fixture
def restored(tmp_path):
    """Return a function (tokenizer of training, that of later) → the end of a restored run."""

    def restore(trained, later):
        values = config_of(tmp_path)
        ends = []
        for tokenizer in (trained, later):
            values["data"]["tokenizer"] = tokenizer
            ends.append(TextEnd(parse(values, "x")))
        codec, _ = embedders.fit(ends[0], [LabelledText("a b", ("a", "b"), None, 1)])
        ends[1].restored(codec.to_json(), codec.tensors())
        return ends[1]

    return restore


@pytest.mark.parametrize(
    ("trained", "later", "tokens"),
    [
        (None, None, ["do", "n't"]),
        ("blanks", None, ["don't"]),
        (None, "blanks", ["don't"]),
        ("builtins:list", "builtins:list", list("don't")),
    ],
)
def test_texts_are_cut_as_in_training_unless_told(restored, trained, later, tokens):
    texts, _ = restored(trained, later).loader.inputs_of("don't", "x")
    assert list(texts[0].tokens) == tokens


def test_function_that_only_a_run_names_is_not_imported(restored):
    end = restored("builtins:list", None)
    with pytest.raises(InputError, match=r"--set data.tokenizer=builtins:list"):
        end.loader.inputs_of("don't", "x")


def test_known_classes_tell_the_column_of_another_file(restored, tmp_path):
    path = tmp_path / "other.txt"
    path.write_text("place here\nnumber there\nplace there\nnumber here\n")
    end = restored(None, None)
    with pytest.raises(DataError, match=r"data\.label_column"):
        end.read(str(path))
    part = end.read(str(path), ("place", "number", "person"))
    assert [example.classes for example in part.examples] == [("place",), ("number",), ("place",), ("number",)]
