"""The progress of trainings and comparisons on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from bilstm_nlp.config import Config

if TYPE_CHECKING:
    from bilstm_nlp.studies.engines.base import Progress as RunProgress
    from bilstm_nlp.studies.engines.jobs import Job
    from bilstm_nlp.training.protocols import Batches, TrainingBatch
    from bilstm_nlp.training.state import EpochReport


class TrainingProgress:
    """Epochs on standard error: a live bar on a terminal, a plain line an epoch elsewhere."""

    def __init__(self, epochs: int, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True, quiet=quiet)
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
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=None, epoch=1, rate=0.0, last="")

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bar.stop()

    def watch(self, epoch: int, batches: Batches) -> Batches:
        """The same batches, each counted when it is done."""
        # Not before: what is said while data are read would break the bar.
        self.bar.start()
        self.bar.update(self.task, total=len(batches) * self.epochs, completed=len(batches) * (epoch - 1), epoch=epoch)
        return WatchedBatches(batches, self.bar, self.task)

    def epoch(self, report: EpochReport) -> None:
        """One line about a finished epoch."""
        score = f"dev {report.score.name} {report.score.value:.4f}"
        self.console.print(
            f"epoch {report.epoch}/{self.epochs}  loss {report.loss:.4f}  {score}{' *' if report.best else '  '}  "
            f"{report.sequences / report.seconds:,.0f} sequences/s  {report.seconds:.1f} s"
        )
        self.bar.update(self.task, last=f"loss {report.loss:.4f}, {score}")


class WatchedBatches:
    """Batches that move a progress bar."""

    def __init__(self, batches: Batches, bar: Progress, task: TaskID) -> None:
        self.batches, self.bar, self.task = batches, bar, task

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, part: slice) -> Iterator[TrainingBatch]:
        # Those in between are other processes', at the same time.
        return self.counted(self.batches[part], part.step or 1)

    def counted(self, batches: Iterable[TrainingBatch], processes: int) -> Iterator[TrainingBatch]:
        """Batches, each counted for all processes when it is done."""
        began, sequences = time.perf_counter(), 0
        for batch in batches:
            yield batch
            sequences += len(batch) * processes
            self.bar.update(self.task, advance=processes, rate=sequences / (time.perf_counter() - began))


class ComparisonProgress:
    """Runs of a comparison on standard error: a live table on a terminal, a plain line for each that ends elsewhere."""

    SHOWN = 12

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)

    def watch(
        self, jobs: Sequence[Job], missing: Sequence[Job], progress: Iterator[RunProgress]
    ) -> Iterator[RunProgress]:
        """The same progress, shown; of the jobs, some are missing and to be made."""
        total, there = len(jobs), len(jobs) - len(missing)
        if not missing:
            self.console.print(f"all {total} runs are there, nothing is left to do")
            return
        if there:
            self.console.print(f"{there} of {total} runs are there")
        began = time.perf_counter()
        latest: dict[Any, RunProgress] = {}
        with Live(console=self.console, transient=True, auto_refresh=False) as live:
            for one in progress:
                # Those that came on last are at the end.
                latest.pop(one.job.folder, None)
                latest[one.job.folder] = one
                if self.console.is_terminal:
                    seconds = time.perf_counter() - began
                    live.update(run_table(missing, [*latest.values()], seconds, self.SHOWN), refresh=True)
                if one.state != "running":
                    ended = sum(other.state != "running" for other in latest.values())
                    self.console.print(f"[{there + ended}/{total}] {run_line(one)}", markup=False)
                yield one


def run_line(progress: RunProgress) -> str:
    """A run that has ended."""
    run = progress.job.run
    share = "" if run.fraction == 1 else f", fraction {run.fraction:g}"
    what = f"failed: {progress.error}" if progress.state == "failed" else f"dev score {score_cell(progress)}"
    return f"{run.variant}, seed {run.seed}{share}: {what}"


def run_table(missing: Sequence[Job], latest: Sequence[RunProgress], seconds: float, most: int) -> RichTable:
    """How the runs are getting on, those at work last."""
    total = sum(epochs_of(one.config) for one in (job.run for job in missing))
    done = sum(
        epochs_of(one.job.run.config)
        * (1.0 if one.state != "running" else one.epoch / one.job.run.config.training.epochs)
        for one in latest
    )
    left = "unknown" if not done else str(timedelta(seconds=round(seconds * (total - done) / done)))
    ended = sum(one.state != "running" for one in latest)
    table = RichTable(title=f"{ended} of {len(missing)} runs, left: {left}", title_justify="left")
    for name in ("variant", "seed", "fraction", "epoch", "dev score", "state"):
        table.add_column(name, justify="left" if name in ("variant", "state") else "right")
    for one in sorted(latest, key=lambda one: one.state == "running")[-most:]:
        run = one.job.run
        epoch = f"{one.epoch}/{run.config.training.epochs}"
        cells = (run.variant, str(run.seed), f"{run.fraction:g}", epoch, score_cell(one), one.state)
        table.add_row(*map(Text, cells))
    return table


def epochs_of(config: Config) -> float:
    """What a run takes, in epochs over all training data."""
    return config.training.epochs * config.data.fraction


def score_cell(progress: RunProgress) -> str:
    return "–" if progress.score is None else f"{progress.score:.4f}"
