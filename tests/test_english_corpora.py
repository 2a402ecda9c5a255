"""The corpora of the English tagger are made alike: rules of scripts/english, on rows as the corpora have them."""

from __future__ import annotations

from collections import Counter

import pytest

from scripts.english.corpora import (
    Token,
    cut_clitics,
    in_lower_case,
    joined_marks,
    joined_runs,
    read_columns,
    with_hyphens_cut,
    without_nationalities,
    without_titles,
    write,
)


def sentence(text: str) -> list[Token]:
    """Make a sentence of words with `/TAG`, O without."""
    words = (word.partition("//") for word in text.split())
    return [Token(form, tag or "O") for form, _, tag in words]


def test_columns_become_iob2_with_types_renamed(tmp_path):
    file = tmp_path / "a.conll"
    file.write_text(
        "-DOCSTART- O\n\nPunk I-MISC\nat I-ORG\nhome I-ORG\n\nUK I-LOC\nParis B-LOC\nfans I-MISC\nBo I-PER\n", "utf-8"
    )
    sentences = read_columns(file, 0, 1, {"MISC": None, "PER": "P"})
    assert sentences == [sentence("Punk at//B-ORG home//I-ORG"), sentence("UK//B-LOC Paris//B-LOC fans Bo//B-P")]
    write(tmp_path / "b.conll", sentences)
    assert read_columns(tmp_path / "b.conll", 0, 1, {}) == sentences


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (joined_marks, "@//B-PER bob//B-PER hi", "@bob hi"),
        (joined_marks, "# Paris//B-LOC # 1 @ home", "#Paris//B-LOC #1 @home"),
        (joined_marks, "#UN//B-ORG @//B-LOC", "#UN//B-ORG @"),
        (joined_runs, "so . . . ok .", "so ... ok ."),
        (joined_runs, "Inc//B-ORG .//I-ORG .", "Inc//B-ORG .//I-ORG ."),
        (joined_runs, "what ! ? ! . no !!! !", "what !?! . no !!!!"),
        (cut_clitics, "I'm don't Bob's//B-PER o'clock", "I 'm do n't Bob's//B-PER o'clock"),
        (without_titles, "Dr//B-PER No//I-PER Dr//B-PER", "Dr No//B-PER Dr//B-PER"),
        (without_nationalities, "Israeli//B-LOC Irish//B-LOC Sea//I-LOC", "Israeli Irish//B-LOC Sea//I-LOC"),
    ],
)
def test_rule_brings_the_corpora_together(rule, before, after):
    changes: Counter[str] = Counter()
    assert rule(sentence(before), changes) == sentence(after)
    assert bool(changes) == (before != after)


def test_copies_are_in_lower_case_or_cut_at_hyphens():
    words = sentence("al-Qaeda//B-ORG of the-U.S//B-LOC 1-2")
    assert in_lower_case(words) == sentence("al-qaeda//B-ORG of the-u.s//B-LOC 1-2")
    cut = sentence("al//B-ORG -//I-ORG Qaeda//I-ORG of the//B-LOC -//I-LOC U.S//I-LOC 1-2")
    assert with_hyphens_cut(words) == cut
