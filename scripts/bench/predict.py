"""Tagging of files through the command line: tokens a second without start-up, and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from bilstm_nlp.data.text.formats.corpus import Sentence, sentence_of_text
from bilstm_nlp.errors import InputError

from .corpora import Corpora, sentences
from .measuring import Figure, Target, interleaved
from .processes import BILSTM_NLP, Finished, run
from .report import Report, Value


@dataclass(frozen=True)
class Kind:
    """A format of the input."""

    suffix: str
    written: str
    """The format of the output."""
    write: Callable[[Sentence], str]
    tokens: Callable[[Sentence], int]


COLUMNS = Kind("conll", "conll", lambda one: "\n".join(one.rows) + "\n\n", lambda one: len(one.tokens))
TEXT = Kind("txt", "text", lambda one: line(one) + "\n", lambda one: len(sentence_of_text(line(one)).tokens))


def line(sentence: Sentence) -> str:
    """Write a sentence as a line of text."""
    return " ".join(sentence.tokens)


@dataclass(frozen=True)
class CommandLine:
    """`bilstm-nlp predict` with a trained run, from a file to a file."""

    model: Path
    folder: Path
    jobs: int | None
    threads: int | None

    def tag(self, path: Path, kind: Kind) -> Finished:
        """Tag a file. Raises `InputError` if that fails."""
        output = self.folder / f"tagged.{kind.written}"
        jobs = [] if self.jobs is None else ["--jobs", str(self.jobs)]
        files: list[str | Path] = [self.model, path, "--output", output]
        return run([BILSTM_NLP, "predict", *files, "--format", kind.written, *jobs], self.threads)

    def calls(self, kind: Kind, chosen: Sequence[Sentence]) -> dict[str, Callable[[], Finished]]:
        """Return calls that tag a file of `all` these sentences, and a file of `one` sentence to measure start-up."""
        by_part: dict[str, Callable[[], Finished]] = {}
        for name, part in (("one", chosen[:1]), ("all", chosen)):
            path = self.folder / f"{name}.{kind.suffix}"
            path.write_text("".join(map(kind.write, part)), encoding="utf-8")
            by_part[name] = partial(self.tag, path, kind)
        return by_part


def measure(command: CommandLine, files: Corpora, *, count: int, megabytes: int | None, rounds: int) -> Report:
    """Measure tokens a second and memory for a file of `count` sentences, as columns and as text.

    With `megabytes`, memory is measured for a column file of this size too.
    Raises `InputError` for files so small that tagging them takes no longer than starting.
    """
    chosen = list(islice(sentences(files), count))
    columns, text = command.calls(COLUMNS, chosen), command.calls(TEXT, chosen)
    columns["one"]()  # warm
    by_columns, by_text = interleaved(columns, rounds), interleaved(text, rounds)
    start = Figure([end.seconds for end in by_columns["one"]], "s")
    figures = {
        "columns_speed": speed(by_columns, sum(map(COLUMNS.tokens, chosen))),
        "text_speed": speed(by_text, sum(map(TEXT.tokens, chosen))),
        "start": start,
        "columns_memory": Figure([end.peak for end in by_columns["all"]], "MiB"),
        "text_memory": Figure([end.peak for end in by_text["all"]], "MiB"),
    }
    notes = (
        *files.notes,
        f"{count} sentences, as columns (to columns) and as text (to text); speed without start-up, which is "
        "the time for a file of one sentence",
        f"memory: all that the process and those below it hold at a time; --jobs: {command.jobs or 'not given'}",
    )
    if megabytes is None:
        return Report(figures, notes=notes)
    path = command.folder / "large.conll"
    write_large(path, files, megabytes)
    quarters = memory_by_quarter(command.tag(path, COLUMNS).memory, start.median)
    return Report(
        figures | of_large_file(quarters),
        {"large_file": quarters},
        (*notes, f"large file: {megabytes} MB of columns, once; growth: the last quarter's peak / the first's"),
    )


def speed(ends: Mapping[str, Sequence[Finished]], tokens: int) -> Figure:
    """Return tokens a second. The time of the file of one sentence in the same round is subtracted."""
    apart = [whole.seconds - start.seconds for whole, start in zip(ends["all"], ends["one"], strict=True)]
    if min(apart) <= 0:
        raise InputError("--sentences: expected so many that tagging takes longer than starting, found too few")
    return Figure([tokens / seconds for seconds in apart], "tokens/s", Target(50_000, 120_000))


def write_large(path: Path, files: Corpora, megabytes: int) -> None:
    """Write a column file of so many MB."""
    stream, size = sentences(files), 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1_000_000:
            size += file.write("".join(map(COLUMNS.write, islice(stream, 1000))))


def memory_by_quarter(memory: Sequence[tuple[float, float]], start: float) -> list[dict[str, Value]]:
    """Return memory at 25, 50, 75 and 100 % of the time after the start, and the peak of each quarter."""
    length = (memory[-1][0] - start) / 4 if memory else 0.0
    rows: list[dict[str, Value]] = []
    for quarter in range(4):
        begin = start + quarter * length
        held = [held for at, held in memory if begin < at <= begin + length]
        if not held:
            raise InputError("--megabytes: expected so many that tagging takes longer than starting, found too few")
        rows.append({"percent": 25 * (quarter + 1), "mib": held[-1], "peak_mib": max(held)})
    return rows


def of_large_file(quarters: Sequence[Mapping[str, Value]]) -> dict[str, Figure]:
    """Return the peak of all quarters, and the growth from the first to the last."""
    peaks = [float(quarter["peak_mib"]) for quarter in quarters]
    return {
        "large_file_memory": Figure([max(peaks)], "MiB", Target(800, 500)),
        "large_file_growth": Figure([peaks[-1] / peaks[0]], "×", Target(1.1, 1.0)),
    }
