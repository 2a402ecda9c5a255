"""Requests for predictions: formats a model can write, and options it can't use."""

from __future__ import annotations

from pathlib import Path

import pytest

from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.request import Request, settings_of


def test_the_first_format_is_the_default():
    assert Request("x").check("tagger", ("text", "jsonl"), ()) == "text"
    assert Request("x", format="jsonl").check("tagger", ("text", "jsonl"), ()) == "jsonl"


def test_an_encoding_is_named_once():
    assert settings_of(["data.comment='#'"], None) == ("data.comment='#'",)
    assert settings_of(None, "latin-1") == ('data.encoding="latin-1"',)
    with pytest.raises(InputError, match=r"^--encoding: expected no data.encoding beside it, found --set data.enc"):
        settings_of(["data.encoding=utf-8"], "latin-1")


def test_other_formats_are_refused_with_those_of_the_model():
    with pytest.raises(InputError, match=r"^--format: expected csv, json for a forecaster, found conll$"):
        Request("x", format="conll").check("forecaster", ("csv", "json"), ())


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"reads": "text"}, "--input"),
        ({"confidence": True}, "--confidence"),
        ({"nbest": 3}, "--nbest"),
        ({"known": "x.csv"}, "--known"),
        ({"plot": Path("x.png")}, "--plot"),
        ({"attention": True}, "--attention"),
        ({"jobs": 2}, "--jobs"),
    ],
)
def test_options_of_another_model_are_refused_unless_default(options, name):
    (field,) = options
    with pytest.raises(InputError, match=f"^{name}: not for a tagger$"):
        Request("x", **options).check("tagger", ("text",), (field,))
    assert Request("x", **options).check("tagger", ("text",), ()) == "text"
    assert Request("x").check("tagger", ("text",), (field,)) == "text"
