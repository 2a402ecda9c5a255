"""Export a trained run: a folder with its graph, which predicts without torch, and a card that describes the model.

The folder is a run's directory with a graph in place of weights. The graph must answer the recorded inputs as the run
does, before the folder is put in its place.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bilstm_nlp.config import Config
from bilstm_nlp.errors import InputError, OutputError, RunError
from bilstm_nlp.export.card import Card, card
from bilstm_nlp.export.models import graph_of
from bilstm_nlp.export.networks import arrays_beside
from bilstm_nlp.export.quantization import quantized
from bilstm_nlp.export.scores import DevelopmentScore, development_score
from bilstm_nlp.export.settings import ExportSettings
from bilstm_nlp.nn.model import Model
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.runs.directory import RunDirectory, finished
from bilstm_nlp.runs.graphs import is_exported, read_graph, write_graph
from bilstm_nlp.runs.load import config_of, open_directory
from bilstm_nlp.runs.provenance import version_of
from bilstm_nlp.runs.replay import Replayed, recording, replay
from bilstm_nlp.runs.tensors import load_weights
from bilstm_nlp.tasks.graph_registry import example_windows
from bilstm_nlp.tasks.registry import restored
from bilstm_nlp.tasks.request import Engine

COPIED = ("config.json", "codec.json", "codec.safetensors", "history.jsonl", "metrics.json")
"""Files of a run that an export has too."""


@dataclass(frozen=True)
class Exported:
    """A run that was exported."""

    path: Path
    size: int
    """Bytes of all files."""
    inputs: int
    """Recorded inputs that were asked again."""
    difference: float
    """The largest difference between an answer of the graph, in 32 bits, and that of the run."""
    score: DevelopmentScore | None
    """The scores with 8 and with 32 bits; None without 8 bits."""

    def as_json(self) -> dict[str, Any]:
        """Return the export as JSON."""
        values = {"path": str(self.path), "bytes": self.size, "inputs": self.inputs, "difference": self.difference}
        return values if self.score is None else {**values, "int8": self.score.as_json()}

    def section(self) -> Section:
        """Return the export as a section."""
        same = f"{self.inputs} recorded inputs are answered like the run, within {self.difference:.1e}"
        title = f"{self.path}: {self.size / 1e6:,.1f} MB; {same}"
        if self.score is None:
            return Section(title, [])
        return Section(title, [self.score.table()])


def export(run: Path, out: Path, settings: ExportSettings) -> Exported:
    """Export a finished run to the new folder `out`. An export that is there is replaced.

    Raises `InputError` for a run that is unfinished, damaged or itself an export; for a layer that no graph can
    express; for anything else at `out`; and if 8 bits cost more than the tolerance. Raises `RunError` if the graph
    answers otherwise than the run.
    """
    directory = finished(run)
    if is_exported(directory):
        raise InputError(f"{run}: expected a run with weights of torch, found an export")
    _check_vacant(out)
    # everything but the folder's name
    partial = out.with_name(f".{out.name}.partial")
    _remove(partial)
    try:
        exported = _filled(directory, partial, out, settings)
        _put(partial, out)
    except OSError as error:
        raise OutputError(out, error) from error
    finally:
        _remove(partial)
    return exported


def _filled(directory: RunDirectory, partial: Path, out: Path, settings: ExportSettings) -> Exported:
    """Write all files of an export, and check them."""
    config, model = trained_model(directory)
    graph = graph_in(directory, config, model, settings.opset)
    origin = directory.origin() | {"export": _origin(settings)}
    target = RunDirectory.create(partial, origin)
    for name in COPIED:
        _copy(directory, target, name)
    _copy(directory, target, "replay.json")
    write_graph(target, graph, arrays_beside(model))
    inputs, difference = check_answers(target, directory.path)
    score = None
    if settings.int8:
        score = _rounded(target, config, graph, settings.tolerance)
    predictor, results = open_directory(target).predictor, target.read_json("metrics.json")
    facts = Card(out.name, config, results, predictor, read_graph(target).session(), score)
    target.write_text("README.md", card(facts))
    size = sum(file.stat().st_size for file in partial.iterdir())
    return Exported(out, size, inputs, difference, score)


def trained_model(directory: RunDirectory) -> tuple[Config, Model[Any, Any]]:
    """Return a run's config and its model, with the best weights."""
    config = config_of(directory)
    made = restored(config, directory.read_json("codec.json"), directory.read_arrays("codec.safetensors"))
    load_weights(directory, made.model)
    assert isinstance(made.model, Model)
    return config, made.model.eval()


def graph_in(directory: RunDirectory, config: Config, model: Model[Any, Any], opset: int) -> bytes:
    """Return the graph of a run's model."""
    recorded = directory.read_json("replay.json")
    example = example_windows(config, directory.read_json("codec.json"), recorded.get("inputs", []))
    content: bytes = graph_of(model, opset, example).SerializeToString()
    return content


def check_answers(target: RunDirectory, run: Path, engine: Engine = "torch") -> tuple[int, float]:
    """Ask the graph of a directory the recorded inputs in every way.

    Return the number of inputs, and the largest difference of an answer.
    Raises `RunError` if the graph answers otherwise than the run.
    """
    recorded = target.read_json("replay.json")
    replayed: list[Replayed] = replay(open_directory(target, engine=engine).predictor, recorded)
    difference = max(each.difference for each in replayed)
    if not all(each.same for each in replayed):
        others = sum(each.other_tags for each in replayed)
        raise RunError(
            f"{run}: expected a graph that answers like the run, found answers that differ by {difference:.1e}, and "
            f"{others} other tags"
        )
    return len(recorded["inputs"]), difference


def _rounded(target: RunDirectory, config: Config, graph: bytes, tolerance: float | None) -> DevelopmentScore:
    """Put a graph of 8 bits in place of that of 32 bits, with its answers. Raises `InputError` if it costs too much."""
    before = open_directory(target).predictor
    target.write("model.onnx", lambda partial: partial.write_bytes(quantized(graph)))
    after = open_directory(target).predictor
    score = development_score(config, before, after)
    score.check(tolerance)
    # The steps of rounding depend on the whole batch, so that answers agree in the recorded batch alone.
    recorded = recording(after, target.read_json("replay.json")["inputs"]) | {"ways": ["as recorded"]}
    target.write_text("replay.json", json.dumps(recorded) + "\n")
    return score


def _origin(settings: ExportSettings) -> Mapping[str, Any]:
    """Return how an export is made, for run.json."""
    return {"opset": settings.opset, "weights": "int8" if settings.int8 else "float32", "by": version_of("bilstm-nlp")}


def _copy(source: RunDirectory, target: RunDirectory, name: str) -> None:
    """Copy a file whose digest is right. Raises `RunError` if it is missing or damaged."""
    target.write(name, lambda partial: shutil.copyfile(source.path / name, partial))
    source.checksums.check(name, target.checksums.known()[name][0])


def _check_vacant(out: Path) -> None:
    """Raise `InputError` unless nothing, or an export, is at a path."""
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or is_exported(RunDirectory(out)))):
        raise InputError(f"{out}: expected a new folder, or an export to replace, found something else there")


def _put(partial: Path, out: Path) -> None:
    """Rename a folder that is complete. An export that was there is removed afterwards."""
    old = out.with_name(f".{out.name}.old")
    _remove(old)
    if out.exists():
        os.replace(out, old)
    os.replace(partial, out)
    _remove(old)


def _remove(folder: Path) -> None:
    """Remove a folder, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
