"""What a training says of its epochs, and leaves to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from torch import Tensor

from bilstm_nlp.tasks.base import Score


@dataclass(frozen=True)
class EpochReport:
    """What one epoch came to."""

    epoch: int
    """From 1."""
    loss: float
    """Mean training loss."""
    score: Score
    """On the development data, with the weights that would be kept."""
    best: bool
    """No epoch before had a score as good."""
    learning_rate: float
    """At the last step."""
    seconds: float
    """Of training, without the development data."""
    sequences: int
    """Seen in training."""


@dataclass(frozen=True)
class Part:
    """The part of an epoch that is done."""

    batches: int = 0
    loss: float = 0.0
    """Their sum."""
    weight: float = 0.0
    """What it is to be divided by, so far."""
    sequences: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class State:
    """All that going on from here needs."""

    tensors: dict[str, Tensor]
    reports: tuple[EpochReport, ...]
    part: Part | None = None
    """Of the epoch after the last report; None at its beginning."""

    def problem(self) -> str | None:
        """What a state that was read should be and is not; None where nothing is wrong."""
        if [report.epoch for report in self.reports] != list(range(1, len(self.reports) + 1)):
            return "reports of the epochs from the first on"
        if self.reports and not self.reports[0].best:
            return "a first epoch that is the best so far"
        if not all(0 < report.seconds < inf and report.sequences >= 0 for report in self.reports):
            return "epochs that took some time"
        if self.part is not None:
            counts, amounts = (self.part.batches - 1, self.part.sequences), (self.part.weight, self.part.seconds)
            if min(counts) < 0 or not all(0 < amount < inf for amount in amounts):
                return "part of an epoch that took some time"
            if "generator.cpu" not in self.tensors:
                return "the state of the random generators"
        return None


@dataclass(frozen=True)
class Epoch:
    """A finished epoch: its report, the weights that were scored, the state to go on from."""

    report: EpochReport
    weights: dict[str, Tensor]
    state: State


class Paused(Exception):
    """A training was asked to stop, and has; `state` is what it left."""

    def __init__(self, state: State) -> None:
        super().__init__("stopped")
        self.state = state
