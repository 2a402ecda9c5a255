"""Input that breaks off. A reader must get an error message, and all output for the lines before it."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .lines import mixed


@dataclass(frozen=True)
class Ended:
    """The end of a call and its output."""

    status: int
    out: str
    err: str


Call = Callable[[Sequence[str | Path], bytes], Ended]
"""(arguments of the command line, standard input) → its end and output."""


@dataclass(frozen=True)
class Broken:
    """Input with a fault."""

    reads: str
    """The value of --input."""
    content: bytes
    before: list[str]
    """The texts before the fault."""
    exact: bool = True
    """True if all texts of `before` must come out; otherwise fewer may."""


def text(lines: Sequence[str]) -> Broken:
    """Make text with a byte that is not UTF-8."""
    content = "".join(line + "\n" for line in lines).encode()
    return Broken("text", content + b"caf\xe9\nnever reached\n", [line.removesuffix("\r") for line in lines])


def records(lines: Sequence[str]) -> Broken:
    """Make records, and then a record that is not closed."""
    content = "".join(json.dumps({"text": line}) + "\n" for line in lines)
    return Broken("jsonl", (content + '{"text": "Ann\n{"text": "never reached"}\n').encode(), list(lines))


def columns(lines: Sequence[str]) -> Broken:
    """Make columns, and then a row with a missing cell."""
    sentences = [["Ann", "left", f"no{number}"] for number in range(len(lines))]
    content = "".join("".join(f"{token} X\n" for token in tokens) + "\n" for tokens in [["Bonn"], *sentences])
    return Broken("conll", (content + "Ann X\nleft\n\nnever X\n\n").encode(), ["Bonn", *map(" ".join, sentences)])


def packed(lines: Sequence[str]) -> Broken:
    """Make a gzip file without its end."""
    whole = text(lines)
    content = gzip.compress(whole.content.partition(b"caf\xe9")[0])
    return Broken("text", content[:-9], whole.before, exact=False)


KINDS = (text, records, columns, packed)


def complaint(run: Path, folder: Path, seed: int, call: Call) -> str | None:
    """Predict some broken input. Return the fault of the prediction, or `None` if it is right."""
    generator = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    broken = kind(list(islice(mixed(seed), generator.choice((0, 1, 40, 3000)))))
    source = folder / f"broken.{'gz' if kind is packed else broken.reads}"
    source.write_bytes(broken.content)
    arguments: list[str | Path] = ["predict", run, source, "--input", broken.reads, "--format", "jsonl"]
    stdin = b""
    if kind is not packed and generator.random() < 0.5:
        arguments[2], stdin = "-", broken.content
    if generator.random() < 0.2:
        arguments += ["--jobs", "2"]
    output = folder / "tagged.jsonl"
    partial = output.with_name(output.name + ".partial")
    to_file = generator.random() < 0.5
    ended = call([*arguments, "--output", output] if to_file else arguments, stdin)
    written = ended.out
    if to_file:
        written = partial.read_text(encoding="utf-8") if partial.exists() else ""
        partial.unlink(missing_ok=True)
    tagged = [json.loads(line)["text"] for line in written.split("\n")[:-1]]
    expected = broken.before if broken.exact else broken.before[: len(tagged)]
    name = f"seed {seed}, {kind.__name__}"
    if ended.status != 2 or len(ended.err.splitlines()) != 1 or not ended.err.startswith("bilstm-nlp: "):
        return f"{name}: expected exit status 2 and one line, found {ended.status} and {ended.err!r:.500}"
    if output.exists() or (to_file and ended.out):
        return f"{name}: what ends in an error has written to {output if output.exists() else 'standard output'}"
    if tagged != expected:
        return f"{name}: expected {len(expected)} sentences before the fault, found {len(tagged)}, or others"
    return None


def processes(command: Sequence[str | Path]) -> Call:
    """Return a function that calls the command line in a process of its own."""

    def call(arguments: Sequence[str | Path], stdin: bytes) -> Ended:
        done = subprocess.run([*command, *arguments], input=stdin, capture_output=True, check=False)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace"))

    return call
