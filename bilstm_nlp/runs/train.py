"""From a config to a trained run, and from a trained run to scores."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from bilstm_nlp.config import Config, flat, to_json
from bilstm_nlp.errors import RunError
from bilstm_nlp.reports import markdown as report
from bilstm_nlp.reports import plots
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.evaluate import sections
from bilstm_nlp.runs.load import config_of, load
from bilstm_nlp.runs.lock import DirectoryLock
from bilstm_nlp.runs.provenance import origin
from bilstm_nlp.runs.replay import recording
from bilstm_nlp.system.memory import peak_memory_mb
from bilstm_nlp.system.processes import rank
from bilstm_nlp.tasks.base import Prepared
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training import state as state_module
from bilstm_nlp.training.loop import fit, never
from bilstm_nlp.training.protocols import Batches
from bilstm_nlp.training.state import EpochReport, Paused, State

logger = logging.getLogger(__name__)


def resumable(path: Path, config: Config) -> RunDirectory:
    """An unfinished run to go on with. Raises `RunError` when it is finished or was started with another config."""
    run = RunDirectory.open(path)
    if run.finished:
        run.drop_state()
        raise RunError(f"{path}: the run is finished, there is nothing to resume; --force trains it anew")
    # Keys that have been added since have their defaults.
    started = flat(to_json(config_of(run)))
    wanted = flat(to_json(config))
    changed = [
        f"{key}: started with {started.get(key)!r}, found {wanted.get(key)!r}"
        for key in sorted(started.keys() | wanted.keys())
        if started.get(key) != wanted.get(key)
    ]
    if changed:
        raise RunError(f"{path}: can't go on with another config. {'; '.join(changed)}")
    return run


def check_origin(run: RunDirectory, made: Mapping[str, Any]) -> None:
    """Raises `RunError` where data are others than those that the run began with; other threads are said."""
    began = run.origin()
    changed = [source for source, found in made["data"].items() if found != began.get("data", {}).get(source, found)]
    if changed:
        raise RunError(f"{run.path}: can't go on with other data: {', '.join(changed)} changed since it began")
    before, now = began.get("machine", {}).get("threads"), made["machine"]["threads"]
    if before not in (None, now):
        logger.warning("began with threads: %s, goes on with %d: weights may differ in their last bits", before, now)


def unwatched(epoch: int, batches: Batches) -> Batches:
    """The batches as they are."""
    return batches


def train(
    config: Config,
    path: Path,
    *,
    resume: bool = False,
    force: bool = False,
    watch: Callable[[int, Batches], Batches] = unwatched,
    stopping: Callable[[], bool] = never,
) -> Iterator[EpochReport]:
    """Train into the run directory `path`: the best weights and the last state after every epoch, all results at the
    end. Nothing happens until the epochs are asked for.

    `resume` goes on with an unfinished run, if there is one; `force` replaces a run, once the data were found to be
    good. `watch(epoch, batches)` may wrap the batches of an epoch, to show progress. When `stopping()`, which is asked
    after every batch, says so, the state is saved and `Paused` raised.
    Raises `InputError` for data, vectors and run directories that can't be used, one that is being trained among them.
    """
    task = build(config)
    # Of several processes that train together one alone writes; the others read what it goes on from.
    leads = rank() == 0
    with ExitStack() as held:
        run = state = None
        # A run that broke off before its config was written has nothing to go on from.
        if resume and (path / "config.json").exists():
            if leads:
                held.enter_context(DirectoryLock(path))
            run = resumable(path, config)
            state = run.read_state()
        elif leads:
            RunDirectory.check_vacant(path, force=force or resume)
        made = origin(config.sources, torch.get_num_threads())
        if run is not None:
            check_origin(run, made)
        prepared = task.prepare()
        codec, model = prepared.codec, prepared.model
        if run is None and leads:
            held.enter_context(DirectoryLock(path))
            run = RunDirectory.create(path, made, force=force or resume)
        written = run if leads else None
        if written is not None and state is None:
            written.write_json("config.json", to_json(config))
            written.write_json("codec.json", codec.to_json())
            written.write_arrays("codec.safetensors", codec.tensors())
        elif written is not None and state is not None:
            written.write_history(state.reports)  # who was killed has perhaps not come to it
        began = time.perf_counter()
        epochs = fit(
            model,
            lambda number: watch(number, prepared.batches(number)),
            prepared.scorer(),
            settings(config),
            state,
            stopping,
        )
        try:
            for epoch in epochs:
                state = epoch.state
                if written is not None:
                    if epoch.report.best:
                        written.write_tensors("model.safetensors", epoch.weights)
                    written.write_state(state)
                yield epoch.report
        except Paused as paused:
            if written is not None:
                written.write_state(paused.state)
            raise
        if written is not None and state is not None:
            written.load_weights(model)
            conclude(written, config, prepared, state, time.perf_counter() - began)


def conclude(run: RunDirectory, config: Config, prepared: Prepared, state: State, seconds: float) -> None:
    """Score the best weights and write all that a finished run has; `seconds` were spent since the first batch."""
    reports = state.reports
    model = prepared.model
    results = prepared.finish()
    run.write_tensors("model.safetensors", state_module.weights_of(model))
    run.write_tensors("losses.safetensors", state_module.losses_of(state))
    best = next(report for report in reversed(reports) if report.best)
    results["training"] = {
        "epochs": len(reports),
        "best_epoch": best.epoch,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "seconds": sum(report.seconds for report in reports),
        "wall_seconds": seconds,
        "sequences_per_second": sum(r.sequences for r in reports) / sum(r.seconds for r in reports),
        "peak_memory_mb": peak_memory_mb(),
        "threads": torch.get_num_threads(),
    }
    prepared.plot(results, run.path / "plots")
    losses, scores = [report.loss for report in reports], [report.score.value for report in reports]
    # A score to be made small is the loss itself, on the development data.
    curves = plots.curves if best.score.higher_is_better else plots.loss_curves
    curves(losses, scores, best.score.name, best.epoch, run.path / "plots" / "curves.png")
    # From the disk: a run that can't be loaded is not finished.
    run.write_text("replay.json", json.dumps(recording(load(run.path), prepared.examples())) + "\n")
    run.write_text("report.md", report.markdown(results["training"], sections(config, results)))
    run.finish(results)
