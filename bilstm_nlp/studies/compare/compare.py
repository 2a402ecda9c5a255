"""`bilstm-nlp compare`: from a grid to its reports."""

from __future__ import annotations

import logging
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bilstm_nlp.config import shipped
from bilstm_nlp.errors import RunError
from bilstm_nlp.studies.compare import grid as grids
from bilstm_nlp.studies.compare.grid import Grid
from bilstm_nlp.studies.compare.markdown import markdown
from bilstm_nlp.studies.compare.page import page
from bilstm_nlp.studies.compare.results import Answer, answer
from bilstm_nlp.studies.compare.setup import Environment, Question, Run
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.base import Engine, Progress
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.system.files import write_json, write_text
from bilstm_nlp.tasks.comparison import View
from bilstm_nlp.tasks.registry import examples_of

logger = logging.getLogger(__name__)

LEVEL = 0.95


@dataclass(frozen=True)
class Plan:
    """What a comparison is to be made of, and what of it is missing."""

    grid: Grid
    out: Path
    overrides: Sequence[str]
    jobs: Sequence[Job]
    missing: Sequence[Job]


Watch = Callable[[Sequence[Job], Sequence[Job], Iterator[Progress]], Iterator[Progress]]


def unwatched(jobs: Sequence[Job], missing: Sequence[Job], progress: Iterator[Progress]) -> Iterator[Progress]:
    """The progress as it is."""
    return progress


def compare(
    grid: str | Path,
    out: str | Path | None = None,
    *,
    overrides: Sequence[str] = (),
    engine: Engine | None = None,
    watch: Watch = unwatched,
) -> Answer:
    """Make what runs of a grid file are missing in `out`, then write report.json, report.md and report.html there.

    By default in runs/compare-GRID's name, with processes of this machine. `overrides` (`KEY=VALUE`) are for all
    variants. `watch(jobs, missing, progress)` may wrap the progress of the runs, to show it. A run that dies is written
    down as failed, and tried anew by the next call.
    Raises `InputError` for grids, data and directories that can't be used, before anything is run.
    """
    path = Path(grid)
    wanted = grids.read(path, overrides)
    folder = default_out(path) if out is None else Path(out)
    jobs = jobs_of(wanted, folder)
    plan = Plan(wanted, folder, overrides, jobs, missing(jobs))
    with closing((engine or LocalProcesses()).execute(plan.missing)) as progress:
        for _ in watch(plan.jobs, plan.missing, progress):
            pass
    found = conclude(plan)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "report.json", found.as_json())
    write_text(folder / "report.md", markdown(found))
    write_text(folder / "report.html", page(found.as_json(), view_of(wanted)))
    return found


def view_of(grid: Grid) -> View | None:
    """Return the part of report.html that is the task's own."""
    return examples_of(grid.runs[0].config).view()


def default_out(grid: Path) -> Path:
    """Return where a grid's runs and reports go if the user names no directory."""
    return shipped.default_out(grid, "compare-")


def conclude(plan: Plan) -> Answer:
    """The answer that the finished runs give. Raises `RunError` where one is damaged, or they can't be compared."""
    grid = plan.grid
    finished = [job for job in plan.jobs if job.state == "finished"]
    found = [trial_files.read(job.folder, job.run, grid.measure.name) for job in finished]
    measured_on = [trial.measured_on for trial in found]
    for job, units in zip(finished, measured_on, strict=True):
        if units != measured_on[0]:
            same = f"the same {grid.subject.units} as {finished[0].folder}"
            raise RunError(f"{job.folder}: expected a run measured on {same}, found one measured on others")
    seconds = {job.key: trial.cost.training_seconds for job, trial in zip(finished, found, strict=True)}
    sets = [part for override in plan.overrides for part in ("--set", override)]
    question = Question(
        name=grid.name,
        task=grid.task,
        subject=grid.subject,
        command=shlex.join(["bilstm-nlp", "compare", str(grid.source), *sets, "--out", str(plan.out)]),
        measure=grid.measure,
        baseline=grid.baseline,
        level=LEVEL,
        seeds=grid.seeds,
        fractions=grid.fractions,
        environment=environment(finished),
        changes=grid.changes,
    )
    return answer(question, found, [run_of(plan.out, job, seconds.get(job.key)) for job in plan.jobs])


def environment(finished: Sequence[Job]) -> Environment:
    """What the runs were made on; most of them, where not all were made alike."""
    kinds = Counter(trial_files.resources_of(job.folder) for job in finished).most_common()
    if len(kinds) > 1:
        logger.warning("speeds can't be compared: not all runs had the same jobs and threads: %s", dict(kinds))
    if not kinds:
        return Environment(0, 0, 0, {})
    most = kinds[0][0]
    return Environment(most.cores, most.jobs, most.threads, trial_files.versions_of(finished[0].folder))


def run_of(out: Path, job: Job, seconds: float | None) -> Run:
    """A planned run, for the report."""
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
