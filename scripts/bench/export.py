"""Tagging by ONNX Runtime, in 32 and in 8 bits, beside torch: files through the command line, and single sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice

import bilstm_nlp
from bilstm_nlp.export.export import export
from bilstm_nlp.export.settings import ExportSettings

from .corpora import Corpora, sentences
from .measuring import Figure, Target, interleaved, ratios, timed
from .predict import COLUMNS, CommandLine, speed
from .processes import Finished
from .report import Report

SPEED = {"torch": None, "float32": Target(75_000, 100_000), "int8": Target(100_000, 150_000)}
"""Tokens a second of a file, on two cores."""
SINGLE = {"torch": None, "float32": None, "int8": Target(1_500, 3_000)}
"""Sentences a second, one at a time."""
TOLERANCE = 100.0
"""Points of F1: the run is measured whatever it finds."""


def measure(command: CommandLine, files: Corpora, *, count: int, single: int, rounds: int) -> Report:
    """Measure tokens a second of a file of `count` sentences, and sentences a second of `single` ones."""
    engines = exports(command)
    chosen = list(islice(sentences(files), count))
    calls: dict[str, Callable[[], Finished]] = {}
    for name, engine in engines.items():
        calls |= {f"{name} {part}": call for part, call in engine.calls(COLUMNS, chosen).items()}
    calls["torch one"]()  # warm
    ended = interleaved(calls, rounds)
    tokens = sum(map(COLUMNS.tokens, chosen))
    figures: dict[str, Figure] = {}
    for name, target in SPEED.items():
        whole = speed({part: ended[f"{name} {part}"] for part in ("one", "all")}, tokens)
        figures[f"{name}_speed"] = replace(whole, target=target)
    seconds = interleaved({name: one_by_one(engine, files, single) for name, engine in engines.items()}, rounds)
    for name, target in SINGLE.items():
        figures[f"{name}_single"] = Figure([single / each for each in seconds[name]], "sentences/s", target)
    for name in ("float32", "int8"):
        figures[f"{name}_single_ratio"] = Figure(ratios(seconds["torch"], seconds[name]), "× torch")
    for name in engines:
        figures[f"{name}_start"] = Figure([end.seconds for end in ended[f"{name} one"]], "s")
        figures[f"{name}_memory"] = Figure([end.peak for end in ended[f"{name} all"]], "MiB")
    notes = (
        *files.notes,
        f"{count} sentences, columns to columns, without start-up; --jobs: {command.jobs or 'not given'}",
        f"single: {single} sentences, each in a call of `tag` in one process",
    )
    return Report(figures, notes=notes)


def exports(command: CommandLine) -> Mapping[str, CommandLine]:
    """Return the run, and exports of the run, as command lines with a folder each."""
    engines = {"torch": replace(command, folder=command.folder / "torch")}
    for name in ("float32", "int8"):
        settings = ExportSettings(int8=name == "int8", tolerance=TOLERANCE)
        exported = export(command.model, command.folder / f"exported-{name}", settings)
        engines[name] = replace(command, model=exported.path, folder=command.folder / name)
    for engine in engines.values():
        engine.folder.mkdir()
    return engines


def one_by_one(engine: CommandLine, files: Corpora, single: int) -> Callable[[], float]:
    """Return a function that measures the seconds of tagging sentences one at a time."""
    tagger = bilstm_nlp.load_tagger(engine.model)
    chosen = [list(sentence.tokens) for sentence in islice(sentences(files), single)]
    return timed(partial(_tag_each, tagger.tag, chosen))


def _tag_each(tag: Callable[[list[list[str]]], object], chosen: list[list[str]]) -> None:
    for tokens in chosen:
        tag([tokens])
