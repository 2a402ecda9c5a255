"""The progress of trainings and comparisons on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from bilstm_nlp.cli.activity import Activity
from bilstm_nlp.cli.options import is_quiet
from bilstm_nlp.config import Config

if TYPE_CHECKING:
    from pathlib import Path

    from bilstm_nlp.studies.engines.base import Progress as RunProgress
    from bilstm_nlp.studies.engines.jobs import Job
    from bilstm_nlp.training.protocols import Batches, TrainingBatch
    from bilstm_nlp.training.reports import EpochReport


class TrainingProgress:
    """A live bar of a training's epochs on a terminal; elsewhere a plain line for each epoch."""

    def __init__(self, epochs: int) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=is_quiet())
        self.epochs = epochs
        self.bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(),
            TextColumn("{task.fields[rate]:,.0f} sequences/s"),
            TextColumn("{task.fields[last]}"),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal or is_quiet(),
        )
        self.task = self.bar.add_task("training", total=None, epoch=1, rate=0.0, last="")
        self._before, self._after = Activity("reading data"), Activity("scoring the best weights")

    def __enter__(self) -> Self:
        self._before.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Remove the bar."""
        self._before.stop()
        self._after.stop()
        self.bar.stop()

    def watch(self, epoch: int, batches: Batches) -> Batches:
        """Return the same batches; the bar moves when one is done."""
        # The bar starts here and not earlier: messages about the data would break it.
        self._before.stop()
        self.bar.start()
        self.bar.update(self.task, total=len(batches) * self.epochs, completed=len(batches) * (epoch - 1), epoch=epoch)
        return WatchedBatches(batches, self.bar, self.task)

    def epoch(self, report: EpochReport) -> None:
        """Print a line about a finished epoch."""
        score = f"dev {report.score.name} {report.score.value:.4f}"
        self.console.print(
            f"epoch {report.epoch}/{self.epochs}  loss {report.loss:.4f}  {score}{' *' if report.best else '  '}  "
            f"{report.sequences / report.seconds:,.0f} sequences/s  {report.seconds:.1f} s"
        )
        self.bar.update(self.task, last=f"loss {report.loss:.4f}, {score}")
        if report.epoch == self.epochs:
            self.bar.stop()
            self._after.__enter__()


class WatchedBatches:
    """Batches that move a progress bar."""

    def __init__(self, batches: Batches, bar: Progress, task: TaskID) -> None:
        self.batches, self.bar, self.task = batches, bar, task

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, part: slice) -> Iterator[TrainingBatch]:
        # A step larger than 1 leaves batches to other processes, which train on them at the same time.
        return self._counted(self.batches[part], part.step or 1)

    def _counted(self, batches: Iterable[TrainingBatch], processes: int) -> Iterator[TrainingBatch]:
        """Yield the batches, and count each for all processes when it is done."""
        began, sequences = time.perf_counter(), 0
        for batch in batches:
            yield batch
            sequences += len(batch) * processes
            self.bar.update(self.task, advance=processes, rate=sequences / (time.perf_counter() - began))


class ComparisonProgress:
    """A live table of a comparison's runs on a terminal; elsewhere a plain line for each run that ends."""

    LIMIT = 12
    """Rows of the live table."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=is_quiet())

    def watch(
        self, jobs: Sequence[Job], missing: Sequence[Job], progress: Iterator[RunProgress]
    ) -> Iterator[RunProgress]:
        """Yield the same progress and show it. `missing` are the jobs that are not finished yet."""
        total, finished = len(jobs), len(jobs) - len(missing)
        if not missing:
            self.console.print(f"all {total} runs are there, nothing is left to do")
            return
        if finished:
            self.console.print(f"{finished} of {total} runs are there")
        began = time.perf_counter()
        latest: dict[Path, RunProgress] = {}
        with Live(console=self.console, transient=True, auto_refresh=False) as live:
            for step in progress:
                # The run with the latest step stands at the end.
                latest.pop(step.job.folder, None)
                latest[step.job.folder] = step
                if self.console.is_terminal:
                    seconds = time.perf_counter() - began
                    live.update(run_table(missing, [*latest.values()], seconds, self.LIMIT), refresh=True)
                if step.state != "running":
                    ended = finished + _ended(latest.values())
                    self.console.print(f"[{ended}/{total}] {_run_line(step)}", markup=False)
                yield step


def _ended(steps: Iterable[RunProgress]) -> int:
    """Count the runs that have ended."""
    return sum(step.state != "running" for step in steps)


def _run_line(progress: RunProgress) -> str:
    """Describe a run that has ended."""
    run = progress.job.run
    fraction = "" if run.fraction == 1 else f", fraction {run.fraction:g}"
    outcome = f"failed: {progress.error}" if progress.state == "failed" else f"dev score {_score_cell(progress)}"
    return f"{run.variant}, seed {run.seed}{fraction}: {outcome}"


def run_table(missing: Sequence[Job], latest: Sequence[RunProgress], seconds: float, limit: int) -> RichTable:
    """Return a table of the latest runs, those at work last, and the estimated time that is left."""
    total = sum(_cost(job.run.config) for job in missing)
    done = sum(_cost(step.job.run.config) * _done(step) for step in latest)
    left = "unknown" if not done else str(timedelta(seconds=round(seconds * (total - done) / done)))
    title = f"{_ended(latest)} of {len(missing)} runs, left: {left}"
    table = RichTable(title=title, title_justify="left")
    for name in ("variant", "seed", "fraction", "epoch", "dev score", "state"):
        table.add_column(name, justify="left" if name in ("variant", "state") else "right")
    for step in sorted(latest, key=lambda step: step.state == "running")[-limit:]:
        run = step.job.run
        epoch = f"{step.epoch}/{run.config.training.epochs}"
        cells = (run.variant, str(run.seed), f"{run.fraction:g}", epoch, _score_cell(step), step.state)
        table.add_row(*map(Text, cells))
    return table


def _done(step: RunProgress) -> float:
    """Return the fraction of a run that is done. A run that has ended is done, whatever epoch it reached."""
    return 1.0 if step.state != "running" else step.epoch / step.job.run.config.training.epochs


def _cost(config: Config) -> float:
    """Return the cost of a run in epochs over all training data."""
    return config.training.epochs * config.data.fraction


def _score_cell(progress: RunProgress) -> str:
    """Return the score of a run as text; a dash without a score."""
    return "–" if progress.score is None else f"{progress.score:.4f}"
