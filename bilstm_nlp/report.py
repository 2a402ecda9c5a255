"""Results for people: the progress of a training, tables on the terminal, Markdown for the run directory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table as RichTable
from rich.text import Text

from bilstm_nlp.checkpoint import flat
from bilstm_nlp.tasks.presentation import Picture, Row, Section, Table

if TYPE_CHECKING:
    from bilstm_nlp.tasks.base import Batches, TrainingBatch
    from bilstm_nlp.training import EpochReport


# --- progress --------------------------------------------------------------------------------------------------------


class TrainingProgress:
    """Epochs on standard error: a live bar on a terminal, a plain line an epoch elsewhere."""

    def __init__(self, epochs: int) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
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

    def __iter__(self) -> Iterator[TrainingBatch]:
        began, sequences = time.perf_counter(), 0
        for batch in self.batches:
            yield batch
            sequences += len(batch)
            self.bar.update(self.task, advance=1, rate=sequences / (time.perf_counter() - began))


# --- results ---------------------------------------------------------------------------------------------------------


def print_sections(sections: Iterable[Section]) -> None:
    """Results on standard output; pictures are for Markdown only."""
    console = Console(highlight=False)
    for section in sections:
        console.print(section.title, style="bold", markup=False, soft_wrap=True)
        for part in section.parts:
            match part:
                case Table():
                    console.print(rich_table(part))
                case str():
                    console.print(part, markup=False, soft_wrap=True)
                case Picture():
                    pass


def run_section(summary: Mapping[str, Any]) -> Section:
    """A run directory's `summary`."""
    state = "finished" if summary["finished"] else "unfinished (train --resume goes on with it)"
    tables = [
        *(Table(part, ("", "value"), pairs(found)) for part, found in summary["results"].items()),
        Table("Training", ("", "value"), pairs(summary["training"])),
        Table("Configuration", ("key", "value"), pairs(flat(summary["config"]))),
        Table("Versions", ("package", "version"), pairs(summary["versions"])),
        Table("Files", ("name", "bytes"), [(name, f"{size:,}") for name, size in summary["files"].items()]),
    ]
    title = f"{summary['run']}: {state}, epochs so far: {summary['epochs']}"
    return Section(title, [table for table in tables if table.rows])


def pairs(values: Mapping[str, Any]) -> list[Row]:
    """Names and values as cells; fractions with four digits."""
    return [(name, f"{value:.4f}" if isinstance(value, float) else str(value)) for name, value in values.items()]


def rich_table(table: Table) -> RichTable:
    """A table for the terminal, the first column to the left, numbers to the right."""
    shown = RichTable(title=Text(table.title), title_justify="left")
    for index, column in enumerate(table.header):
        shown.add_column(Text(column), justify="left" if index == 0 else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(Text, row))
    return shown


def markdown(training: Mapping[str, Any], sections: Iterable[Section]) -> str:
    """report.md of a finished run."""
    parts = [
        "# Training run",
        f"{training['epochs']} epochs, the best of them {training['best_epoch']}; {training['parameters']:,} trained "
        f"parameters; {training['seconds']:.0f} s of training ({training['sequences_per_second']:,.0f} sequences/s on "
        f"{training['threads']} threads), {training['peak_memory_mb']:,.0f} MiB at most.",
        "![Curves of the training](plots/curves.png)",
    ]
    for section in sections:
        parts.append(f"## {section.title}")
        for part in section.parts:
            match part:
                case Table(title, header, rows):
                    parts += [f"**{title}**", markdown_table(header, rows)]
                case str():
                    parts.append(part)
                case Picture(file, caption):
                    parts.append(f"![{caption}]({file})")
    return "\n\n".join(parts) + "\n"


def markdown_table(header: Row, rows: Iterable[Row]) -> str:
    """A table in Markdown, whose cells may hold bars."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def note(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr)
