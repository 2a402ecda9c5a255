"""One training loop for every model. It knows losses, scores and epochs; it does not know tasks, files or printing.

`fit` is a generator of epochs; its caller logs, plots and saves. All randomness of an epoch comes from the seed and
the epoch's number, or from the state that the training was paused in. So a resumed training has the same bits at its
end as one that was never paused.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from bilstm_nlp.errors import DivergenceError, RunError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.system.memory import allocating, keep_freed_memory
from bilstm_nlp.training.averaging import averaged
from bilstm_nlp.training.distributed import Peers
from bilstm_nlp.training.layers import Freezing, freeze, trained_parameters
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch
from bilstm_nlp.training.reports import EpochReport, Part
from bilstm_nlp.training.schedules import Schedule
from bilstm_nlp.training.state import (
    Epoch,
    Paused,
    State,
    generators,
    losses_before,
    restore,
    restore_generators,
    snapshot,
    weights_of,
)


def identity(model: nn.Module) -> nn.Module:
    """Return the model itself: the usual objective is the model's own loss."""
    return model


def never_stop() -> bool:
    """Return False: the training runs to its end."""
    return False


@dataclass(frozen=True)
class Settings:
    """The settings of a training, as plain values and functions."""

    epochs: int
    optimizer: Callable[[nn.Module], Optimizer]
    schedule: Schedule
    seed: int
    clip: float | None = None
    """Largest norm of the gradient."""
    patience: int | None = None
    """Epochs without a better score before the training stops."""
    average: float | None = None
    """Decay of an exponential moving average of the weights, which is then scored and kept. It rises to this value."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda` or `cuda:N`, as in `distributed.device_of`."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Arithmetic of the forward pass in training; weights and scores are always fp32."""
    batch_setting: str = "batch size"
    """Name of the setting that makes batches smaller, for messages."""
    objective: Callable[[nn.Module], nn.Module] = identity
    """Model → module that maps a batch to the loss to minimise; it has no parameters of its own."""
    freezing: Freezing = field(default_factory=Freezing)
    """Layers that are not trained."""


def fit(
    model: nn.Module,
    batches: Callable[[int], Batches],
    evaluate: Callable[[nn.Module], Score],
    settings: Settings,
    state: State | None = None,
    stopping: Callable[[], bool] = never_stop,
) -> Iterator[Epoch]:
    """Train `model`, whose forward maps a batch to a `Loss`, and yield an `Epoch` after each epoch:

        report     loss, score, learning rate, speed; `best` if no earlier epoch has a score as good
        weights    a copy of the weights that were scored
        state      for a later call to resume from

    `batches(epoch)` gives the batches of an epoch in order. `stopping()` is asked after every step.
    Several processes share the batches of an epoch: a step takes a batch from each, and all get equal weights.
    Raises `Paused` if `stopping()` returns True; `InputError` for a device that is missing; `DivergenceError` if the
    loss or the gradient becomes NaN or infinite; `MemoryNeeded` for a batch that is too large; `WorkerError` if another
    process ends; `RunError` for a state of another training.
    """
    trainer = _Trainer(model, settings, stopping)
    # resume, together with all other processes
    part = trainer.restore(state) if state is not None else Part()
    trainer.peers.agree(len(trainer.reports), part.batches)
    for epoch in range(len(trainer.reports) + 1, settings.epochs + 1):
        # stop early, or if asked
        if exhausted([report.score for report in trainer.reports], settings.patience):
            return
        trainer.pause_if_asked()
        # train on all batches
        torch.manual_seed(settings.seed * 100_003 + epoch + trainer.peers.rank * 1_000_000_007)
        part = trainer.run_epoch(epoch, batches(epoch), part, state if part.batches else None)
        # score, and report
        weights = trainer.score(epoch, part, evaluate)
        yield Epoch(trainer.reports[-1], weights, trainer.state())
        part = Part()


