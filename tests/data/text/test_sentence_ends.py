"""Ends of sentences: abbreviations, quotes, paragraphs, scripts without blanks; every character stays."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.text import sentence_ends
from bilstm_nlp.data.text.sentence_ends import sentence_spans
from bilstm_nlp.errors import InputError

ENGLISH = [
    ["Dr. Smith went to Washington D.C. on Jan. 5.", "He met Mr. Jones of Acme Inc.", "They paid $3.50 e.g. for tea."],
    ['"Really?" she asked.', "Yes!", "See fig. 3 for details.", "The U.S. won."],
    ["It was 5 p.m. in the U.K. and cold.", "Élan is left."],
    ["Prices rose 3.5 percent in 1996.", "Shares of A. Smith & Co. fell..."],
    ['He said "Go."', "Then he left.", "It was 5 p.m.", "Mr. X was late"],
    ["J. R. R. Tolkien wrote.", "Vitamin C.", "It helps."],
    ["no capital, no stop"],
]


@pytest.fixture(params=["library", "rules"])
def rules(request, monkeypatch) -> str:
    """Cut by the library, if it is installed, and without it."""
    if request.param == "library":
        pytest.importorskip("sentencex")
    else:
        monkeypatch.setattr(sentence_ends, "is_installed", lambda: False)
    return request.param


def sentences(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, language)]


@pytest.mark.parametrize("expected", ENGLISH)
@pytest.mark.parametrize("blank", [" ", "  "])
def test_abbreviations_end_no_sentence(rules, expected, blank):
    assert sentences(blank.join(expected)) == expected


@pytest.mark.parametrize("text", ["One line\nin a row.", "One.", "", " \n "])
def test_a_single_line_end_parts_nothing(rules, text):
    assert sentences(text) == ([text.strip()] if text.strip() else [])


def test_a_blank_line_ends_a_sentence(rules):
    assert sentences("A title\n\nThe text. More\n \nof it") == ["A title", "The text.", "More", "of it"]


def test_scripts_without_blanks_are_cut_at_their_stops(rules):
    assert sentences("我住在北京。你呢？很好！", "zh") == ["我住在北京。", "你呢？", "很好！"]


def test_a_language_has_its_own_abbreviations():
    pytest.importorskip("sentencex")
    expected = ["Prof. Dr. Müller kam am 3. Mai nach Berlin.", "Er sprach z.B. über KI.", "Das ist u.a. wichtig."]
    assert sentences(" ".join(expected), "de") == expected


@given(st.text(st.sampled_from("ab AB.!?。\n\t\"'()1é😀\u2028"), max_size=40))
def test_spans_have_all_characters_but_blanks(text):
    for cut in (sentence_ends._by_rules, lambda text: sentence_ends._by_library(text, "en")):
        if cut is not sentence_ends._by_rules and not sentence_ends.is_installed():
            continue
        spans = list(sentence_ends._trimmed(text, cut(text)))
        assert spans == sorted(spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


def test_the_rules_are_said_without_the_library(monkeypatch, caplog):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(sentence_ends, "is_installed", lambda: False)
    sentence_ends.say_rules("en")
    assert "pip install 'bilstm-nlp[sentences]'" in caplog.text
    with pytest.raises(InputError, match="--language: expected en, the only one with rules here, found de"):
        sentence_ends.say_rules("de")
    caplog.clear()
    monkeypatch.setattr(sentence_ends, "is_installed", lambda: True)
    sentence_ends.say_rules("de")
    assert not caplog.messages
