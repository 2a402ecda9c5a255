"""The real training loop on fixed batches, and its lower bound: a bare LSTM on tensors of the same sizes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from bilstm_nlp.config.sections import EncoderConfig
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.training.loop import Settings, fit
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch

from .measuring import Figure, Target, ratios


class First:
    """The first batches of an epoch: the same batches in each epoch, collated anew."""

    def __init__(self, batches: Batches, count: int) -> None:
        self.batches, self.count = batches, min(count, len(batches))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, part: slice) -> Iterable[TrainingBatch]:
        first, last, step = part.indices(self.count)
        return self.batches[first:last:step]

    def __iter__(self) -> Iterator[TrainingBatch]:
        return iter(self.batches[: self.count])


def epochs(model: nn.Module, batches: Batches, settings: Settings) -> Iterator[float]:
    """Yield the seconds that `fit` reports for each epoch of these batches: training without scoring."""
    unscored = Score("nothing", 0.0, True)
    for epoch in fit(model, lambda number: batches, lambda model: unscored, settings):
        yield epoch.report.seconds


@torch.no_grad()
def shapes_of(model: Model[Any, Any], batches: Batches) -> list[torch.Size]:
    """Return the shape (B, T, D) of the recurrence's input for each batch."""
    embedded = (model.embedder(on(batch)) for batch in batches)
    return [
        sequences.inputs.shape
        if sequences.windows is None
        else torch.Size([*sequences.windows.cells.shape, sequences.inputs.shape[2]])
        for sequences in embedded
    ]


class BareLstm:
    """A `torch.nn.LSTM` with the encoder's layers, sizes and directions, and an input for each shape (B, T, D)."""

    def __init__(self, encoder: EncoderConfig, shapes: Sequence[torch.Size]) -> None:
        if encoder.cell != "lstm":
            raise ValueError(f"The floor is that of an LSTM. Got encoder.cell = {encoder.cell}.")
        self.inputs = [torch.randn(shape) for shape in shapes]
        self.lstm = nn.LSTM(
            shapes[0][2],
            encoder.hidden,
            num_layers=encoder.layers,
            batch_first=True,
            bidirectional=encoder.bidirectional,
        )

    def forward_and_backward(self) -> None:
        """Run forward and backward over all inputs, which need no gradient themselves."""
        for inputs in self.inputs:
            self.lstm.zero_grad(set_to_none=True)
            self.lstm(inputs)[0].sum().backward()

    @torch.no_grad()
    def forward(self) -> None:
        """Run forward over all inputs."""
        for inputs in self.inputs:
            self.lstm(inputs)


def beside_floor(
    train: Mapping[str, list[float]],
    answer: Mapping[str, list[float]],
    trained: int,
    answered: int,
    units: str,
    step: Target,
    goal: Target | None = None,
) -> dict[str, Figure]:
    """Return the figures of a task beside its floor, from the seconds of "ours" and "floor" in each round.

    `trained` and `answered` are the `units`, such as sentences, of a round. `step`: the goal of training; `goal`: that
    of answers.
    """
    return {
        "train_ratio_to_floor": Figure(ratios(train["floor"], train["ours"]), "×", step),
        "predict_ratio_to_floor": Figure(ratios(answer["floor"], answer["ours"]), "×", goal),
        "train_speed": Figure([trained / seconds for seconds in train["ours"]], f"{units}/s"),
        "train_floor_speed": Figure([trained / seconds for seconds in train["floor"]], f"{units}/s"),
        "predict_speed": Figure([answered / seconds for seconds in answer["ours"]], f"{units}/s"),
        "predict_floor_speed": Figure([answered / seconds for seconds in answer["floor"]], f"{units}/s"),
    }


# --- where a step's time goes ---


class Laps:
    """A stopwatch with marks. The time since the last mark is that of the part that has just ended."""

    def begin(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def end(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self.last
        self.last = now

    def ending(self, part: str) -> Callable[..., None]:
        """Return a hook, of any arguments, that ends a part."""
        return lambda *_: self.end(part)


class Lapped:
    """Batches whose collation is a part of its own. Each iteration starts new laps."""

    def __init__(self, batches: Batches, laps: Laps) -> None:
        self.batches, self.laps = batches, laps

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, part: slice) -> Iterator[TrainingBatch]:
        self.laps.begin()
        for batch in self.batches[part]:
            self.laps.end("data")
            yield batch
            self.laps.end("rest")


def parts_of_a_step(model: Model[Any, Any], batches: Batches, settings: Settings) -> list[dict[str, float | str]]:
    """Measure the parts of `fit`'s steps, by hooks on all layers that it calls. The hooks stay on the model."""
    laps = Laps()

    def hooked(model: nn.Module) -> Optimizer:
        optimizer = settings.optimizer(model)
        optimizer.register_step_pre_hook(laps.ending("clipping"))
        optimizer.register_step_post_hook(laps.ending("optimizer"))
        return optimizer

    assert isinstance(model.embedder, nn.Module)
    model.embedder.register_forward_pre_hook(laps.ending("rest"))
    model.embedder.register_forward_hook(laps.ending("embedder"))
    model.encoder.register_forward_hook(laps.ending("encoder"))
    model.register_forward_hook(laps.ending("head"))
    for parameter in model.parameters():
        if parameter.requires_grad:  # when the last gradient is there, the backward pass has ended
            parameter.register_post_accumulate_grad_hook(laps.ending("backward"))
    deque(epochs(model, Lapped(batches, laps), replace(settings, optimizer=hooked, epochs=2)), maxlen=0)
    total = sum(laps.seconds.values())
    order = ("data", "embedder", "encoder", "head", "backward", "clipping", "optimizer", "rest")
    return [
        {"part": part, "ms": 1000 * laps.seconds[part] / len(batches), "percent": 100 * laps.seconds[part] / total}
        for part in order
    ]
