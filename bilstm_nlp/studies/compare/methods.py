"""Methods of statistics beside the variants of a comparison, measured on the same windows."""

from __future__ import annotations

from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.studies.compare.grid import Grid
from bilstm_nlp.studies.engines.trial import Trial
from bilstm_nlp.tasks.registry import measure_methods

CHANGE = {"method": "statsforecast, fitted at each origin"}
"""The change that a method is shown with, in the place of keys of a config."""


def trials_of(grid: Grid) -> dict[str, list[Trial]]:
    """Fit the methods of a grid, and return the trials of each by its name: one for each seed, all alike.

    Raises `InputError` for data that can't be used.
    """
    if not grid.methods:
        return {}
    largest = max(grid.fractions)
    config = next(run.config for run in grid.runs if run.fraction == largest)
    measured = measure_methods(config, Methods(grid.methods, jobs=None))
    trials = {}
    for title, measurement in measured.items():
        name = f"{title} of statsforecast" if title in grid.changes else title
        ratio = measurement.measures[grid.measure.name]
        trials[name] = [
            Trial(
                variant=name,
                seed=seed,
                fraction=largest,
                numerator=ratio.numerator,
                denominator=ratio.denominator,
                lag=measurement.lag,
                per_type=ratio.by_type,
                losses=(),
                epoch_scores=(),
                cost=None,
                examples=measurement.examples,
            )
            for seed in grid.seeds
        ]
    return trials
