"""One loop for every model: it knows losses, scores and epochs, and nothing of what they are about.

`fit` is a generator of epochs; its caller logs, plots and saves. All randomness of an epoch comes from the seed and
the epoch's number, or from the state that it was stopped in, so a run that goes on ends in the same bits as one never
stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bilstm_nlp.errors import DivergenceError, RunError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.system.memory import allocating, keep_freed_memory
from bilstm_nlp.training.distributed import Peers
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch
from bilstm_nlp.training.schedules import Schedule
from bilstm_nlp.training.state import (
    Epoch,
    EpochReport,
    Part,
    Paused,
    State,
    generators,
    losses_before,
    restore,
    restore_generators,
    snapshot,
    weights_of,
)


def itself(model: nn.Module) -> nn.Module:
    """The usual objective: what the model maps a batch to."""
    return model


@dataclass(frozen=True)
class Settings:
    """How to train, as plain values and functions."""

    epochs: int
    optimizer: Callable[[nn.Module], Optimizer]
    schedule: Schedule
    seed: int
    clip: float | None = None
    patience: int | None = None
    average: float | None = None
    device: str = "auto"
    batch_setting: str = "batch size"
    """What makes batches smaller, as the user knows it."""
    objective: Callable[[nn.Module], nn.Module] = itself
    """Model → what maps a batch to the loss that is made small; it has no parameters of its own."""


def never() -> bool:
    """Nobody stops the training."""
    return False


def fit(
    model: nn.Module,
    batches: Callable[[int], Batches],
    evaluate: Callable[[nn.Module], Score],
    settings: Settings,
    state: State | None = None,
    stopping: Callable[[], bool] = never,
) -> Iterator[Epoch]:
    """Train `model`, whose forward maps a batch to a `Loss`; yields each epoch when it is finished and scored.

    `batches(epoch)` are the epoch's batches in order. With a `state`, goes on from where it was taken.
    Several processes (`Peers`) share the batches of an epoch: a step takes one from each, and all get equal weights.
    Raises `Paused` when `stopping()`, which is asked after every step, says so, `DivergenceError` when the loss or the
    gradient becomes NaN or infinite, `MemoryNeeded` for a batch that is too large, `WorkerError` without a peer,
    `RunError` for a state of another training.
    """
    keep_freed_memory()
    peers = Peers(cpu=settings.device == "cpu")
    torch.manual_seed(settings.seed)
    trained = settings.objective(model).to(peers.device)
    optimizer = settings.optimizer(model)
    averaged = (
        AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.average), use_buffers=False)
        if settings.average
        else None
    )
    reports: list[EpochReport] = []
    losses: dict[int, list[float]] = {}
    if state is not None:
        restore(state, model, optimizer, averaged)
        reports.extend(state.reports)
        losses = losses_before(state)
    begun = state.part.batches if state is not None and state.part is not None else 0
    peers.agree(len(reports), begun)
    peaks = [group["lr"] for group in optimizer.param_groups]

    def here() -> dict[str, Tensor]:
        return snapshot(model, optimizer, averaged, losses)

    for epoch in range(len(reports) + 1, settings.epochs + 1):
        if exhausted([report.score for report in reports], settings.patience):
            return
        if any(peers.totals(stopping())):
            raise Paused(State(here(), tuple(reports)))
        torch.manual_seed(settings.seed * 100_003 + epoch + peers.rank * 1_000_000_007)
        trained.train()
        scores = [report.score for report in reports]
        plan = batches(epoch)
        part = Part()
        if state is not None and state.part is not None and epoch == len(state.reports) + 1:
            part = state.part
            if part.batches >= len(plan):
                found = f"{part.batches} of {len(plan)} batches"
                raise RunError(f"state.safetensors: expected part of an epoch's batches, found {found}")
            restore_generators(state, peers.rank)
        losses.setdefault(epoch, [])
        factor = 1.0
        began = time.perf_counter() - part.seconds
        first, steps = part.batches, peers.steps(len(plan) - part.batches)
        for step, batch in enumerate(peers.own(plan, first), 1):
            done = min(part.batches + peers.count, len(plan))
            place = f"epoch {epoch}, batch {done} of {len(plan)}"
            # Steps are equally long, be the last one's batches as many or not; as one fraction it is rounded but once.
            share = (first * steps + (len(plan) - first) * step) / (len(plan) * steps)
            factor = settings.schedule(epoch - 1 + share, scores)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * factor
            with allocating(f"{place}, {batch}", settings.batch_setting):
                taken = take_step(trained, optimizer, batch, peers, settings.clip)
            if averaged is not None:
                averaged.update_parameters(model)
            wanted = done < len(plan) and stopping()
            value, sequences, stops = peers.totals(taken.loss.item(), 0 if batch is None else len(batch), wanted)
            check_finite(value, taken.norm, place, first=epoch == 1 and part.batches == 0)
            losses[epoch].append(value / float(taken.weight))
            part = Part(
                batches=done,
                loss=part.loss + value,
                weight=part.weight + float(taken.weight),
                sequences=part.sequences + int(sequences),
                seconds=time.perf_counter() - began,
            )
            if stops:
                raise Paused(State(here() | generators(), tuple(reports), part))
        scored = model if averaged is None else averaged.module
        scored.eval()
        with torch.no_grad():
            score = evaluate(scored)
        # Of machines that compute a little otherwise, one decides.
        score = replace(score, value=peers.of_first(score.value))
        report = EpochReport(
            epoch=epoch,
            loss=part.loss / part.weight,
            score=score,
            best=not any(earlier.at_least(score) for earlier in scores),
            learning_rate=peaks[0] * factor,
            seconds=part.seconds,
            sequences=part.sequences,
        )
        reports.append(report)
        yield Epoch(report, weights_of(scored), State(here(), tuple(reports)))


class Taken(NamedTuple):
    """What a step came to."""

    loss: Tensor
    """() the sum of this process's batch."""
    weight: Tensor
    """() that of the batches of all processes."""
    norm: Tensor | None
    """() of the gradient, before it was clipped."""


