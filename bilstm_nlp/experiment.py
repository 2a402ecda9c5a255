"""From a config to a trained run. The only place that asks which kind of thing a config means."""

from __future__ import annotations

import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from typing_extensions import assert_never

from bilstm_nlp import plots, report, training
from bilstm_nlp.checkpoint import RunDirectory, flat
from bilstm_nlp.config import (
    AdamConfig,
    AdamWConfig,
    CharacterCnnConfig,
    CharacterLstmConfig,
    Config,
    ConstantSchedule,
    CosineSchedule,
    CrfHeadConfig,
    InverseTimeSchedule,
    LinearSchedule,
    NoCharacters,
    PlateauSchedule,
    SgdConfig,
    SoftmaxHeadConfig,
    TaggingConfig,
    TrainingConfig,
    parse,
    to_json,
)
from bilstm_nlp.data.corpus import InputFormat, input_format, sentences_of
from bilstm_nlp.data.tagged import CSV_HEADER, OutputFormat, writer
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.inference import Tagger
from bilstm_nlp.nn.crf import LinearChainCrf
from bilstm_nlp.nn.embedder import CharacterCnn, CharacterLstm
from bilstm_nlp.nn.heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Legality
from bilstm_nlp.tasks.base import Batches, Section
from bilstm_nlp.tasks.tagging import TaggingTask
from bilstm_nlp.training import EpochReport, Schedule, Settings, fit

logger = logging.getLogger(__name__)


def build(config: Config) -> TaggingTask:
    """The task that a config describes, with the makers of its parts."""
    match config:
        case TaggingConfig():
            return TaggingTask(config, character_reader(config), tagging_head(config))
        case _:
            assert_never(config)


def character_reader(config: TaggingConfig) -> Callable[[int], CharacterCnn | CharacterLstm | None]:
    """Number of characters → what reads a word's spelling."""
    match config.embeddings.characters:
        case CharacterCnnConfig(embedding=embedding, filters=filters, width=width):
            return lambda characters: CharacterCnn(characters, embedding, filters, width=width)
        case CharacterLstmConfig(embedding=embedding, hidden=hidden):
            return lambda characters: CharacterLstm(characters, embedding, hidden)
        case NoCharacters():
            return lambda characters: None
        case unknown:
            assert_never(unknown)


def tagging_head(config: TaggingConfig) -> Callable[[int, Legality], CrfHead | SoftmaxHead]:
    """(inputs, legality of the scheme's sequences) → head."""
    match config.head:
        case CrfHeadConfig(constrained=constrained, constrain_training=constrain_training):
            return lambda inputs, legality: CrfHead(
                inputs, chain(legality, constrained=constrained, constrain_training=constrain_training)
            )
        case SoftmaxHeadConfig(constrained=constrained):
            return lambda inputs, legality: SoftmaxHead(
                inputs, chain(legality, constrained=constrained, constrain_training=False)
            )
        case unknown:
            assert_never(unknown)


def chain(legality: Legality, *, constrained: bool, constrain_training: bool) -> LinearChainCrf:
    """A linear chain over a scheme's tags; unconstrained, every sequence is allowed."""
    if not constrained:
        return LinearChainCrf(len(legality.start))
    return LinearChainCrf(
        len(legality.start),
        legal_start=torch.from_numpy(legality.start),
        legal_end=torch.from_numpy(legality.end),
        legal_transitions=torch.from_numpy(legality.transitions),
        constrain_training=constrain_training,
    )


def optimizer_maker(config: TrainingConfig) -> Callable[[nn.Module], Optimizer]:
    """Model → optimizer."""
    match config.optimizer:
        case AdamWConfig(learning_rate=rate, betas=betas, weight_decay=decay):
            return lambda model: AdamW(training.parameter_groups(model, decay), lr=rate, betas=betas, fused=True)
        case AdamConfig(learning_rate=rate, betas=betas):
            return lambda model: Adam(training.parameter_groups(model, 0.0), lr=rate, betas=betas, fused=True)
        case SgdConfig(learning_rate=rate, momentum=momentum, weight_decay=decay):
            return lambda model: SGD(training.parameter_groups(model, decay), lr=rate, momentum=momentum)
        case unknown:
            assert_never(unknown)


def schedule(config: TrainingConfig) -> Schedule:
    """How the learning rate moves."""
    match config.schedule:
        case ConstantSchedule(warmup=warmup):
            return training.constant(warmup)
        case LinearSchedule(warmup=warmup):
            return training.linear(warmup, config.epochs)
        case CosineSchedule(warmup=warmup):
            return training.cosine(warmup, config.epochs)
        case InverseTimeSchedule(decay=decay):
            return training.inverse_time(decay)
        case PlateauSchedule(factor=factor, patience=patience):
            return training.plateau(factor, patience)
        case unknown:
            assert_never(unknown)


def settings(config: Config) -> Settings:
    """The trainer's settings."""
    return Settings(
        epochs=config.training.epochs,
        optimizer=optimizer_maker(config.training),
        schedule=schedule(config.training),
        seed=config.seed,
        clip=config.training.clip,
        patience=config.training.patience,
        average=config.training.average,
        device=config.training.device,
    )


