"""Inputs that a run carries with the answers that it gave when it was saved, and whether it still gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bilstm_nlp.errors import RunError
from bilstm_nlp.tasks.base import Answer, Predictor

TOLERANCE = 1e-4
"""Of probabilities and of forecasts in standard deviations. Sums in another order differ by 1e-6; less than this
changes nothing that anybody reads."""


@dataclass(frozen=True)
class Replayed:
    """The inputs, answered again in one way."""

    way: str
    difference: float
    """The largest one of a number; infinite where there are more or fewer numbers."""
    other_tags: int
    tags: int

    @property
    def same(self) -> bool:
        """Within the tolerance, and with the same tags."""
        return self.difference <= TOLERANCE and self.other_tags == 0


def recording(model: Predictor, inputs: Sequence[Any]) -> dict[str, Any]:
    """The inputs and the answers, as JSON."""
    answers = settled(lambda: model.answers(inputs))
    return {"inputs": list(inputs), "answers": [answer._asdict() for answer in answers]}


def replay(model: Predictor, recorded: dict[str, Any]) -> list[Replayed]:
    """The recorded inputs answered as they were recorded, then alone, in another order, and beside longer ones.

    A model that draws random numbers, for its initial states say, answers in the first way alone as it did before.
    Raises `RunError` for a recording that is none.
    """
    try:
        before = [Answer(**answer) for answer in recorded["answers"]]
        return [compared(way, before, settled(give)) for way, give in ways(model, recorded["inputs"])]
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise RunError(f"replay.json: expected inputs of this model and its answers, found {error!r}") from None


def ways(model: Predictor, inputs: Sequence[Any]) -> Iterator[tuple[str, Callable[[], list[Answer]]]]:
    """Each way to ask, by name."""
    yield "as recorded", lambda: model.answers(inputs)
    if draws(lambda: model.answers(inputs)):
        return
    order = np.random.default_rng(0).permutation(len(inputs)).tolist()
    yield "alone", lambda: [model.answers([one])[0] for one in inputs]
    yield "in another order", lambda: restored(model.answers([inputs[index] for index in order]), order)
    if longer := model.longer(inputs):
        yield "beside longer ones", lambda: model.answers([*longer, *inputs])[len(longer) :]


def settled(give: Callable[[], list[Answer]]) -> list[Answer]:
    """The answers with the same random numbers each time; those of others stay as they are."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return give()


def draws(give: Callable[[], list[Answer]]) -> bool:
    """Whether answering takes random numbers."""
    with torch.random.fork_rng():
        before = torch.get_rng_state()
        give()
        return not torch.equal(before, torch.get_rng_state())


def restored(answers: Sequence[Answer], order: Sequence[int]) -> list[Answer]:
    """Answers to inputs in this order, in the order of the inputs."""
    return [answers[order.index(index)] for index in range(len(order))]


def compared(way: str, before: Sequence[Answer], now: Sequence[Answer]) -> Replayed:
    """How far the answers are from each other."""
    largest, others, count = 0.0, 0, 0
    for one, other in zip(before, now, strict=True):
        if len(one.numbers) != len(other.numbers) or len(one.tags) != len(other.tags):
            largest, others = float("inf"), others + len(one.tags)
        else:
            difference = np.abs(np.subtract(one.numbers, other.numbers, dtype=np.float64)).max(initial=0)
            largest = max(largest, float("inf") if np.isnan(difference) else float(difference))
            others += sum(first != second for first, second in zip(one.tags, other.tags, strict=True))
        count += len(one.tags)
    return Replayed(way, largest, others, count)
