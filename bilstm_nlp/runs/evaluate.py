"""Scores of a trained run, results as tables, and a description of data before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config import Config
from bilstm_nlp.config.shipped import is_shipped
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.runs.load import Run
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.registry import build, config_of_file, forecasting
from bilstm_nlp.tasks.registry import load as load_config
from bilstm_nlp.tasks.request import ErrorsPage

if TYPE_CHECKING:
    from bilstm_nlp.data.series.method_forecasts import Methods


def evaluate(
    run: Run,
    source: str | None = None,
    errors: Path | None = None,
    *,
    methods: Methods | None = None,
    stride: int | None = None,
    static: str | None = None,
) -> dict[str, Any]:
    """Score a trained run on data, by default on the config's test part, or without one on its development part.

    If `errors` is given, a tagger's wrong entities are written to this HTML page. `methods` of statistics are scored
    beside a forecaster, by default those of its config; `stride` is the number of rows between its origins.
    `static` is a file with static columns of the series in `source`.
    Raises `InputError` if the page can't be written, and for a run of another task.
    """
    page = None if errors is None else ErrorsPage(errors, [run.directory.path])
    if methods is not None or stride is not None or static is not None:
        task = forecasting(run.config, f"--baselines, --stride, --static: {run.directory.path}")
        return task.evaluate(run.predictor, source, page, methods, stride or 1, static)
    return build(run.config).evaluate(run.predictor, source, page)


def sections(config: Config, results: Mapping[str, Any]) -> list[Section]:
    """Turn the results on each part of the data, as in metrics.json, into tables and sentences."""
    return build(config).report({name: part for name, part in results.items() if name != "training"})


def inspect(path: str, overrides: Sequence[str] = ()) -> Inspection:
    """Describe the data that a config (.toml) names, or a file of data that is read with defaults and overrides."""
    if path.endswith(".toml") or is_shipped(path):
        return build(load_config(path, overrides)).inspect()
    return build(config_of_file(path, overrides)).inspect(path)
