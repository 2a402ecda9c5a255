"""The soak's command line: train → stream, and break → print."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from scripts.bench.processes import PYTHON

from . import broken
from .lines import mixed
from .stream import Streamed, stream

ROOT = Path(__file__).resolve().parent.parent.parent
BILSTM_NLP = [PYTHON, "-m", "bilstm_nlp"]
BOUND = 32.0
"""MiB by which a stream's memory may grow after the warm-up: less than a batch of the longest sentences takes."""

app = typer.Typer(help=__doc__, add_completion=False, pretty_exceptions_enable=False)


def main() -> None:
    """Run the command line."""
    app()


@app.command()
def soak(
    minutes: Annotated[float, typer.Option(help="How long the stream is fed.")] = 30.0,
    run: Annotated[Path | None, typer.Option(help="A tagger's run; by default one trained for a moment.")] = None,
    seed: Annotated[int, typer.Option(help="Of the lines.")] = 1,
    bound: Annotated[float, typer.Option(help="MiB by which memory may grow once it is warm.")] = BOUND,
) -> None:
    """Predict for so many minutes. The exit status is 1 if a line is lost, doubled or changed, or if memory grows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tagger = run or trained(folder / "run")
        with ThreadPoolExecutor() as threads:
            until = time.monotonic() + 60 * minutes
            alone = threads.submit(predict, tagger, folder, seed, minutes, 1)
            # Two processes share a stream of their own in the second half.
            in_two = threads.submit(later, 30 * minutes, lambda: predict(tagger, folder, seed + 1, minutes / 2, 2))
            tried, faults = break_off(tagger, folder, seed, until, broken.processes(BILSTM_NLP))
            streams = {"predict": alone.result(), "predict --jobs 2": in_two.result()}
    tell(streams, tried)
    wrong = [*faults, *complaints(streams, bound)]
    for fault in wrong:
        print(f"soak: {fault}", file=sys.stderr)
    if wrong:
        raise typer.Exit(1)


def trained(path: Path) -> Path:
    """Train a small tagger on the sample corpus."""
    sets = ["training.epochs=4", "encoder.hidden=24", "embeddings.characters={kind='none'}"]
    options = [part for pair in sets for part in ("--set", pair)]
    config = ROOT / "configs" / "ner" / "sample.toml"
    subprocess.run([*BILSTM_NLP, "train", config, *options, "--out", path], capture_output=True, check=True)
    return path


def predict(run: Path, folder: Path, seed: int, minutes: float, jobs: int) -> Streamed:
    """Predict a stream of mixed lines."""
    options = ["--input", "text", "--format", "jsonl", "--confidence", "--jobs", str(jobs)]
    command: list[str | Path] = [*BILSTM_NLP, "predict", run, "-", *options]
    return stream(command, mixed(seed), minutes, folder / f"stream-{jobs}.txt")


def later(seconds: float, call: Callable[[], Streamed]) -> Streamed:
    """Wait, then call."""
    time.sleep(seconds)
    return call()


def break_off(run: Path, folder: Path, seed: int, until: float, call: broken.Call) -> tuple[int, list[str]]:
    """Predict input that breaks off, again and again. Return the number of inputs and the faults."""
    tried, faults = 0, []
    while time.monotonic() < until:
        fault = broken.complaint(run, folder, seed + tried, call)
        tried += 1
        if fault is not None:
            faults.append(fault)
    return tried, faults


def tell(streams: dict[str, Streamed], tried: int) -> None:
    """Print the figures."""
    for name, streamed in streams.items():
        print(f"{name}: {streamed.minutes:.1f} minutes, {streamed.sent:,} lines sent, {streamed.got:,} got")
        if streamed.memory is not None:
            print(
                f"  memory, the last {streamed.memory.minutes:.1f} minutes: from {streamed.memory.start:.1f} to "
                f"{streamed.memory.end:.1f} MiB, {streamed.memory.slope:+.1f} MiB an hour; "
                f"{streamed.highest:.0f} MiB at most"
            )
    print(f"broken inputs: {tried}")


def complaints(streams: dict[str, Streamed], bound: float) -> Sequence[str]:
    """List the faults of streams: wrong lines, and memory that grows."""
    faults = [f"{name}: {streamed.fault}" for name, streamed in streams.items() if streamed.fault is not None]
    return faults + [
        f"{name}: memory grew by {streamed.memory.by:.1f} MiB, {bound:g} may be"
        for name, streamed in streams.items()
        if streamed.memory is not None and streamed.memory.by > bound
    ]
