"""What a training says of its epochs, and leaves to go on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from bilstm_nlp.errors import RunError
from bilstm_nlp.training.protocols import Score


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


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's weights that later steps don't change."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def losses_of(state: State) -> dict[str, Tensor]:
    """Epoch → (steps,) float64, the loss of each step."""
    return under(state.tensors, "losses.")


def losses_before(state: State) -> dict[int, list[float]]:
    """The same by number, to go on with. Raises `RunError` for what are none."""
    for name, values in losses_of(state).items():
        if not (name.isascii() and name.isdecimal()) or values.dtype != torch.float64 or values.dim() != 1:
            found = f"losses.{name} of type {values.dtype} and shape {tuple(values.shape)}"
            raise RunError(f"state.safetensors: expected the losses of epochs, found {found}")
    return {int(epoch): values.tolist() for epoch, values in losses_of(state).items()}


def snapshot(
    model: nn.Module, optimizer: Optimizer, averaged: AveragedModel | None, losses: Mapping[int, Sequence[float]]
) -> dict[str, Tensor]:
    """Weights, moments, averaged weights and each epoch's losses, a step each, under flat names: `model.…`,
    `optimizer.0.exp_avg`, `average.…`, `losses.1`"""
    tensors = {f"model.{name}": value for name, value in weights_of(model).items()}
    for index, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            if value is not None:  # SGD without momentum keeps an empty place
                tensors[f"optimizer.{index}.{name}"] = value.detach().cpu().clone()
    if averaged is not None:
        tensors |= {f"average.{name}": value for name, value in weights_of(averaged).items()}
    return tensors | {f"losses.{epoch}": torch.tensor(found, dtype=torch.float64) for epoch, found in losses.items()}


def restore(state: State, model: nn.Module, optimizer: Optimizer, averaged: AveragedModel | None) -> None:
    """Undo `snapshot`, in place. Raises `RunError` for a state that is damaged, or of another model."""
    try:
        model.load_state_dict(under(state.tensors, "model."))
        moments = moments_of(state, [p for group in optimizer.param_groups for p in group["params"]])
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        if averaged is not None:
            averaged.load_state_dict(under(state.tensors, "average."))
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"state.safetensors: expected the state of this training, found {reason}") from None


def moments_of(state: State, parameters: Sequence[Tensor]) -> dict[int, dict[str, Tensor]]:
    """What the optimizer kept of each parameter. Raises `ValueError` where that can't be."""
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in under(state.tensors, "optimizer.").items():
        index, _, moment = name.partition(".")
        if not 0 <= int(index) < len(parameters):
            raise ValueError(f"optimizer.{name} of {len(parameters)} parameters")
        if value.shape != (torch.Size([]) if moment == "step" else parameters[int(index)].shape):
            raise ValueError(f"optimizer.{name} of shape {tuple(value.shape)}")
        if moment == "step" and not value >= 0:
            raise ValueError(f"optimizer.{name} of {value}")
        moments.setdefault(int(index), {})[moment] = value
    names = {frozenset(found) for found in moments.values()}
    if len(names) > 1:
        raise ValueError("moments of some parameters that others lack")
    return moments


def generators() -> dict[str, Tensor]:
    """The states of the random generators, which dropout draws from."""
    found = {"generator.cpu": torch.get_rng_state()}
    return found | {"generator.cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else found


def restore_generators(state: State, rank: int) -> None:
    """Undo `generators`, where this is the process that saved them; those of devices that are not here are left out.

    The others go on with numbers of their own. Raises `RunError` for what is the state of none.
    """
    if rank > 0:
        return
    try:
        torch.set_rng_state(state.tensors["generator.cpu"])
        if torch.cuda.is_available() and "generator.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["generator.cuda"])
    except (RuntimeError, TypeError) as error:
        raise RunError(f"state.safetensors: expected the state of the random generators, found {error}") from None


def under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
