"""The state of a training: all that is needed to resume it in the same bits, as named tensors and reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from bilstm_nlp.errors import RunError
from bilstm_nlp.training.reports import EpochReport, Part


@dataclass(frozen=True)
class State:
    """All that is needed to resume a training."""

    tensors: dict[str, Tensor]
    reports: tuple[EpochReport, ...]
    part: Part | None = None
    """The finished part of the epoch after the last report; None at the beginning of an epoch."""

    def problem(self) -> str | None:
        """Describe what a state that was read should have and lacks; None if nothing is wrong."""
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
    """A finished epoch."""

    report: EpochReport
    weights: dict[str, Tensor]
    """The weights that were scored."""
    state: State
    """For `fit` to resume from."""


class Paused(Exception):
    """A training that was asked to stop has stopped; `state` is for `fit` to resume from."""

    def __init__(self, state: State) -> None:
        super().__init__("stopped")
        self.state = state


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Copy the model's weights, so that later steps don't change the copy."""
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def losses_of(state: State) -> dict[str, Tensor]:
    """Return the loss of each step, (steps,) float64, by epoch."""
    return _under(state.tensors, "losses.")


def losses_before(state: State) -> dict[int, list[float]]:
    """Return the loss of each step by the epoch's number.

    Raises `RunError` for tensors that are no losses.
    """
    for name, values in losses_of(state).items():
        if not (name.isascii() and name.isdecimal()) or values.dtype != torch.float64 or values.dim() != 1:
            tensor = f"losses.{name} of type {values.dtype} and shape {tuple(values.shape)}"
            raise RunError(f"state.safetensors: expected the losses of epochs, found {tensor}")
    return {int(epoch): values.tolist() for epoch, values in losses_of(state).items()}


def snapshot(
    model: nn.Module, optimizer: Optimizer, averaged: AveragedModel | None, losses: Mapping[int, Sequence[float]]
) -> dict[str, Tensor]:
    """Copy weights, moments, averaged weights and the loss of each step, under flat names.

    The names are `model.…`, `optimizer.0.exp_avg`, `average.…` and `losses.1`.
    """
    tensors = {f"model.{name}": value for name, value in weights_of(model).items()}
    for index, moments in optimizer.state_dict()["state"].items():
        for name, value in moments.items():
            if value is not None:  # SGD without momentum keeps None
                tensors[f"optimizer.{index}.{name}"] = value.detach().cpu().clone()
    if averaged is not None:
        tensors |= {f"average.{name}": value for name, value in weights_of(averaged).items()}
    return tensors | {f"losses.{epoch}": torch.tensor(values, dtype=torch.float64) for epoch, values in losses.items()}


def restore(state: State, model: nn.Module, optimizer: Optimizer, averaged: AveragedModel | None) -> None:
    """Undo `snapshot`, in place.

    Raises `RunError` for a state that is damaged, or of another model.
    """
    try:
        model.load_state_dict(_under(state.tensors, "model."))
        moments = _moments(state, [p for group in optimizer.param_groups for p in group["params"]])
        optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
        if averaged is not None:
            averaged.load_state_dict(_under(state.tensors, "average."))
            if averaged.n_averaged < 0:
                raise ValueError(f"average.n_averaged of {int(averaged.n_averaged)}")
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"state.safetensors: expected the state of this training, found {reason}") from None


def _moments(state: State, parameters: Sequence[Tensor]) -> dict[int, dict[str, Tensor]]:
    """Return the optimizer's tensors by the number of their parameter.

    Raises `ValueError` for tensors that no optimizer of these parameters has.
    """
    moments: dict[int, dict[str, Tensor]] = {}
    for name, value in _under(state.tensors, "optimizer.").items():
        index, _, moment = name.partition(".")
        if not 0 <= int(index) < len(parameters):
            raise ValueError(f"optimizer.{name} of {len(parameters)} parameters")
        if value.shape != (torch.Size([]) if moment == "step" else parameters[int(index)].shape):
            raise ValueError(f"optimizer.{name} of shape {tuple(value.shape)}")
        if moment == "step" and not value >= 0:
            raise ValueError(f"optimizer.{name} of {value}")
        moments.setdefault(int(index), {})[moment] = value
    if len({frozenset(of_parameter) for of_parameter in moments.values()}) > 1:
        raise ValueError("moments of some parameters that others lack")
    return moments


def generators() -> dict[str, Tensor]:
    """Return the states of the random generators that dropout draws from."""
    states = {"generator.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["generator.cuda"] = torch.cuda.get_rng_state()
    return states


def restore_generators(state: State, rank: int) -> None:
    """Undo `generators` in the process of rank 0, which saved the states.

    Other processes keep numbers of their own, and states of devices that are missing here are ignored.
    Raises `RunError` for a tensor that is no generator's state.
    """
    if rank > 0:
        return
    try:
        torch.set_rng_state(state.tensors["generator.cpu"])
        if torch.cuda.is_available() and "generator.cuda" in state.tensors:
            torch.cuda.set_rng_state(state.tensors["generator.cuda"])
    except (RuntimeError, TypeError) as error:
        raise RunError(f"state.safetensors: expected the state of the random generators, found {error}") from None


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with `prefix`, without the prefix."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
