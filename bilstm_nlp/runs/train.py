"""Train into a run directory: begin or resume a run, save every epoch, write the results at the end."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from bilstm_nlp.config import Config, flat, to_json
from bilstm_nlp.config.sections import Section
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.reports import markdown, plots
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.evaluate import sections
from bilstm_nlp.runs.load import PathLike, Run, config_of, open_directory, open_run, path_of
from bilstm_nlp.runs.lock import DirectoryLock
from bilstm_nlp.runs.parents import Start, start_of
from bilstm_nlp.runs.provenance import origin
from bilstm_nlp.runs.replay import recording_of_saved
from bilstm_nlp.runs.tensors import load_weights, read_state, write_state, write_tensors
from bilstm_nlp.system.memory import peak_memory_mb
from bilstm_nlp.system.processes import rank
from bilstm_nlp.tasks.base import Prepared
from bilstm_nlp.tasks.registry import load as load_config
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.distributed import check_precision, device_of, wait_for_all
from bilstm_nlp.training.loop import fit, never_stop
from bilstm_nlp.training.protocols import Batches
from bilstm_nlp.training.reports import EpochReport
from bilstm_nlp.training.state import Epoch, Paused, State, losses_of, weights_of

logger = logging.getLogger(__name__)

Watch = Callable[[int, Batches], Batches]
"""(epoch, its batches) → the same batches, perhaps with a progress bar."""


def no_progress(epoch: int, batches: Batches) -> Batches:
    """Return the batches unchanged."""
    return batches


def train(config: Config | PathLike, path: PathLike, *, resume: bool = False, force: bool = False) -> Run:
    """Train into the run directory `path`, and return the finished run.

    `config` is a config, the path of a TOML file, or that of a file of series; `resume` and `force` are as in
    `train_epochs`.

        run = bilstm_nlp.train("configs/ner/sample.toml", "runs/sample")
        run.predictor.tag(["EU rejects German call"])

    Raises `InputError` as `train_epochs` does.
    """
    checked = config_from(config)
    for _ in train_epochs(checked, path, resume=resume, force=force):
        pass
    wait_for_all()  # only the first of several processes writes the run
    return open_run(path)


def train_epochs(
    config: Config | PathLike,
    path: PathLike,
    *,
    resume: bool = False,
    force: bool = False,
    watch: Watch = no_progress,
    stopping: Callable[[], bool] = never_stop,
) -> Iterator[EpochReport]:
    """Train into the run directory `path`, and yield a report after each epoch.

    Nothing happens before the first report is asked for. The best weights and the state are saved after every epoch,
    all results after the last. `resume` resumes an unfinished run, or begins a run if there is none; `force` replaces a
    run after the new data were read without errors. `stopping()` is asked after every step.
    Raises `Paused` after the state was saved, if `stopping()` returns True. Raises `InputError` for data, vectors,
    devices and run directories that can't be used, for a precision that the processor lacks, and for a run that another
    process trains.
    """
    folder = path_of(path)
    start = start_of(config_from(config), folder)
    # What the machine lacks is an error before any data are read.
    check_precision(start.config.training.precision, device_of(start.config.training.device))
    # A run that was killed before its config was written has no state to resume from.
    if resume and (folder / "config.json").exists():
        session = resumed_session(start, folder)
    else:
        session = new_session(start, folder, force=force or resume)
    with session as opened:
        yield from opened.epochs(watch, stopping)


def config_from(config: Config | PathLike) -> Config:
    """Return a config, read from a TOML file if it is a path.

    For a file of series, the settings are chosen from the data.
    Raises `InputError` for anything but a config or a path, and for a file that is no config.
    """
    if isinstance(config, Section):
        return config
    if isinstance(config, (str, os.PathLike)):
        return load_config(str(path_of(config)))
    raise InputError(f"config: expected a config or the path of a TOML file, found {config!r}")


@contextmanager
def new_session(start: Start, path: Path, *, force: bool) -> Iterator[Session]:
    """Prepare a new run, and lock its directory until the session ends.

    Raises `InputError` for data and directories that can't be used, before anything is written.
    """
    config = start.config
    if rank() > 0:
        yield Session(config, start.prepare(), None, None)
        return
    RunDirectory.check_vacant(path, force=force)
    made_with = origin(config.sources, torch.get_num_threads())
    prepared = start.prepare()
    with DirectoryLock(path):
        run = RunDirectory.create(path, made_with, force=force)
        _write_config_and_codec(run, config, prepared)
        yield Session(config, prepared, run, None)


@contextmanager
def resumed_session(start: Start, path: Path) -> Iterator[Session]:
    """Lock the directory of an unfinished run until the session ends, and prepare to resume the run.

    Raises `InputError` for a run that can't be resumed with this config and its data.
    """
    config, leads = start.config, rank() == 0
    lock: AbstractContextManager[object] = DirectoryLock(path) if leads else nullcontext()
    with lock:
        run = resumable(path, config)
        state = read_state(run)
        check_origin(run, origin(config.sources, torch.get_num_threads()))
        prepared = start.prepare()
        if leads and state is None:
            _write_config_and_codec(run, config, prepared)
        elif leads and state is not None:
            run.write_history(state.reports)  # a killed process may have written the state alone
        yield Session(config, prepared, run if leads else None, state)


def _write_config_and_codec(run: RunDirectory, config: Config, prepared: Prepared) -> None:
    run.write_json("config.json", to_json(config))
    run.write_json("codec.json", prepared.codec.to_json())
    run.write_arrays("codec.safetensors", prepared.codec.tensors())


def resumable(path: Path, config: Config) -> RunDirectory:
    """Open an unfinished run to resume it.

    Raises `RunError` if it is finished, or was started with another config.
    """
    run = RunDirectory.open(path)
    if run.finished:
        run.drop_state()
        raise RunError(f"{path}: the run is finished, there is nothing to resume; --force trains it anew")
    # Keys that are newer than the run have their defaults.
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


def check_origin(run: RunDirectory, made_with: Mapping[str, Any]) -> None:
    """Compare the present origin with that of a run to be resumed; a warning tells of another number of threads.

    Raises `RunError` if the data have changed.
    """
    began = run.origin()
    digests = began.get("data", {})
    changed = [source for source, digest in made_with["data"].items() if digest != digests.get(source, digest)]
    if changed:
        raise RunError(f"{run.path}: can't go on with other data: {', '.join(changed)} changed since it began")
    before, now = began.get("machine", {}).get("threads"), made_with["machine"]["threads"]
    if before not in (None, now):
        logger.warning("began with threads: %s, goes on with %d: weights may differ in their last bits", before, now)


@dataclass(frozen=True)
class TrainingFigures:
    """The section `training` of metrics.json."""

    epochs: int
    best_epoch: int
    parameters: int
    """Trained parameters."""
    seconds: float
    """Of the training steps alone."""
    wall_seconds: float
    """Since the first batch of this process, scoring included."""
    sequences_per_second: float
    peak_memory_mb: float
    threads: int


class Session:
    """A training of a prepared config, and the run directory that it is saved in."""

    def __init__(self, config: Config, prepared: Prepared, run: RunDirectory | None, state: State | None) -> None:
        """`run` is None in a process that only helps to train; `state` is None for a training from the beginning."""
        self.config, self.prepared, self.run, self.state = config, prepared, run, state

    def epochs(self, watch: Watch, stopping: Callable[[], bool]) -> Iterator[EpochReport]:
        """Train, save and yield each epoch; after the last, write the results.

        Raises `Paused` after the state was saved, if `stopping()` returns True.
        """
        began = time.perf_counter()
        epochs = fit(
            self.prepared.model,
            lambda number: watch(number, self.prepared.batches(number)),
            self.prepared.scorer(),
            settings(self.config),
            self.state,
            stopping,
        )
        try:
            for epoch in epochs:
                self._save(epoch)
                yield epoch.report
        except Paused as paused:
            if self.run is not None:
                write_state(self.run, paused.state)
            raise
        if self.run is not None and self.state is not None:
            self._conclude(self.run, self.state, time.perf_counter() - began)

    def _save(self, epoch: Epoch) -> None:
        """Save the weights if they are the best, and the state."""
        self.state = epoch.state
        if self.run is not None:
            if epoch.report.best:
                write_tensors(self.run, "model.safetensors", epoch.weights)
            write_state(self.run, epoch.state)

    def _conclude(self, run: RunDirectory, state: State, wall_seconds: float) -> None:
        """Score the best weights, and write results, plots, replay and report."""
        prepared, reports = self.prepared, state.reports
        # results of the best weights
        load_weights(run, prepared.model)
        results = prepared.finish()
        write_tensors(run, "model.safetensors", weights_of(prepared.model))
        write_tensors(run, "losses.safetensors", losses_of(state))
        best = next(report for report in reversed(reports) if report.best)
        results["training"] = asdict(_figures(reports, best, prepared.model, wall_seconds))
        # pictures
        prepared.plot(results, run.path / "plots")
        losses, scores = [report.loss for report in reports], [report.score.value for report in reports]
        # A score to be minimised is the loss on the development data: both belong in one panel.
        curves = plots.curves if best.score.higher_is_better else plots.loss_curves
        curves(losses, scores, best.score.name, best.epoch, run.path / "plots" / "curves.png")
        # The replay is recorded with the run as it is on disk: a run that can't be opened,
        # or that answers otherwise than the model in memory, is not finished.
        replay = recording_of_saved(prepared.predictor(), open_directory(run).predictor, prepared.examples())
        run.write_text("replay.json", json.dumps(replay) + "\n")
        run.write_text("report.md", markdown.markdown(results["training"], sections(self.config, results)))
        run.finish(results)


def _figures(
    reports: tuple[EpochReport, ...], best: EpochReport, model: torch.nn.Module, wall_seconds: float
) -> TrainingFigures:
    seconds = sum(report.seconds for report in reports)
    return TrainingFigures(
        epochs=len(reports),
        best_epoch=best.epoch,
        parameters=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        seconds=seconds,
        wall_seconds=wall_seconds,
        sequences_per_second=sum(report.sequences for report in reports) / seconds,
        peak_memory_mb=peak_memory_mb(),
        threads=torch.get_num_threads(),
    )
