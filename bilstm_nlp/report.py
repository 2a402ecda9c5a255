"""Results for people: the progress of a training, tables on the terminal, Markdown for the run directory."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

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
            MofNCompleteColumn(),
            TextColumn("batches"),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self.task = self.bar.add_task("training", total=None, epoch=1)

    def __enter__(self) -> TrainingProgress:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.bar.stop()

    def watch(self, epoch: int, batches: Batches) -> Batches:
        """The same batches, each counted when it is done."""
        self.bar.update(self.task, total=len(batches) * self.epochs, completed=len(batches) * (epoch - 1), epoch=epoch)
        return WatchedBatches(batches, self.bar, self.task)

    def epoch(self, report: EpochReport) -> None:
        """One line about a finished epoch."""
        self.console.print(
            f"epoch {report.epoch}/{self.epochs}  loss {report.loss:.4f}  dev {report.score.name} "
            f"{report.score.value:.4f}{' *' if report.best else '  '}  {report.sequences / report.seconds:,.0f} "
            f"sequences/s  {report.seconds:.1f} s"
        )


class WatchedBatches:
    """Batches that move a progress bar."""

    def __init__(self, batches: Batches, bar: Progress, task: Any) -> None:
        self.batches, self.bar, self.task = batches, bar, task

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[TrainingBatch]:
        for batch in self.batches:
            yield batch
            self.bar.advance(self.task)


# --- tables ----------------------------------------------------------------------------------------------------------

Row = Sequence[str]


def number(value: float | None, digits: int = 4) -> str:
    """A score; what is undefined is a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


def score_rows(groups: dict[str, dict[str, Any]]) -> Iterator[Row]:
    for name, scores in groups.items():
        yield (
            name,
            number(scores["precision"]),
            number(scores["recall"]),
            number(scores["f1"]),
            f"{scores['support']:,}",
        )


SCORE_HEADER = ("", "precision", "recall", "F1", "entities")


def tagging_tables(results: dict[str, Any]) -> Iterator[tuple[str, Row, list[Row]]]:
    """(title, header, rows) of everything that a tagger's evaluation says."""
    both: list[Row] = [
        ("conlleval", *(number(results[name]) for name in ("precision", "recall", "f1"))),
        ("strict", *(number(results[f"{name}_strict"]) for name in ("precision", "recall", "f1"))),
    ]
    about = f"{results['source']}: {results['sentences']:,} sentences, {results['tokens']:,} tokens"
    yield about, ("reading", "precision", "recall", "F1"), both
    macro: list[Row] = [("macro average", "", "", number(results["macro_f1"]), "")]
    yield "By type", SCORE_HEADER, [*score_rows(results["per_type"]), *macro]
    yield "By whether training had the entity", SCORE_HEADER, list(score_rows(results["by_novelty"]))
    yield "By length in tokens", SCORE_HEADER, list(score_rows(results["by_length"]))


def calibration_rows(calibration: dict[str, Any]) -> list[Row]:
    """The reliability table: how often entities of a confidence are right."""
    after = calibration["after"]
    edges = after["edges"]
    return [
        (
            f"{edges[i]:.2f}–{edges[i + 1]:.2f}",
            f"{count:,}",
            number(after["mean_confidence"][i], 3),
            number(after["accuracy"][i], 3),
        )
        for i, count in enumerate(after["counts"])
        if count
    ]


CALIBRATION_HEADER = ("confidence", "entities", "mean confidence", "right")


def calibration_line(calibration: dict[str, Any]) -> str:
    before, after = calibration["before"]["ece"], calibration["after"]["ece"]
    return (
        f"Expected calibration error of entity probabilities: {number(before)} raw, {number(after)} at temperature "
        f"{calibration['temperature']:.3f}, {number(calibration['ece_cross_fitted'])} cross-fitted (temperature from "
        "one half of these sentences, measured on the other)."
    )


def print_results(results: dict[str, Any]) -> None:
    """An evaluation on standard output."""
    console = Console(highlight=False)
    for title, header, rows in tagging_tables(results):
        table = Table(title=title, title_justify="left")
        for index, column in enumerate(header):
            table.add_column(column, justify="left" if index == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    console.print(calibration_line(results["calibration"]))
    for line in disagreement_lines(results):
        console.print(line, markup=False)


def disagreement_lines(results: dict[str, Any]) -> list[str]:
    """A warning with the spans behind it, where the two readings of broken tag sequences differ."""
    found = results["disagreements"]
    if not found:
        return []
    return [
        "Warning: the conlleval and the strict reading differ, so figures counted in the two ways can't be compared. "
        "The first spans that only one of them counts:",
        *(f"  line {d['line']}: {d['side']} {d['type']} “{d['text']}”, {d['reading']} only" for d in found),
    ]


# --- Markdown --------------------------------------------------------------------------------------------------------


def markdown_table(header: Row, rows: Iterable[Row]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def markdown(results: dict[str, Any]) -> str:
    """report.md of a finished run."""
    training = results["training"]
    parts = [
        "# Training run\n",
        f"{training['epochs']} epochs, the best of them {training['best_epoch']}; {training['parameters']:,} trained "
        f"parameters; {training['seconds']:.0f} s of training ({training['sequences_per_second']:,.0f} sequences/s on "
        f"{training['threads']} threads), {training['peak_memory_mb']:,.0f} MiB at most.\n",
        "![curves](plots/curves.png)\n",
    ]
    for part in ("dev", "test"):
        if part in results:
            parts.append(f"## {part}\n")
            for title, header, rows in tagging_tables(results[part]):
                parts.append(f"**{title}**\n\n{markdown_table(header, rows)}")
            parts += [f"{line}\n" for line in disagreement_lines(results[part])]
            parts.append(calibration_line(results[part]["calibration"]) + "\n")
            parts.append(markdown_table(CALIBRATION_HEADER, calibration_rows(results[part]["calibration"])))
    parts.append("![types](plots/confusion.png) ![transitions](plots/transitions.png)\n")
    return "\n".join(parts)


def note(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr)
