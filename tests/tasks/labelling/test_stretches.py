"""Wrong stretches of labels, against hand-made ones and against a walk over the steps."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.tasks.labelling.stretches import KINDS, most_confident_first, wrong_stretches
from tests.tasks.labelling.machines import a_sequence

NAMES = ("a", "b", "c")


def stretches_of(gold, predicted, marginals=None):
    sequence = a_sequence([[0.0]] * len(gold), gold)
    numbers = (np.array([NAMES.index(label) for label in labels]) for labels in (gold, predicted))
    probabilities = np.full((len(gold), len(NAMES)), 1 / 3) if marginals is None else marginals
    return list(wrong_stretches(sequence, *numbers, probabilities, NAMES))


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ("aabb", "abbb", ["border"]),  # early
        ("aabb", "aaab", ["border"]),  # late
        ("aabbaa", "aaaaaa", ["missed"]),
        ("aaaaaa", "aabbaa", ["label"]),  # a segment too many
        ("aabbcc", "aaaccc", ["border", "border"]),
        ("aaa", "bbb", ["label"]),
        ("bbb", "bbb", []),
    ],
)
def test_kind_of_a_stretch_depends_on_the_steps_beside(gold, predicted, kinds):
    assert [wrong.kind for wrong in stretches_of(gold, predicted)] == kinds
    assert set(kinds) <= set(KINDS)


def test_stretch_has_its_place_and_mean_probabilities():
    marginals = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.1, 0.9]])
    (wrong,) = stretches_of("aaab", "abbb", marginals)
    assert (wrong.place, wrong.first, wrong.last, wrong.steps) == ("a.csv:3", "2", "3", 2)
    assert (wrong.gold, wrong.predicted) == ("a", "b")
    assert wrong.confidence == pytest.approx(0.7)
    assert wrong.likely == pytest.approx(0.3)


def test_label_that_training_lacks_has_probability_zero():
    (wrong,) = stretches_of("c", "a", np.array([[0.6, 0.4]]))
    assert (wrong.gold, wrong.likely) == ("c", 0.0)


def test_stretches_have_every_wrong_step_once():
    generator = np.random.default_rng(0)
    for length in range(1, 40):
        gold, predicted = ("".join(generator.choice(list(NAMES), length)) for _ in range(2))
        seen = []
        for wrong in stretches_of(gold, predicted):
            steps = range(int(wrong.first) - 1, int(wrong.last))
            assert len(steps) == wrong.steps
            assert {(gold[step], predicted[step]) for step in steps} == {(wrong.gold, wrong.predicted)}
            seen += steps
        assert seen == [step for step in range(length) if gold[step] != predicted[step]]


def test_most_confident_stretches_come_first_and_long_ones_among_equals():
    marginals = np.array([[0.2, 0.8], [0.5, 0.5], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.3, 0.7]])
    ordered = most_confident_first(stretches_of("abaaac", "baabba", marginals))
    assert [(wrong.first, wrong.last) for wrong in ordered] == [("4", "5"), ("1", "1"), ("2", "2"), ("6", "6")]
