"""Seconds until help, until a first prediction and for word vectors; Python and torch alone for comparison."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from .measuring import Figure, Target, interleaved
from .processes import BILSTM_NLP, PYTHON, run
from .report import Report

LOAD_VECTORS = """
import sys, time
from bilstm_nlp.data.text.word_vectors import read_vectors
began = time.perf_counter()
read_vectors(sys.argv[1])
print(time.perf_counter() - began)
"""
SENTENCE = "Angela Merkel flew from Berlin to Paris to meet the French president .\n"
DIMENSION = 100


def measure(model: Path, folder: Path, *, megabytes: int, threads: int | None, rounds: int) -> Report:
    """Measure the seconds of whole processes, and of loading vectors within a process."""
    sentence, vectors = folder / "sentence.txt", folder / "vectors.txt"
    sentence.write_text(SENTENCE, encoding="utf-8")
    write_vectors(vectors, megabytes)
    first, again = folder / "first-cache", folder / "second-cache"

    def whole(*command: str | Path) -> Callable[[], float]:
        return lambda: run(command, threads).seconds

    def load(cache: Path) -> float:
        return float(run([PYTHON, "-c", LOAD_VECTORS, vectors], threads, cache).output)

    def load_first() -> float:
        shutil.rmtree(first, ignore_errors=True)
        return load(first)

    calls: dict[str, Callable[[], float]] = {
        "python": whole(PYTHON, "-c", "pass"),
        "help": whole(BILSTM_NLP, "--help"),
        "torch": whole(PYTHON, "-c", "import torch"),
        "first_prediction": whole(BILSTM_NLP, "predict", model, sentence),
        "vectors_first_time": load_first,
        "vectors_second_time": partial(load, again),
    }
    for call in calls.values():
        call()  # warm
    seconds = interleaved(calls, rounds)
    targets = {"help": Target(0.3, 0.15), "first_prediction": Target(3.0, 1.5)}
    return Report(
        figures={name: Figure(values, "s", targets.get(name)) for name, values in seconds.items()},
        notes=(
            "whole processes, from their start to their end; `python` and `torch` do nothing and import torch alone",
            f"vectors: a file of {megabytes} MB, {DIMENSION} dimensions; `read_vectors` alone, in a fresh process, "
            "without its cache and with it; the file itself is in the system's memory",
        ),
    )


def write_vectors(path: Path, megabytes: int) -> None:
    """Write a file of random vectors in GloVe's format, of so many MB."""
    numbers = np.random.default_rng(0).standard_normal((1000, DIMENSION))
    rows = [" ".join(f"{number:.5f}" for number in row) for row in numbers]
    size = words = 0
    with path.open("w", encoding="utf-8") as file:
        while size < megabytes * 1_000_000:
            size += file.write("".join(f"word{words + offset} {row}\n" for offset, row in enumerate(rows)))
            words += len(rows)
