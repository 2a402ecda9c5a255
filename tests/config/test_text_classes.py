"""The section of texts with classes: sources, columns and names."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.config.text_classes import TextShare
from bilstm_nlp.errors import ConfigError


def data_of(**settings):
    """Return the data section of a config with these settings."""
    return parse({"task": "classification", "data": {"train": "a.csv", "dev": "b.csv", **settings}}, "x").data


def test_development_texts_may_be_a_share():
    dev = data_of(dev={"share": 0.1}).dev
    assert isinstance(dev, TextShare)
    assert (dev.share, dev.seed) == (0.1, None)


def test_pattern_becomes_the_files_that_match(tmp_path):
    for name in ("2.csv", "1.csv"):
        (tmp_path / name).touch()
    assert data_of(train=str(tmp_path / "*.csv")).train == (str(tmp_path / "1.csv"), str(tmp_path / "2.csv"))


@pytest.mark.parametrize("columns", [0, -1, "text", ["title", "text"], [1, 2]])
def test_columns_are_numbers_names_or_several(columns):
    data = data_of(text_column=columns, label_column=columns)
    expected = tuple(columns) if isinstance(columns, list) else columns
    assert (data.text_column, data.label_column) == (expected, expected)


def test_classes_have_names_by_place_or_by_spelling():
    assert data_of(label_names=["World", "Sports"]).label_names == ("World", "Sports")
    assert data_of(label_names={"4": "good", "5": "good"}).label_names == {"4": "good", "5": "good"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label_names": ["a", "a"]}, "expected each name once, not 'a' twice"),
        ({"label_names": ["a", ""]}, "expected names without blanks around them, none of them empty"),
        ({"label_names": {"1": " a"}}, "expected names without blanks around them"),
        ({"held_out": {"fold": 3, "folds": 2}}, "expected a fold of at most 2, found 3"),
        ({"dev": {"share": 1.0}}, "data.dev"),
        ({"text_column": []}, "data.text_column"),
        ({"separator": ""}, "data.separator"),
        ({"tokenizer": "words"}, "data.tokenizer"),
        ({"lower": True}, "data.lower: unknown key"),
    ],
)
def test_wrong_settings_are_refused_with_their_reason(settings, message):
    with pytest.raises(ConfigError) as refused:
        data_of(**settings)
    assert message in str(refused.value)