def take_step(
    trained: nn.Module, optimizer: Optimizer, batch: TrainingBatch | None, peers: Peers, clip: float | None
) -> Taken:
    """One step along the gradient of all processes' mean loss; without a batch, along that of the others."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    optimizer.zero_grad(set_to_none=True)
    loss = weight = torch.zeros((), device=peers.device)
    if batch is not None:
        loss, weight = trained(on(batch, peers.device))
    weight = peers.total(weight)
    if batch is not None:
        torch.autograd.backward(loss / weight)
    peers.join_gradients(parameters)
    norm = None if clip is None else nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()
    return Taken(loss.detach(), weight, norm)


def check_finite(loss: float, norm: Tensor | None, place: str, *, first: bool) -> None:
    """Raises `DivergenceError` for a loss or a gradient that is no number any more."""
    found = f"loss became {loss}" if not math.isfinite(loss) else ""
    if not found and norm is not None and not math.isfinite(norm):
        found = f"gradient's norm became {norm.item()}"
    if found:
        cause = "look for such numbers in the data and the vectors" if first else "try a lower learning rate"
        raise DivergenceError(f"the training {found} in {place}; {cause}")


def exhausted(scores: Sequence[Score], patience: int | None) -> bool:
    """Whether the last `patience` epochs all failed to beat what was there before them."""
    if patience is None or len(scores) <= patience:
        return False
    best = max(range(len(scores)), key=lambda i: (sum(scores[i].at_least(other) for other in scores), -i))
    return len(scores) - 1 - best >= patience


# --- state, as flat names and tensors -------------------------------------------------------------------------------


# --- schedules and parameter groups ---------------------------------------------------------------------------------


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Weight decay for matrices that multiply; none for embeddings, biases and a chain's transitions."""
    decayed = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.LSTM, nn.GRU))
        for parameter in module.parameters(recurse=False)
        if parameter.dim() > 1
    }
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if id(p) in decayed], "weight_decay": weight_decay},
        {"params": [p for p in trained if id(p) not in decayed], "weight_decay": 0.0},
    ]
