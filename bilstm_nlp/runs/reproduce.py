"""Train a finished run once more, and compare both runs bit by bit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bilstm_nlp.config import Config
from bilstm_nlp.errors import RunError
from bilstm_nlp.reports.sections import Section, Table
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.load import config_of
from bilstm_nlp.runs.provenance import origin
from bilstm_nlp.runs.tensors import read_tensors
from bilstm_nlp.runs.train import Watch, no_progress, train_epochs
from bilstm_nlp.training.reports import EpochReport

LOSSES, WEIGHTS = "losses.safetensors", "model.safetensors"
"""The files of a run that are compared."""


@dataclass(frozen=True)
class Reproduction:
    """The differences between two runs of one config."""

    steps: int
    """Number of training steps of the first run."""
    first: str | None
    """The first difference of steps, then of scores, then of weights; None if there is no difference."""
    changed: list[tuple[str, Any, Any]]
    """Differences of versions, machine and data: (name, then, now)."""

    @property
    def identical(self) -> bool:
        """True if there is no difference in steps, scores and weights."""
        return self.first is None

    def as_json(self) -> dict[str, Any]:
        """Return the reproduction as JSON."""
        return {
            "identical": self.identical,
            "steps": self.steps,
            "first_difference": self.first,
            "changed": [{"what": name, "then": then, "now": now} for name, then, now in self.changed],
        }

    def sections(self) -> list[Section]:
        """Return the reproduction as a sentence and a table."""
        result = "bit-identical" if self.first is None else f"NOT the same: {self.first}"
        rows = [[name, str(then), str(now)] for name, then, now in self.changed]
        table = Table("made with something else", ("what", "then", "now"), rows)
        same = "versions, machine and data are those of the first run"
        return [Section(f"{self.steps} steps and the weights they led to: {result}", [table if rows else same])]


@dataclass(frozen=True)
class Original:
    """A finished run that is to be trained once more."""

    directory: RunDirectory
    config: Config


def begin(path: Path) -> Original:
    """Open the run to train once more, and use as many threads as it had.

    Raises `RunError` for a run that is not finished, and for an export or a released model, which has nothing to
    compare with.
    """
    directory = finished(path)
    for name in (LOSSES, WEIGHTS):
        if not (directory.path / name).exists():
            raise RunError(f"{path}: expected a run as training leaves it, with {name}, found a run without")
    threads = directory.origin().get("machine", {}).get("threads")
    if isinstance(threads, int) and threads > 0:
        torch.set_num_threads(threads)
    return Original(directory, config_of(directory))


def reproduce(original: Original, again: Path, *, watch: Watch = no_progress) -> Iterator[EpochReport]:
    """Train the run once more into the new directory `again`; `compare` then compares both."""
    yield from train_epochs(original.config, again, watch=watch)


def compare(original: Original, again: Path) -> Reproduction:
    """Compare both runs step by step, then epoch by epoch, then weight by weight."""
    first, second = original.directory, RunDirectory.open(again)
    losses, losses_again = (read_tensors(run, LOSSES)[0] for run in (first, second))
    weights, weights_again = (read_tensors(run, WEIGHTS)[0] for run in (first, second))
    made_with = origin(original.config.sources, torch.get_num_threads())
    return Reproduction(
        steps=sum(map(len, losses.values())),
        first=_first_step(losses, losses_again) or _first_score(first, second) or _first_weight(weights, weights_again),
        changed=list(changes(first.origin(), made_with)),
    )


def _first_step(losses: Mapping[str, Tensor], losses_again: Mapping[str, Tensor]) -> str | None:
    """Describe the first step with another loss; the step before it may be the cause."""
    for epoch in sorted(losses.keys() | losses_again.keys(), key=int):
        before, after = (by_epoch.get(epoch, torch.empty(0)) for by_epoch in (losses, losses_again))
        for step, (then, now) in enumerate(zip(before.tolist(), after.tolist(), strict=False), 1):
            if then != now:
                place = f"epoch {epoch}, step {step} of {len(before)}"
                return f"{place} is the first to differ, loss {then!r} then, {now!r} now"
        if len(before) != len(after):
            return f"epoch {epoch} had {len(before)} steps then, has {len(after)} now"
    return None


def _first_score(run: RunDirectory, again: RunDirectory) -> str | None:
    """Describe the first epoch with another score."""
    for then, now in zip(run.read_history(), again.read_history(), strict=True):
        if then.score != now.score:
            values = f"{then.score.value!r} then, {now.score.value!r} now"
            return f"the score of epoch {then.epoch} is the first to differ, {values}"
    return None


def _first_weight(weights: Mapping[str, Tensor], weights_again: Mapping[str, Tensor]) -> str | None:
    """Name the first weight that differs; the cause is the last step, or what is fitted after it."""
    for name in sorted(weights.keys() | weights_again.keys()):
        if name not in weights or name not in weights_again or not torch.equal(weights[name], weights_again[name]):
            return f"all steps are the same, the weights {name} are not"
    return None


def changes(then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, then, now) for each difference of two origins, except of time and command."""
    for key in sorted((then.keys() | now.keys()) - {"began", "command"}):
        before, after = then.get(key), now.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from changes(before, after, f"{prefix}{key} ")
        elif before != after:
            yield f"{prefix}{key}", before, after