class _Trainer:
    """A model in training: its optimizer, its averaged weights, and the reports and losses so far."""

    def __init__(self, model: nn.Module, settings: Settings, stopping: Callable[[], bool]) -> None:
        keep_freed_memory()
        if settings.precision == "fp32":
            # By default cuDNN rounds the factors of an LSTM's products to 10 bits (TF32): 1e-4 of a probability.
            torch.backends.cudnn.allow_tf32 = False
        self.model, self.settings, self.stopping = model, settings, stopping
        self.peers = Peers(settings.device)
        torch.manual_seed(settings.seed)
        self.objective = settings.objective(model).to(self.peers.device)
        self.optimizer = settings.optimizer(model)
        self.trained = trained_parameters(model)
        self.peaks = [group["lr"] for group in self.optimizer.param_groups]
        self.averaged = averaged(model, settings.average) if settings.average else None
        self.reports: list[EpochReport] = []
        self.losses: dict[int, list[float]] = {}

    def restore(self, state: State) -> Part:
        """Restore all but the random generators, and return the finished part of the epoch."""
        restore(state, self.model, self.optimizer, self.averaged)
        self.reports.extend(state.reports)
        self.losses = losses_before(state)
        return state.part or Part()

    def state(self, part: Part | None = None) -> State:
        """Copy the state; within an epoch, `part` of which is finished, the random generators too."""
        tensors = snapshot(self.model, self.optimizer, self.averaged, self.losses)
        return State(tensors if part is None else tensors | generators(), tuple(self.reports), part)

    def pause_if_asked(self) -> None:
        """Raise `Paused` if any process is asked to stop before the next epoch."""
        if any(self.peers.totals(self.stopping())):
            raise Paused(self.state())

    def run_epoch(self, epoch: int, plan: Batches, part: Part, state: State | None) -> Part:
        """Train on the batches after `part`, whose random generators are in `state`, and return the whole epoch.

        Raises `Paused` after a step if any process is asked to stop.
        """
        peers, settings = self.peers, self.settings
        self.objective.train()
        freeze(self.model, self.trained, settings.freezing.in_epoch(epoch))
        if part.batches and part.batches >= len(plan):
            batches = f"{part.batches} of {len(plan)} batches"
            raise RunError(f"state.safetensors: expected part of an epoch's batches, found {batches}")
        if state is not None:
            restore_generators(state, peers.rank)
        scores = [report.score for report in self.reports]
        losses = self.losses.setdefault(epoch, [])
        began = time.perf_counter() - part.seconds
        is_first = epoch == 1 and part.batches == 0
        first, steps = part.batches, peers.steps(len(plan) - part.batches)
        for step, batch in enumerate(peers.own(plan, first), 1):
            done = min(part.batches + peers.count, len(plan))
            place = f"epoch {epoch}, batch {done} of {len(plan)}"
            # All steps are equally long, even if the last has fewer batches; a single fraction is rounded once.
            fraction = (first * steps + (len(plan) - first) * step) / (len(plan) * steps)
            self._set_learning_rate(settings.schedule(epoch - 1 + fraction, scores))
            # one step
            with allocating(f"{place}, {batch}", settings.batch_setting):
                taken = self._step(batch)
            if self.averaged is not None:
                self.averaged.update_parameters(self.model)
            # sums over all processes
            wanted = done < len(plan) and self.stopping()
            loss, sequences, stops = peers.totals(taken.loss.item(), 0 if batch is None else len(batch), wanted)
            _check_finite(loss, taken.norm, place, first=is_first)
            is_first = False
            losses.append(loss / float(taken.weight))
            part = Part(
                batches=done,
                loss=part.loss + loss,
                weight=part.weight + float(taken.weight),
                sequences=part.sequences + int(sequences),
                seconds=time.perf_counter() - began,
            )
            if stops:
                raise Paused(self.state(part))
        return part

    def _set_learning_rate(self, factor: float) -> None:
        """Set each group's learning rate to its peak times `factor`."""
        for group, peak in zip(self.optimizer.param_groups, self.peaks, strict=True):
            group["lr"] = peak * factor

    def _step(self, batch: TrainingBatch | None) -> _Step:
        """Step along the gradient of the mean loss over all processes; without a batch, along that of the others."""
        peers, clip = self.peers, self.settings.clip
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        self.optimizer.zero_grad(set_to_none=True)
        loss = weight = torch.zeros((), device=peers.device)
        if batch is not None:
            with self._precision():
                loss, weight = self.objective(on(batch, peers.device))
        weight = peers.total(weight)
        if batch is not None:
            torch.autograd.backward(loss / weight)
        peers.join_gradients(parameters)
        norm = None if clip is None else clip_gradient(parameters, clip)
        self.optimizer.step()
        return _Step(loss.detach(), weight, norm)

    def _precision(self) -> AbstractContextManager[object]:
        """Return the context of the forward pass: with bf16, encoder and attention multiply matrices in bfloat16."""
        return torch.autocast(self.peers.device.type, dtype=torch.bfloat16, enabled=self.settings.precision == "bf16")

    def score(self, epoch: int, part: Part, evaluate: Callable[[nn.Module], Score]) -> dict[str, Tensor]:
        """Score the weights that would be kept, append the report of the epoch, and return a copy of these weights."""
        scored: nn.Module = self.model if self.averaged is None else self.averaged.module
        scored.eval()
        with torch.no_grad():
            score = evaluate(scored)
        # If machines differ in their last bits, the first process decides.
        score = replace(score, value=self.peers.of_first(score.value))
        report = EpochReport(
            epoch=epoch,
            loss=part.loss / part.weight,
            score=score,
            best=not any(report.score.at_least(score) for report in self.reports),
            learning_rate=self.optimizer.param_groups[0]["lr"],
            seconds=part.seconds,
            sequences=part.sequences,
        )
        self.reports.append(report)
        return weights_of(scored)


class _Step(NamedTuple):
    """The result of a step."""

    loss: Tensor
    """() sum over this process's batch."""
    weight: Tensor
    """() sum over the batches of all processes."""
    norm: Tensor | None
    """() of the gradient, before it was clipped."""


def clip_gradient(parameters: Sequence[nn.Parameter], largest: float) -> Tensor:
    """Scale the gradients down to a norm of `largest`, and return their norm () before.

    The same bits as `torch.nn.utils.clip_grad_norm_`, which multiplies small gradients by 1.
    """
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    # On a GPU, to ask would be to wait.
    if norm.is_cuda or largest / (norm + 1e-6) < 1:
        nn.utils.clip_grads_with_norm_(parameters, largest, norm)
    return norm


def _check_finite(loss: float, norm: Tensor | None, place: str, *, first: bool) -> None:
    """Raise `DivergenceError` if the loss or the gradient is NaN or infinite."""
    problem = f"loss became {loss}" if not math.isfinite(loss) else ""
    if not problem and norm is not None and not math.isfinite(norm):
        problem = f"gradient's norm became {norm.item()}"
    if problem:
        cause = "look for such numbers in the data and the vectors" if first else "try a lower learning rate"
        raise DivergenceError(f"the training {problem} in {place}; {cause}")


def exhausted(scores: Sequence[Score], patience: int | None) -> bool:
    """Return True if none of the last `patience` epochs has a better score than all epochs before them."""
    if patience is None or len(scores) <= patience or any(score.undecided for score in scores):
        return False
    best = max(range(len(scores)), key=lambda i: (sum(scores[i].at_least(other) for other in scores), -i))
    return len(scores) - 1 - best >= patience
