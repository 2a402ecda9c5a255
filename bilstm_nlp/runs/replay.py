"""Recorded inputs with the answers of the saved model, and a check that the model still gives these answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bilstm_nlp.errors import RunError
from bilstm_nlp.system.draws import draws, same_draws
from bilstm_nlp.tasks.base import Answer, Predictor

TOLERANCE = 1e-4
"""Largest difference of probabilities, and of forecasts in standard deviations. Sums in another order differ by 1e-6; a
difference below 1e-4 changes no figure that is shown."""


@dataclass(frozen=True)
class Replayed:
    """The comparison of the recorded answers with new answers, in one way of asking."""

    way: str
    difference: float
    """The largest difference of two numbers; infinite if there are more or fewer numbers."""
    other_tags: int
    """Tags that differ."""
    tags: int
    """Tags in all recorded answers."""

    @property
    def same(self) -> bool:
        """True if all numbers are within the tolerance and all tags are the same."""
        return self.difference <= TOLERANCE and self.other_tags == 0


def recording(model: Predictor, inputs: Sequence[Any]) -> dict[str, Any]:
    """Return the inputs and the model's answers as JSON."""
    answers = _seeded(lambda: model.answers(inputs))
    return {"inputs": list(inputs), "answers": [answer._asdict() for answer in answers]}


def recording_of_saved(trained: Predictor, saved: Predictor, inputs: Sequence[Any]) -> dict[str, Any]:
    """Record the answers of a run that was just opened again.

    Raises `RunError` if the model in memory answers otherwise: then something that it needs was not saved.
    """
    recorded = recording(saved, inputs)
    if draws(lambda: saved.answers(inputs)):  # and another device draws other numbers
        return recorded
    before = _seeded(lambda: trained.answers(inputs))
    difference = compared("as saved", before, [Answer(**answer) for answer in recorded["answers"]])
    if not difference.same:
        raise RunError(
            f"replay.json: expected the answers of the trained model from the files of the run, found others by "
            f"{difference.difference:.1e}"
        )
    return recorded


def replay(model: Predictor, recorded: dict[str, Any]) -> list[Replayed]:
    """Ask the recorded inputs again: together, alone, in another order, and beside longer inputs.

    A model that draws random numbers, for its initial states say, is asked in the first way only. So is a model of 8
    bits, whose recording names the `ways` to ask.
    Raises `RunError` for values that are no recording.
    """
    try:
        before = [Answer(**answer) for answer in recorded["answers"]]
        ways = recorded.get("ways")
        asked = [(way, ask) for way, ask in _ways(model, recorded["inputs"]) if ways is None or way in ways]
        return [compared(way, before, _seeded(ask)) for way, ask in asked]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise RunError(f"replay.json: expected inputs of this model and its answers, found {error!r}") from None


def _ways(model: Predictor, inputs: Sequence[Any]) -> Iterator[tuple[str, Callable[[], list[Answer]]]]:
    """Yield each way to ask: its name, and a function that returns the answers in the order of the inputs."""
    yield "as recorded", lambda: model.answers(inputs)
    if draws(lambda: model.answers(inputs)):
        return
    order = np.random.default_rng(0).permutation(len(inputs)).tolist()
    yield "alone", lambda: [model.answers([each])[0] for each in inputs]
    yield "in another order", lambda: _unshuffled(model.answers([inputs[index] for index in order]), order)
    if longer := model.longer(inputs):
        yield "beside longer ones", lambda: model.answers([*longer, *inputs])[len(longer) :]


def _seeded(ask: Callable[[], list[Answer]]) -> list[Answer]:
    """Ask with the same random numbers each time, and leave the generators of the caller unchanged."""
    with same_draws(0):
        return ask()


def _unshuffled(answers: Sequence[Answer], order: Sequence[int]) -> list[Answer]:
    """Put the answers to inputs in this order back into the order of the inputs."""
    return [answers[order.index(index)] for index in range(len(order))]


def compared(way: str, before: Sequence[Answer], now: Sequence[Answer]) -> Replayed:
    """Compare two lists of answers.

    >>> before, now = [Answer([0.25, 0.75], ["O"])], [Answer([0.5, 0.5], ["B-PER"])]
    >>> compared("alone", before, now)
    Replayed(way='alone', difference=0.25, other_tags=1, tags=1)
    """
    largest, other_tags, tags = 0.0, 0, 0
    for old, new in zip(before, now, strict=True):
        if len(old.numbers) != len(new.numbers) or len(old.tags) != len(new.tags):
            largest, other_tags = float("inf"), other_tags + len(old.tags)
        else:
            difference = np.abs(np.subtract(old.numbers, new.numbers, dtype=np.float64)).max(initial=0)
            largest = max(largest, float("inf") if np.isnan(difference) else float(difference))
            other_tags += sum(first != second for first, second in zip(old.tags, new.tags, strict=True))
        tags += len(old.tags)
    return Replayed(way, largest, other_tags, tags)
