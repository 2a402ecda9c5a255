"""From a config to a trained run, and from a trained run to scores."""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch

from bilstm_nlp import plots, report, training
from bilstm_nlp.checkpoint import RunDirectory
from bilstm_nlp.composition.tasks import build, config_of_file, forecasting
from bilstm_nlp.composition.trainer import settings
from bilstm_nlp.config import Config, flat, to_json
from bilstm_nlp.config import load as load_config
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series import SeriesSet
from bilstm_nlp.epochs import EpochReport, Paused, State
from bilstm_nlp.errors import RunError
from bilstm_nlp.holding import Hold
from bilstm_nlp.inference.forecaster import Forecaster, as_csv
from bilstm_nlp.inference.replay import recording
from bilstm_nlp.memory import allocating
from bilstm_nlp.origin import origin
from bilstm_nlp.prediction import config_of, load
from bilstm_nlp.processes import rank
from bilstm_nlp.tasks.base import Batches, Task
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.presentation import Section
from bilstm_nlp.training import fit, never

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
                held.enter_context(Hold(path))
            run = resumable(path, config)
            state = run.read_state()
        elif leads:
            RunDirectory.check_vacant(path, force=force or resume)
        made = origin(config.sources, torch.get_num_threads())
        if run is not None:
            check_origin(run, made)
        data = task.load()
        torch.manual_seed(config.seed)
        with allocating("making the model", "size of the encoder, of embeddings or of the horizon"):
            codec, model = task.fit(data)
        if run is None and leads:
            held.enter_context(Hold(path))
            run = RunDirectory.create(path, made, force=force or resume)
        written = run if leads else None
        if written is not None and state is None:
            written.write_json("config.json", to_json(config))
            written.write_json("codec.json", codec.to_json())
            written.write_tensors("codec.safetensors", codec.tensors())
        elif written is not None and state is not None:
            written.write_history(state.reports)  # who was killed has perhaps not come to it
        began = time.perf_counter()
        batches = task.batches(data, codec)
        epochs = fit(
            model,
            lambda number: watch(number, batches(number)),
            task.scorer(data, codec),
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
            conclude(written, task, data, codec, model, state, time.perf_counter() - began)


def conclude(
    run: RunDirectory, task: Task[Any, Any, Any], data: Any, codec: Any, model: Any, state: State, seconds: float
) -> None:
    """Score the best weights and write all that a finished run has; `seconds` were spent since the first batch."""
    reports = state.reports
    results = task.finish(model, data, codec)
    run.write_tensors("model.safetensors", training.weights_of(model))
    run.write_tensors("losses.safetensors", training.losses_of(state))
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
    task.plot(model, codec, results, run.path / "plots")
    losses, scores = [report.loss for report in reports], [report.score.value for report in reports]
    # A score to be made small is the loss itself, on the development data.
    curves = plots.curves if best.score.higher_is_better else plots.loss_curves
    curves(losses, scores, best.score.name, best.epoch, run.path / "plots" / "curves.png")
    # From the disk: a run that can't be loaded is not finished.
    run.write_text("replay.json", json.dumps(recording(load(run.path), task.examples(data, codec))) + "\n")
    run.write_text("report.md", report.markdown(results["training"], sections(run.path, results)))
    run.finish(results)


def evaluate(path: Path, source: str | None = None, errors: Path | None = None) -> dict[str, Any]:
    """Score a trained run on data, by default on the config's test part, or its development part without one.

    A tagger's wrong entities go to the HTML page `errors`, if one is asked for. Raises `InputError` where that can't be
    written, and for other runs.
    """
    trained = load(path)
    return build(config_of(RunDirectory.open(path))).evaluate(trained.model, trained.codec, source, errors)


def sections(path: Path, results: Mapping[str, Any]) -> list[Section]:
    """Results of a run for people: name of a part of the data → results on it, as in metrics.json."""
    return build(config_of(RunDirectory.open(path))).report(
        {name: part for name, part in results.items() if name != "training"}
    )


def inspect(path: str, overrides: Sequence[str] = ()) -> Inspection:
    """What is in the data that a config (.toml) names, or in a file of data, read as the defaults and overrides say."""
    if path.endswith(".toml"):
        return build(load_config(Path(path), overrides)).inspect()
    return build(config_of_file(path, overrides)).inspect(path)


def backtest(path: Path, source: str | None, *, windows: int, step: int, refit: bool) -> Iterator[bytes]:
    """Forecasts of a trained run from rolling origins, beside what came, as CSV; `refit` trains anew at each origin.

    Raises `RunError` for a run that is no forecaster's.
    """
    config = config_of(RunDirectory.open(path))
    if not isinstance(config, ForecastingConfig):
        raise RunError(f"{path}: expected a forecaster's run, found one of the task {config.task}")
    forecaster = load(path)
    assert isinstance(forecaster, Forecaster)
    again = partial(refitted, config) if refit else None
    table = forecaster.backtest(source or config.data.file, windows=windows, step=step, refit=again)
    yield as_csv(table)


def refitted(config: ForecastingConfig, found: SeriesSet) -> Forecaster:
    """A forecaster trained on these series alone, as the config says; the last rows are its validation part."""
    task = forecasting(config)
    data = task.without_test(found)
    torch.manual_seed(config.seed)
    codec, model = task.fit(data)
    best: dict[str, torch.Tensor] = {}
    for epoch in fit(model, task.batches(data, codec), task.scorer(data, codec), settings(config)):
        best = epoch.weights if epoch.report.best else best
    model.load_state_dict(best)
    task.calibrate(model, data, codec)
    return Forecaster(model, codec, task.format, config.interval)


def peak_memory_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
