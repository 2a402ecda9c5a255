from __future__ import annotations

import pytest

from bilstm_nlp.data.labelled.labelled_text import TextFormat
from bilstm_nlp.data.labelled.text_files import read_texts
from bilstm_nlp.errors import DataError


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def test_folder_of_a_class_has_a_file_for_each_text(tmp_path):
    write(tmp_path, {"pos/2.txt": "good\n\nfilm\n", "pos/10.txt": "fine", "neg/49960": "bad", "pos/.hidden": "x"})
    write(tmp_path, {"README.md": "notes"})
    remarks = []
    texts = list(read_texts(str(tmp_path), TextFormat(), note=remarks.append))
    assert [(text.classes, text.text, text.source) for text in texts] == [
        (("neg",), "bad", str(tmp_path / "neg/49960")),
        (("pos",), "fine", str(tmp_path / "pos/10.txt")),
        (("pos",), "good\n\nfilm", str(tmp_path / "pos/2.txt")),
    ]
    assert [(remark.kind, remark.message) for remark in remarks] == [
        ("files in no folder of a class, not read", "README.md")
    ]


def test_empty_file_is_an_error_with_its_name(tmp_path):
    write(tmp_path, {"pos/1.txt": "good", "neg/1.txt": " \n"})
    with pytest.raises(DataError, match=r"neg/1.txt:1: expected a text"):
        list(read_texts(str(tmp_path), TextFormat()))


def test_folder_of_parts_is_an_error_that_names_a_part(tmp_path):
    write(tmp_path, {"train/pos/1.txt": "good", "test/pos/1.txt": "good"})
    with pytest.raises(DataError, match=r"files in test, the folder of a class; data.train = '.*/test' reads"):
        list(read_texts(str(tmp_path), TextFormat()))


def test_folder_without_folders_is_an_error(tmp_path):
    write(tmp_path, {"1.txt": "good"})
    with pytest.raises(DataError, match=r"expected a folder for each class.*only 1\.txt"):
        list(read_texts(str(tmp_path), TextFormat()))
