"""Methods of statistics beside the variants of a comparison, measured on the same windows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.statistical import Method, title
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.studies.compare.grid import Grid
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.jobs import key_of
from bilstm_nlp.studies.engines.trial import PlannedRun, Trial
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.tasks.registry import measure_methods

CHANGE = {"method": "statsforecast, fitted at each origin"}
"""The change that a method is shown with, in the place of keys of a config."""


@dataclass(frozen=True)
class _Fit:
    """A method that is to be measured, and the folder of its result."""

    method: Method
    run: PlannedRun
    key: str
    folder: Path

    def read(self, measure: str) -> Trial | None:
        """Read the result; `None` if there is none."""
        return trial_files.read_method(self.folder, self.key, self.run, measure)


def trials_of(grid: Grid, out: Path) -> dict[str, list[Trial]]:
    """Return the trials of each method of a grid by its name: one for each seed, all alike.

    Methods that have no result in the folder `out` are fitted. Raises `InputError` for data that can't be used.
    """
    fits = _fits(grid, out)
    measure = grid.measure.name
    missing = [fit for fit in fits if fit.read(measure) is None]
    if missing:
        methods = Methods(tuple(fit.method for fit in missing), jobs=None)
        measured = measure_methods(missing[0].run.config, methods)
        for fit in missing:
            fit.folder.mkdir(parents=True, exist_ok=True)
            trial_files.save(fit.folder, fit.key, Resources(1, 1, 1), measured[title(fit.method)])
    trials = {}
    for fit in fits:
        trial = fit.read(measure)
        if trial is None:
            raise RunError(f"{fit.folder}: expected the result of {title(fit.method)}, found none")
        trials[fit.run.variant] = [replace(trial, seed=seed) for seed in grid.seeds]
    return trials


def _fits(grid: Grid, out: Path) -> list[_Fit]:
    """Give every method of a grid the config of a run, for its windows, and a folder in `out`."""
    largest = max(grid.fractions)
    config = next(run.config for run in grid.runs if run.fraction == largest)
    fits = []
    for method in grid.methods:
        name = f"{title(method)} of statsforecast" if title(method) in grid.changes else title(method)
        digests: Mapping[str, str | None] = {source: digest(source) for source in config.sources}
        # The seed makes no difference, and the release of the package may.
        parts = (key_of(config.model_copy(update={"seed": 0}), digests), method, version("statsforecast"))
        key = hashlib.sha256(" ".join(parts).encode()).hexdigest()
        folder = out / "methods" / f"{method}-{key[:8]}"
        fits.append(_Fit(method, PlannedRun(name, 0, largest, config), key, folder))
    return fits
