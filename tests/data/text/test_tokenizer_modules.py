from __future__ import annotations

import pytest

from bilstm_nlp.data.text.tokenizer import Cut, offsets
from bilstm_nlp.errors import InputError

FUNCTIONS = """
def by_dots(text): return text.split(".")
def with_blanks(text): return ["EU ", "rejects", " ", "it"]
def lower(text): return text.lower().split()
def less(text): return text.split()[:1]
def numbers(text): return [1, 2]
def one(text): return "EU"
def fails(text): raise KeyError("x")
value = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    (tmp_path / "my_cuts.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)
    return "my_cuts"


def test_a_function_cuts_text_and_blanks_are_left_out(module):
    assert offsets("EU  rejects it", Cut(module=f"{module}:with_blanks")) == [(0, 2), (4, 11), (12, 14)]
    assert offsets("", Cut(module="builtins:list")) == []


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("by_dots", r"the pieces of the text in order from 'my_cuts:by_dots', here of '\. EU', found 'EU'"),
        ("lower", "here of 'B. EU', found 'b.'"),
        ("less", "here of 'EU', found 'the end of its tokens'"),
        ("numbers", "expected tokens from 'my_cuts:numbers', found 1"),
        ("one", "expected a list of tokens from 'my_cuts:one', found 'EU'"),
        ("fails", r"expected 'my_cuts:fails' to cut 'B. EU', found KeyError\('x'\)"),
        ("value", "expected a function, found 'my_cuts:value', which is no function"),
        ("none", "expected 'none' in the module 'my_cuts', found none"),
    ],
)
def test_what_is_not_the_texts_pieces_is_an_error(module, function, message):
    with pytest.raises(InputError, match=rf"^data\.tokenizer: .*{message}"):
        offsets("B. EU", Cut(module=f"{module}:{function}"))


def test_a_missing_module_is_named():
    with pytest.raises(InputError, match="expected the module 'no_such_cuts', which Python finds in PYTHONPATH, found"):
        offsets("EU", Cut(module="no_such_cuts:cut"))


def test_code_that_only_a_run_names_is_not_run(module):
    with pytest.raises(InputError, match=r"^expected lists of tokens, or --set data\.tokenizer=my_cuts:by_dots: this"):
        offsets("EU", Cut(module=f"{module}:by_dots", saved=True))


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [("jieba", "北京大学在北京", ["北京大学", "在", "北京"]), ("pythainlp", "ฉันรัก แมว", ["ฉัน", "รัก", "แมว"])],
)
def test_packages_cut_text_by_their_names(name, text, tokens):
    pytest.importorskip(name)
    cut = Cut(module=name, saved=True)
    assert [text[start:end] for start, end in offsets(text, cut)] == tokens
