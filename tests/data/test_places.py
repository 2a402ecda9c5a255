"""What the name of a source means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bilstm_nlp.data.places import place
from bilstm_nlp.errors import DataError


def test_a_path_is_itself():
    assert place("some/file.conll") == Path("some/file.conll")
    assert place("C:/file.conll") == Path("C:/file.conll")


def test_files_of_packages_are_found_without_an_import(tmp_path, monkeypatch):
    (tmp_path / "some_words").mkdir()
    (tmp_path / "some_words" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert place("package:some_words/de/words.txt") == tmp_path / "some_words" / "de" / "words.txt"
    assert "some_words" not in sys.modules


@pytest.mark.parametrize("name", ["no_such_package/a.txt", "", "/a.txt", "a.b/c", "../a", "json.decoder/x", "this/x"])
def test_what_is_no_package_is_named(name):
    with pytest.raises(DataError, match=f"^package:{name}: expected package:NAME/FILE of an installed package, found"):
        place(f"package:{name}")
