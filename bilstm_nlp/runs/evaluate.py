"""Scores of a trained run, results for people, and what is in data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bilstm_nlp.config import load as load_config
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import config_of, load
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.registry import build, config_of_file


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
