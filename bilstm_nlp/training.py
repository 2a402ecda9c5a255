"""One loop for every model: it knows losses, scores and epochs, and nothing of what they are about.

`fit` is a generator of epochs; its caller logs, plots and saves. All randomness of an epoch comes from the seed and
the epoch's number, or from the state that it was stopped in, so a run that goes on ends in the same bits as one never
stopped.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bilstm_nlp.epochs import Epoch, EpochReport, Part, Paused, State
from bilstm_nlp.errors import DivergenceError, RunError
from bilstm_nlp.memory import allocating, keep_freed_memory
from bilstm_nlp.peers import Peers
from bilstm_nlp.tasks.base import Batches, Score, TrainingBatch

Schedule = Callable[[float, Sequence[Score]], float]
"""(epochs so far, fractions included; scores of the epochs finished) → factor on the peak learning rate."""


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
        loss, weight = trained(batch.to(peers.device))
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


# --- schedules and parameter groups ---------------------------------------------------------------------------------


def constant(warmup: float) -> Schedule:
    """Rise over `warmup` epochs, then stay."""
    return lambda epochs, scores: rise(epochs, warmup)


def linear(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall in a straight line to 0 at `total`."""
    return lambda epochs, scores: min(rise(epochs, warmup), (total - epochs) / max(total - warmup, 1e-9))


def cosine(warmup: float, total: int) -> Schedule:
    """Rise over `warmup` epochs, then fall along half a cosine to 0 at `total` (Loshchilov and Hutter 2017)."""

    def factor(epochs: float, scores: Sequence[Score]) -> float:
        if epochs < warmup:
            return rise(epochs, warmup)
        return 0.5 * (1 + math.cos(math.pi * (epochs - warmup) / max(total - warmup, 1e-9)))

    return factor


def inverse_time(decay: float) -> Schedule:
    """1 / (1 + decay · whole epochs so far) (Ma and Hovy 2016)."""
    return lambda epochs, scores: 1 / (1 + decay * (math.ceil(epochs) - 1))


def plateau(factor: float, patience: int) -> Schedule:
    """Multiply by `factor` after each `patience` epochs without a better score."""

    def current(epochs: float, scores: Sequence[Score]) -> float:
        drops = waited = 0
        best: Score | None = None
        for score in scores:
            if best is None or not best.at_least(score):
                best, waited = score, 0
            else:
                waited += 1
            if waited == patience:
                drops, waited = drops + 1, 0
        return float(factor**drops)

    return current


def rise(epochs: float, warmup: float) -> float:
    """The share of the peak that a warm-up has reached."""
    return 1.0 if epochs >= warmup else epochs / warmup


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
