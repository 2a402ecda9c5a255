"""Recorded answers: a model is asked again in every way, and each difference counts."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.replay import TOLERANCE, Replayed, compared, recording, recording_of_saved, replay
from bilstm_nlp.tasks.base import Answer

WAYS = ["as recorded", "alone", "in another order", "beside longer ones"]


class Sums:
    """A model that answers each input, a list of numbers, with its sum and its largest number."""

    def __init__(self, padding: float = 0.0) -> None:
        self.padding = padding
        """Error of a sum for each number that the batch adds to its input."""
        self.asked: list[list[list[float]]] = []

    def answers(self, inputs):
        self.asked.append(list(inputs))
        longest = max(map(len, inputs))
        return [
            Answer([sum(values) + self.padding * (longest - len(values))], [f"B-{max(values)}"]) for values in inputs
        ]

    def longer(self, inputs):
        return [[9.0] * 8]


INPUTS = [[1.0], [2.0, 3.0], [4.0, 0.5, 0.25]]


def test_recording_holds_inputs_and_answers_as_json():
    assert recording(Sums(), INPUTS[:2]) == {
        "inputs": [[1.0], [2.0, 3.0]],
        "answers": [{"numbers": [1.0], "tags": ["B-1.0"]}, {"numbers": [5.0], "tags": ["B-3.0"]}],
    }


def test_saved_model_that_answers_otherwise_is_refused():
    assert recording_of_saved(Sums(), Sums(TOLERANCE / 10), INPUTS) == recording(Sums(TOLERANCE / 10), INPUTS)
    with pytest.raises(RunError, match=r"^replay\.json: expected the answers of the trained model .* by 5\.0e-01$"):
        recording_of_saved(Sums(), Sums(0.25), INPUTS)


def test_inputs_are_asked_together_alone_reordered_and_padded():
    model = Sums()
    assert replay(model, recording(Sums(), INPUTS)) == [Replayed(way, 0.0, 0, 3) for way in WAYS]
    asked = model.asked
    assert INPUTS in asked
    assert [[values] for values in INPUTS] == [batch for batch in asked if len(batch) == 1]
    assert any(batch != INPUTS and sorted(batch) == INPUTS for batch in asked)
    assert asked[-1] == [[9.0] * 8, *INPUTS]


def test_answers_that_depend_on_padding_differ():
    replayed = {each.way: each for each in replay(Sums(0.25), recording(Sums(0.25), INPUTS))}
    assert {way for way, each in replayed.items() if each.same} == {"as recorded", "in another order"}
    assert replayed["alone"].difference == pytest.approx(0.5)
    assert replayed["beside longer ones"].difference == pytest.approx(5 * 0.25)


class Drawing(Sums):
    """A model that adds a random number to each answer."""

    def answers(self, inputs):
        return [Answer([sum(values) + float(torch.rand(()))], []) for values in inputs]


def test_model_that_draws_is_asked_as_recorded_with_equal_numbers():
    before = torch.get_rng_state()
    recorded = recording(Drawing(), INPUTS)
    assert replay(Drawing(), recorded) == [Replayed("as recorded", 0.0, 0, 0)]
    assert torch.equal(torch.get_rng_state(), before)
    numbers = [answer["numbers"][0] - sum(values) for answer, values in zip(recorded["answers"], INPUTS, strict=True)]
    assert all(first != second for first, second in pairwise(numbers))


@pytest.mark.parametrize(("by", "same"), [(0.5 * TOLERANCE, True), (2 * TOLERANCE, False)])
def test_differences_beyond_the_tolerance_are_not_the_same(by, same):
    replayed = compared("alone", [Answer([1.0, 2.0], ["O"])], [Answer([1.0, 2.0 + by], ["O"])])
    assert replayed.difference == pytest.approx(by)
    assert replayed.same == same


class Fixed:
    """A model that gives fixed answers."""

    def __init__(self, *answers: Answer) -> None:
        self.given = dict(enumerate(answers))

    def answers(self, inputs):
        return [self.given[index] for index in inputs]

    def longer(self, inputs):
        return []


@pytest.mark.parametrize(
    ("answer", "difference", "other_tags"),
    [
        (Answer([0.5, 0.25], ["O"]), 0.25, 0),
        (Answer([0.5, 0.5], ["B-X"]), 0.0, 1),
        (Answer([0.5, float("nan")], ["O"]), float("inf"), 0),
        (Answer([0.5], ["O"]), float("inf"), 1),
        (Answer([0.5, 0.5], []), float("inf"), 1),
    ],
)
def test_every_difference_of_answers_counts(answer, difference, other_tags):
    recorded = recording(Fixed(Answer([0.5, 0.5], ["O"]), Answer([], [])), [0, 1])
    replayed = replay(Fixed(answer, Answer([], [])), recorded)
    assert [(each.difference, each.other_tags, each.tags) for each in replayed] == [(difference, other_tags, 1)] * 3
    assert not any(each.same for each in replayed)


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        {"inputs": [], "answers": [{"numbers": [], "tags": []}]},
        {"inputs": [[["a"]]], "answers": []},
        {"inputs": [[[7]]], "answers": [{"numbers": [1.0], "tags": ["O"]}]},
        {"inputs": 7, "answers": [3]},
    ],
)
def test_invalid_recording_is_refused_by_name(tagger_run, recorded):
    with pytest.raises(RunError, match=r"replay\.json: expected inputs of this model and its answers"):
        replay(load(tagger_run), recorded)
