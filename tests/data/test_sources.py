"""Names of sources: sample files, datasets and paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from bilstm_nlp.data.sources import SAMPLES, path_of
from bilstm_nlp.errors import DataError


@pytest.mark.parametrize("path", ["some/file.conll", "C:/file.conll", "sample", "samples:news.dev.conll"])
def test_a_path_is_itself(path):
    assert path_of(path) == Path(path)


def test_a_sample_is_a_file_of_the_package():
    assert path_of("sample:news.dev.conll") == SAMPLES / "news.dev.conll"


@pytest.mark.parametrize("name", ["", "news", "../places.py", "/etc/passwd"])
def test_an_unknown_sample_is_named(name):
    with pytest.raises(DataError, match=r"expected one of .*news\.dev\.conll.*, found "):
        path_of(f"sample:{name}")
