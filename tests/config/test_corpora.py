"""Corpora of a config: one source, several, patterns, and shares of the training corpus."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.config import parse, to_json
from bilstm_nlp.config.corpora import DevShare
from bilstm_nlp.errors import ConfigError


def data_of(train, dev="d.conll", **more):
    return parse({"data": {"train": train, "dev": dev, **more}}, "a test")


def test_patterns_become_the_files_that_match(tmp_path):
    for name in ("b.conll", "a.conll", "sub/c.conll", "a.txt", "odd[1].conll"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = lambda *names: tuple(str(tmp_path / name) for name in names)  # noqa: E731
    assert data_of(f"{tmp_path}/[ab].conll").data.train == names("a.conll", "b.conll")
    assert data_of(f"{tmp_path}/**/c*").data.train == str(tmp_path / "sub" / "c.conll")
    assert data_of([f"{tmp_path}/s*/*", f"{tmp_path}/a.txt"]).data.train == names("sub/c.conll", "a.txt")
    assert data_of(f"{tmp_path}/odd[1].conll").data.train == str(tmp_path / "odd[1].conll")
    assert data_of(f"{tmp_path}/no*.conll").data.train == str(tmp_path / "no*.conll")


def test_all_files_are_sources_and_come_back_from_json(tmp_path):
    config = data_of(["a.conll", "hf:x"], ["c.conll", "sample:news.dev.conll"], test="e.conll")
    assert [source.rpartition("/")[2] for source in config.sources] == [
        *("a.conll", "hf:x", "c.conll", "sample:news.dev.conll", "e.conll")
    ]
    assert parse(json.loads(json.dumps(to_json(config))), "again") == config
    share = data_of("a.conll", {"share": 0.1})
    assert [source.rpartition("/")[2] for source in share.sources] == ["a.conll"]
    assert share.data.dev == DevShare(share=0.1)
    assert parse(json.loads(json.dumps(to_json(share))), "again") == share


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"train": 3, "dev": "d"}, "data.train: expected a valid string, found 3"),
        ({"train": [], "dev": "d"}, "data.train: expected "),
        ({"train": ["a", "a"], "dev": "d"}, "data.train: expected each file once, not "),
        ({"train": [], "dev": "d"}, "data.train: expected at least 1 of them, found []"),
        ({"train": "a", "dev": {"share": 1}}, "data.dev.share: expected less than 1, found 1"),
        ({"train": "a", "dev": {"share": 0}}, "data.dev.share: expected greater than 0, found 0"),
        ({"train": "a", "dev": {}}, "data.dev.share: required"),
        ({"train": {"share": 0.1}, "dev": "d"}, "data.train: expected a valid string"),
    ],
)
def test_other_values_are_refused_in_a_line_each(data, message):
    with pytest.raises(ConfigError) as error:
        parse({"data": data}, "a test")
    assert message in str(error.value)
    assert len(error.value.problems) == 1
