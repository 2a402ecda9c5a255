"""A run trained again, and whether every step of it came out in the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bilstm_nlp.reports.sections import Section, Table
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.load import config_of
from bilstm_nlp.runs.provenance import origin
from bilstm_nlp.training.protocols import Batches
from bilstm_nlp.training.state import EpochReport


@dataclass(frozen=True)
class Reproduction:
    """What is the same in two runs of one config, and what is not."""

    steps: int
    """Of the first run."""
    first: str | None
    """The first step that differs, or what differs where all steps are the same; None where nothing does."""
    changed: list[tuple[str, Any, Any]]
    """What the two were made with, where it is not the same: name, then, now."""

    @property
    def identical(self) -> bool:
        return self.first is None

    def as_json(self) -> dict[str, Any]:
        return {
            "identical": self.identical,
            "steps": self.steps,
            "first_difference": self.first,
            "changed": [{"what": name, "then": then, "now": now} for name, then, now in self.changed],
        }

    def sections(self) -> list[Section]:
        """For people."""
        found = "bit-identical" if self.first is None else f"NOT the same: {self.first}"
        rows = [[name, str(then), str(now)] for name, then, now in self.changed]
        table = Table("made with something else", ("what", "then", "now"), rows)
        same = "versions, machine and data are those of the first run"
        return [Section(f"{self.steps} steps and the weights they led to: {found}", [table if rows else same])]


def begin(path: Path) -> RunDirectory:
    """The run to be trained again, the same threads being used. Raises `RunError` for one that is not finished."""
    run = finished(path)
    threads = run.origin().get("machine", {}).get("threads")
    if isinstance(threads, int) and threads > 0:
        torch.set_num_threads(threads)
    return run


def epochs(run: RunDirectory) -> int:
    """How many may come."""
    return config_of(run).training.epochs


def reproduce(
    run: RunDirectory, again: Path, *, watch: Callable[[int, Batches], Batches] = train.unwatched
) -> Iterator[EpochReport]:
    """Train what `begin` gave once more, into the new directory `again`; `compare` then says what came of it."""
    yield from train.train(config_of(run), again, watch=watch)


def compare(run: RunDirectory, again: Path) -> Reproduction:
    """Step by step, then epoch by epoch, then weight by weight."""
    other = RunDirectory.open(again)
    losses, now = (one.read_tensors("losses.safetensors")[0] for one in (run, other))
    weights, new_weights = (one.read_tensors("model.safetensors")[0] for one in (run, other))
    return Reproduction(
        sum(map(len, losses.values())),
        first_step(losses, now) or first_score(run, other) or first_weight(weights, new_weights),
        list(changes(run.origin(), origin(config_of(run).sources, torch.get_num_threads()))),
    )


def first_step(losses: Mapping[str, Tensor], again: Mapping[str, Tensor]) -> str | None:
    """The first step whose loss is another, which the step before it may have made."""
    for epoch in sorted(losses.keys() | again.keys(), key=int):
        one, other = (found.get(epoch, torch.empty(0)) for found in (losses, again))
        for step, (then, now) in enumerate(zip(one.tolist(), other.tolist(), strict=False), 1):
            if then != now:
                place = f"epoch {epoch}, step {step} of {len(one)}"
                return f"{place} is the first to differ, loss {then!r} then, {now!r} now"
        if len(one) != len(other):
            return f"epoch {epoch} had {len(one)} steps then, has {len(other)} now"
    return None


def first_score(run: RunDirectory, again: RunDirectory) -> str | None:
    """The first epoch whose score is another."""
    for then, now in zip(run.read_history(), again.read_history(), strict=True):
        if then.score != now.score:
            values = f"{then.score.value!r} then, {now.score.value!r} now"
            return f"the score of epoch {then.epoch} is the first to differ, {values}"
    return None


def first_weight(weights: Mapping[str, Tensor], again: Mapping[str, Tensor]) -> str | None:
    """The first weight that is another, after the last step or in what is fitted after it."""
    for name in sorted(weights.keys() | again.keys()):
        if name not in weights or name not in again or not torch.equal(weights[name], again[name]):
            return f"all steps are the same, the weights {name} are not"
    return None


def changes(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """What two runs were made with, where it is not the same; when and by which command doesn't matter."""
    for key in sorted((then.keys() | now.keys()) - {"began", "command"}):
        one, other = then.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from changes(one, other, f"{prefix}{key} ")
        elif one != other:
            yield f"{prefix}{key}", one, other
