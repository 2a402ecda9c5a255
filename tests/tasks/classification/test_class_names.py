from __future__ import annotations

import pytest

from bilstm_nlp.tasks.classification.class_names import class_complaints, is_slip, spelled_alike
from bilstm_nlp.tasks.classification.ends import Labelled, Part


@pytest.mark.parametrize(
    ("name", "other", "expected"),
    [
        ("positive", "postive", True),
        ("positive", "positve", True),
        ("positive", "positivee", True),
        ("positive", "psoitive", True),
        ("positive", "pozitive", True),
        ("positive", "positive", False),
        ("positive", "negative", False),
        ("class10", "class11", False),
        ("buy", "bye", False),
    ],
)
def test_slip_is_one_letter_of_a_long_name(name, other, expected):
    assert is_slip(name, other) == is_slip(other, name) == expected


@pytest.mark.parametrize(
    ("name", "other", "expected"),
    [
        ("Spam", "spam", True),
        ("sci/tech", "Sci_Tech", True),
        ("+", "-", False),
        ("a1", "a2", False),
        ("财经", "体育", False),
    ],
)
def test_names_of_the_same_letters_are_alike(name, other, expected):
    assert spelled_alike(name, other) == expected


def test_slip_is_a_remark_only_if_it_is_rare():
    def complaints(often, seldom):
        names = ["positive"] * often + ["postive"] * seldom
        examples = [Labelled(None, (name,), "a", line) for line, name in enumerate(names, 1)]
        return [
            (complaint.line, complaint.message) for complaint in class_complaints(Part("a", examples), several=False)
        ]

    assert complaints(40, 2) == [(41, "'postive' (2) is another class than 'positive' (40)")]
    assert complaints(40, 20) == []