def resumable(path: Path, config: Config) -> RunDirectory:
    """An unfinished run to go on with. Raises `RunError` when it is finished or was started with another config."""
    run = RunDirectory.open(path)
    if run.finished:
        raise RunError(f"{path}: the run is finished, there is nothing to resume; --force trains it anew")
    started = flat(run.read_json("config.json"))
    wanted = flat(to_json(config))
    changed = [
        f"{key}: started with {started.get(key)!r}, found {wanted.get(key)!r}"
        for key in sorted(started.keys() | wanted.keys())
        if started.get(key) != wanted.get(key)
    ]
    if changed:
        raise RunError(f"{path}: can't go on with another config. {'; '.join(changed)}")
    return run


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
) -> Iterator[EpochReport]:
    """Train into the run directory `path`: the best weights and the last state after every epoch, all results at the
    end. Nothing happens until the epochs are asked for.

    `resume` goes on with an unfinished run, if there is one; `force` replaces a run, once the data were found to be
    good. `watch(epoch, batches)` may wrap the batches of an epoch, to show progress.
    Raises `InputError` for data, vectors and run directories that can't be used.
    """
    # A run that broke off before its config was written has nothing to go on from.
    run = resumable(path, config) if resume and (path / "config.json").exists() else None
    state = run.read_state() if run else None
    if run is None:
        RunDirectory.check_vacant(path, force=force or resume)
    task = build(config)
    data = task.load()
    torch.manual_seed(config.seed)
    codec, model = task.fit(data)
    if run is None:
        run = RunDirectory.create(path, force=True)
    if state is None:
        run.write_json("config.json", to_json(config))
        run.write_json("codec.json", codec.to_json())
        run.write_tensors("codec.safetensors", codec.tensors())
    reports = list(state.reports) if state else []
    began = time.perf_counter()
    batches = task.batches(data, codec)
    for epoch in fit(
        model, lambda number: watch(number, batches(number)), task.scorer(data, codec), settings(config), state
    ):
        if epoch.report.best:
            run.write_tensors("model.safetensors", epoch.weights)
        run.write_state(epoch.state)
        reports.append(epoch.report)
        yield epoch.report
    run.load_weights(model)
    results = task.finish(model, data, codec)
    run.write_tensors("model.safetensors", training.weights_of(model))
    best = next(report for report in reversed(reports) if report.best)
    results["training"] = {
        "epochs": len(reports),
        "best_epoch": best.epoch,
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "seconds": sum(report.seconds for report in reports),
        "wall_seconds": time.perf_counter() - began,
        "sequences_per_second": sum(r.sequences for r in reports) / sum(r.seconds for r in reports),
        "peak_memory_mb": peak_memory_mb(),
        "threads": torch.get_num_threads(),
    }
    task.plot(model, codec, results, run.path / "plots")
    plots.curves(reports, run.path / "plots" / "curves.png")
    run.write_text("report.md", report.markdown(results["training"], sections(run.path, results)))
    run.finish(results)


def restore(run: RunDirectory) -> tuple[TaggingTask, Any, Any]:
    """Task, codec and model of a saved run, ready to score and predict."""
    config = parse(run.read_json("config.json"), str(run.path / "config.json"))
    task = build(config)
    tensors, _ = run.read_tensors("codec.safetensors")
    codec, model = task.restore(run.read_json("codec.json"), tensors)
    run.load_weights(model)
    model.eval()
    return task, codec, model


def load(path: str | Path) -> Tagger:
    """A trained run, ready to predict."""
    _, codec, model = restore(RunDirectory.open(Path(path)))
    return Tagger(model, codec)


def evaluate(path: Path, source: str | None = None) -> dict[str, Any]:
    """Score a trained run on a corpus, by default the config's test corpus, or its development corpus without one."""
    task, codec, model = restore(RunDirectory.open(path))
    return task.evaluate(model, codec, source)


def sections(path: Path, results: Mapping[str, Any]) -> list[Section]:
    """Results of a run for people: name of a part of the data → results on it, as in metrics.json."""
    config = parse(RunDirectory.open(path).read_json("config.json"), str(path / "config.json"))
    return build(config).report({name: part for name, part in results.items() if name != "training"})


def predictions(
    path: Path, source: str, kind: OutputFormat, reads: InputFormat, *, confidence: bool = False, alternatives: int = 0
) -> Iterator[str]:
    """Tag `source` (`-` is standard input) in a trained run's way; yields pieces of output in the input's order.

    When a line can't be read, all that came before it is yielded and then the `InputError` is raised.
    """
    if alternatives and kind == "conll":
        raise InputError("--nbest: expected --format text, jsonl or csv, found conll, which has one tag a token")
    task, codec, model = restore(RunDirectory.open(path))
    if reads == "auto":
        reads = input_format(source)
        logger.info("reading %s as %s (--input says otherwise)", source, reads)
    sentences = sentences_of(source, reads, replace(task.format, tag=None))
    write = writer(kind)
    if kind == "csv":
        yield CSV_HEADER
    tagged = Tagger(model, codec).stream(sentences, confidence=confidence, alternatives=alternatives)
    for number, sentence in enumerate(tagged, 1):
        yield write(number, sentence)


def peak_memory_mb() -> float:
    """The most memory this process has held so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
