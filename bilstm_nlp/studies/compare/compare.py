"""`bilstm-nlp compare`: from a grid to its reports."""

from __future__ import annotations

import logging
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from bilstm_nlp.config import shipped
from bilstm_nlp.data.series.statistical import check_installed
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.studies.compare import grid as grids
from bilstm_nlp.studies.compare.grid import Grid
from bilstm_nlp.studies.compare.markdown import markdown
from bilstm_nlp.studies.compare.methods import CHANGE, trials_of
from bilstm_nlp.studies.compare.page import page
from bilstm_nlp.studies.compare.results import Answer
from bilstm_nlp.studies.compare.results import answer as answer_to
from bilstm_nlp.studies.compare.setup import Environment, Question, Run
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.base import Engine, Watch, complete, no_progress
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.studies.engines.trial import Trial
from bilstm_nlp.system.files import write_json, write_text
from bilstm_nlp.tasks.comparison import View
from bilstm_nlp.tasks.registry import check, examples_of

logger = logging.getLogger(__name__)

LEVEL = 0.95
"""The level of all intervals."""


@dataclass(frozen=True)
class Plan:
    """The runs of a comparison, and where its reports go."""

    grid: Grid
    out: Path
    overrides: Sequence[str]
    jobs: Sequence[Job]


def compare(
    grid: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    overrides: Sequence[str] = (),
    engine: Engine | None = None,
    watch: Watch = no_progress,
) -> Answer:
    """Carry out the missing runs of a grid file in `out`, then write report.json, report.md and report.html there.

        bilstm_nlp.compare("configs/compare/sample.toml").words

    `out` is by default runs/compare-GRID's name. `overrides` (`KEY=VALUE`) apply to all variants. Runs are carried out
    by `engine`, by default processes of this machine; a script that calls this needs `if __name__ == "__main__":`.
    `watch(jobs, missing, progress)` may show the progress. A failed run is tried again by the next call.
    Raises `InputError` for grids, data and directories that can't be used, before anything is run.
    """
    path = Path(grid)
    checked_grid = grids.read(path, overrides)
    folder = default_out(path) if out is None else Path(out)
    plan = Plan(checked_grid, folder, overrides, jobs_of(checked_grid, folder))
    _check(plan)
    complete(plan.jobs, engine or LocalProcesses(), watch)
    answer = conclude(plan)
    report = answer.as_json()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "report.json", report)
    write_text(folder / "report.md", markdown(answer))
    write_text(folder / "report.html", page(report, _view_of(checked_grid)))
    return answer


def _check(plan: Plan) -> None:
    """Raise `InputError` for a variant whose data can't be trained on, before any variant is trained."""
    try:
        check_installed(plan.grid.methods)
    except InputError as error:
        raise InputError(f"{plan.grid.source}: {error}") from None
    # Runs that differ in their seed alone are checked once.
    unlike = {job.run.config.model_copy(update={"seed": 0}).model_dump_json(): job.run for job in missing(plan.jobs)}
    for run in unlike.values():
        try:
            check(run.config)
        except InputError as error:
            raise InputError(f"{plan.grid.source}, variant {run.variant}: {error}") from None


def _view_of(grid: Grid) -> View | None:
    """Return the part of report.html that is the task's own."""
    return examples_of(grid.runs[0].config).view()


def default_out(grid: Path) -> Path:
    """Return the folder of a grid's runs and reports if no other is given."""
    return shipped.default_out(grid, "compare-")


def conclude(plan: Plan) -> Answer:
    """Compare the finished runs. Raises `RunError` if a run is damaged or was measured on other units."""
    grid = plan.grid
    finished = [job for job in plan.jobs if job.state == "finished"]
    trials = [trial_files.read(job.folder, job.run, grid.measure.name) for job in finished]
    folders = [str(job.folder) for job in finished]
    by_method = trials_of(grid, plan.out)
    beside = [trial for group in by_method.values() for trial in group]
    _check_comparable(grid, [*folders, *(trial.variant for trial in beside)], [*trials, *beside])
    seconds = {job.key: trial.cost.training_seconds for job, trial in zip(finished, trials, strict=True) if trial.cost}
    options = [part for override in plan.overrides for part in ("--set", override)]
    question = Question(
        name=grid.name,
        task=grid.task,
        subject=grid.subject,
        command=shlex.join(["bilstm-nlp", "compare", str(grid.source), *options, "--out", str(plan.out)]),
        measure=grid.measure,
        baseline=grid.baseline,
        level=LEVEL,
        seeds=grid.seeds,
        fractions=grid.fractions,
        environment=_environment(finished),
        changes={**grid.changes, **dict.fromkeys(by_method, CHANGE)},
        methods=tuple(by_method),
    )
    return answer_to(question, [*trials, *beside], [_run_of(plan.out, job, seconds.get(job.key)) for job in plan.jobs])


def _check_comparable(grid: Grid, names: Sequence[str], trials: Sequence[Trial]) -> None:
    """Raise `RunError` if runs or methods, with these names, were measured on different units."""
    measured_on = [trial.measured_on for trial in trials]
    for name, units in zip(names, measured_on, strict=True):
        if units != measured_on[0]:
            same = f"the same {grid.subject.units} as {names[0]}"
            raise RunError(f"{name}: expected a run measured on {same}, found one measured on others")


def _environment(finished: Sequence[Job]) -> Environment:
    """Return the resources of most runs, and the versions that made them."""
    counts = Counter(trial_files.resources_of(job.folder) for job in finished).most_common()
    if len(counts) > 1:
        logger.warning("speeds can't be compared: not all runs had the same jobs and threads: %s", dict(counts))
    if not counts:
        return Environment(0, 0, 0, {})
    resources = counts[0][0]
    versions = trial_files.versions_of(finished[0].folder)
    return Environment(resources.cores, resources.jobs, resources.threads, versions)


def _run_of(out: Path, job: Job, seconds: float | None) -> Run:
    """Describe a planned run for the report."""
    state = job.state
    return Run(
        variant=job.run.variant,
        seed=job.run.seed,
        fraction=job.run.fraction,
        folder=job.folder.relative_to(out).as_posix(),
        status=state,
        seconds=seconds,
        error=job.error() if state == "failed" else None,
    )
