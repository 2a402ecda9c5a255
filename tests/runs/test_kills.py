"""SIGKILL at any moment: the next call ends in the same bits, and no half-written file is read."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from bilstm_nlp.config import load
from bilstm_nlp.runs import train as experiment
from bilstm_nlp.runs.checksums import NAME as CHECKSUMS
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.lock import FILES as LOCK_FILES
from bilstm_nlp.training.reports import EpochReport
from tests.killing import Ending, Forks, Moment, call_of_its_own, said
from tests.samples import FORECASTER, sets
from tests.serving.test_pool import session
from tests.studies.grids import write_base, write_grid
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

KILLS = {"train a tagger": 14, "train a forecaster": 14, "compare": 6, "evaluate": 9, "predict": 13}
"""Kills that must hit each command; BILSTM_KILLS sets another total."""
SMALL_TAGGER = ["training.epochs=3", "encoder.hidden=8"]
SMALL_FORECASTER = ["training.epochs=2", "encoder.hidden=8", "data.stride=8"]
GRID = {
    "seeds": [1],
    "set": {"encoder": {"hidden": 8}},
    "variants": {"crf": {}, "softmax": {"head": {"kind": "softmax"}}},
}
MEASURED = {
    *("began", "command", "commit", "seconds", "wall_seconds", "sequences_per_second", "peak_memory_mb", "speed"),
    *("training_seconds", "training_speed", "prediction_speed", "on_front"),
}
"""Keys whose values differ between two equal runs."""
FASTER = re.compile(r"is (\d+ % (faster|slower)|as fast) in training (than|as) \S+")
OF_COSTS = re.compile(r"s of training \(|bilstm-nlp compare |^\| \S+ \| [\d,]+ \|.* (yes|no|) \|$")
"""A line of a report for people."""
GROWING = ("model.safetensors", CHECKSUMS)
"""Files that change until a run is finished."""
UNFINISHED = ("state.safetensors", "failure.json")
"""Files that only an unfinished run has."""
START_UP = 3.0
"""Seconds, roughly, in which a new process imports its modules."""


@dataclass(frozen=True)
class Command:
    """A call of the command line to kill, and its result without a kill."""

    call: list[str]
    reference: Path
    """The folder that it has worked in."""
    ending: Ending
    again: tuple[str, ...] = ()
    """Arguments to add to resume."""
    anew: tuple[str, ...] = ()
    """Arguments to add to replace present files; empty if none are needed."""
    of_its_own: tuple[str, ...] = ()
    """Arguments to add if the process is none of the forks."""

    def arguments(self, folder: Path, *more: str) -> list[str]:
        """Return the call for another folder."""
        return [part.replace(str(self.reference), str(folder)) for part in (*self.call, *more)]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks() as started:
        yield started


@pytest.fixture(scope="module")
def commands(forks, tmp_path_factory) -> dict[str, Command]:
    """Run every command once without a kill."""
    root = tmp_path_factory.mktemp("kills")
    write_base(root)
    write_grid(root, **GRID)

    def command(name: str, *call: str, **more: tuple[str, ...]) -> Command:
        folder = root / name.replace(" ", "-")
        folder.mkdir()
        arguments = [part.format(folder=folder) for part in call]
        ending = forks.call(arguments, folder)
        assert ending.status == 0, said(folder, "err").read_text()
        return Command(arguments, folder, ending, **more)

    def train(name: str, config: str, overrides: list[str]) -> Command:
        call = ("train", config, *sets([text.replace("{", "{{").replace("}", "}}") for text in overrides]))
        return command(name, *call, "--out", "{folder}/run", again=("--resume",), anew=("--force",))

    tagger = train("train a tagger", str(root / "base.toml"), SMALL_TAGGER)
    forecaster = train("train a forecaster", str(FORECASTER), SMALL_FORECASTER)
    run = str(tagger.reference / "run")
    evaluate = command("evaluate", "evaluate", run, "--errors", "{folder}/errors.html", "--json")
    text = ("sample:news.train.conll", "--format", "jsonl", "--confidence", "--output", "{folder}/tagged.jsonl")
    predict = command("predict", "predict", run, *text, of_its_own=("--jobs", "2"))
    # By default as many runs at a time as there are cores.
    compare = command("compare", "compare", str(root / "grid.toml"), "--threads", "1", "--out", "{folder}/comparison")
    return dict(zip(KILLS, (tagger, forecaster, compare, evaluate, predict), strict=True))


def test_commands_killed_at_any_moment_end_in_the_same_bits(forks, commands, tmp_path):
    seed = int(os.environ.get("BILSTM_KILLS_SEED", "1"))
    total = int(os.environ.get("BILSTM_KILLS", sum(KILLS.values())))
    hits = dict.fromkeys(KILLS, 0)
    for name, command in commands.items():
        wanted = -(-total * KILLS[name] // sum(KILLS.values()))
        for number in count():
            assert number < 20 * wanted, f"{name}: {hits[name]} kills of {wanted} have met something alive"
            if hits[name] >= wanted:
                break
            chain = Chain(forks, command, tmp_path / name.replace(" ", "-") / str(number))
            try:
                chain.go(random.Random(f"{seed} {name} {number}"), wanted - hits[name], number == 0)
            except Exception as error:
                raise AssertionError(f"seed {seed}, {name}, chain {number}: {chain.told}: {error}") from error
            hits[name] += chain.hits
    sys.stdout.write(f"kills that hit, seed {seed}: {hits}\n")
    assert sum(hits.values()) >= min(total, 50)


def test_forks_import_no_library_that_their_parent_could_have(commands):
    for command in commands.values():
        assert json.loads(said(command.reference, "imports").read_text()) == [], command.call


def test_finished_run_killed_with_its_state_loses_the_state(forks, commands, tmp_path):
    folder = shutil.copytree(commands["train a tagger"].reference, tmp_path / "copy")
    (folder / "run" / "state.safetensors").write_bytes((folder / "run" / "model.safetensors").read_bytes())
    arguments = commands["train a tagger"].arguments(folder, "--resume")
    assert forks.call(arguments, folder).status == 2
    assert contents(folder) == contents(commands["train a tagger"].reference)


def test_history_without_the_last_epoch_is_completed_on_resuming(tmp_path, monkeypatch):
    def killed(run: RunDirectory, reports: tuple[EpochReport, ...]) -> None:
        if len(reports) == 2:
            raise KeyboardInterrupt
        write(run, reports)

    write_base(tmp_path)
    config, write = load(tmp_path / "base.toml"), RunDirectory.write_history
    monkeypatch.setattr(RunDirectory, "write_history", killed)
    with pytest.raises(KeyboardInterrupt):
        list(experiment.train_epochs(config, tmp_path / "run"))
    monkeypatch.undo()
    assert len(read(tmp_path / "run" / "history.jsonl")) == 1
    assert list(experiment.train_epochs(config, tmp_path / "run", resume=True)) == []
    assert len(read(tmp_path / "run" / "history.jsonl")) == 2


class Chain:
    """A call that is killed, resumed and killed again, and in the end completed."""

    def __init__(self, forks: Forks, command: Command, folder: Path) -> None:
        self.forks, self.command, self.folder = forks, command, folder
        self.hits = 0
        self.told: list[object] = []
        """What was done so far."""

    def go(self, generator: random.Random, most: int, of_its_own: bool) -> None:
        """Kill at most so many times, and complete the call.

        Raises `AssertionError` where something is left half written, or ends in other bits.
        """
        more: tuple[str, ...] = ()
        if generator.random() < 0.25:  # over what is there, which is no worse than what comes
            shutil.copytree(self.command.reference, self.folder)
            more = self.command.anew
        else:
            self.folder.mkdir(parents=True)
        for number in range(min(generator.choice([1, 3, 4, 5]), most)):
            if of_its_own and number == 0:
                moment = Moment(
                    seconds=generator.uniform(0, START_UP + self.command.ending.seconds),
                    leader_alone=generator.random() < 0.5,
                )
                self.told.append((moment, "a process of its own"))
                arguments = self.command.arguments(self.folder, *more, *self.command.of_its_own)
                ending = call_of_its_own(arguments, self.folder, moment)
            else:
                moment = drawn(generator, self.command.ending, 0.6 if number else 1)
                self.told.append(moment)
                ending = self.forks.call(self.command.arguments(self.folder, *more), self.folder, moment)
            self.told.append(ending)
            wait_until(lambda ending=ending: session(ending.leader) == [])
            self.look()
            more = self.command.again
            if not ending.was_killed:
                break
            self.hits += 1
        self.end(self.forks.call(self.command.arguments(self.folder, *more), self.folder))

    def look(self) -> None:
        """Check that every file under its final name is whole, and every finished run complete."""
        actual = contents(self.folder)
        expected = contents(self.command.reference)
        for folder in {path.parent for path in actual}:
            finished = {"metrics.json", "trial.json"} & {path.name for path in actual if path.parent == folder}
            if finished:
                files = {path for path in expected if folder in path.parents and not path.name.startswith("trial")}
                assert files <= actual.keys(), f"{folder} is not whole: {files - actual.keys()}"
            for path, value in actual.items():
                if path.parent != folder or path.name in UNFINISHED:
                    continue
                if path.name == "history.jsonl":  # it grows
                    assert value == expected[path][: len(value)], path
                elif finished or path.name not in GROWING:
                    assert value == expected[path], path
            if any(path.name == "run.json" for path in actual if path.parent == folder):
                run = RunDirectory.open(self.folder / folder)
                run.check()
                run.summary()

    def end(self, ending: Ending) -> None:
        """Check that all files are those of a call without kills."""
        errors = said(self.folder, "err").read_text()
        finished = ending.status == 2 and "the run is finished, there is nothing to resume" in errors
        assert ending.status == 0 or finished, errors
        actual, expected = contents(self.folder), contents(self.command.reference)
        assert actual.keys() == expected.keys()
        for path, value in actual.items():
            assert value == expected[path], path
        left = [path for path in self.folder.rglob("*") if path.name.endswith(".partial")]
        assert not left
        if self.command.call[0] == "evaluate":
            assert said(self.folder, "out").read_bytes() == said(self.command.reference, "out").read_bytes()
        shutil.rmtree(self.folder)


def drawn(generator: random.Random, ending: Ending, share: float) -> Moment:
    """Draw a moment within this share of a call: a time, or a number of file operations."""
    alone = generator.random() < 0.2
    if generator.random() < 0.4:
        return Moment(seconds=generator.uniform(0, share * ending.seconds), leader_alone=alone)
    operation = generator.randint(1, max(1, int(share * ending.operations)))
    return Moment(operation=operation, written=generator.choice([1.0, generator.random()]), leader_alone=alone)


def contents(folder: Path) -> dict[Path, object]:
    """Return the content of every file by its path, without values that differ between equal runs.

    Raises `AssertionError` or `ValueError` for one that is not whole.
    """
    values: dict[Path, object] = {}
    for path in sorted(folder.rglob("*")):
        # Logs are written as things are said.
        passing = path.name in LOCK_FILES or path.suffix == ".partial"
        if path.is_file() and not passing and path.parent.name != "logs":
            values[path.relative_to(folder)] = read(path)
    return values


def read(path: Path) -> object:
    """Return the content of a file, without measurements."""
    content = path.read_bytes()
    match path.suffix:
        case ".json" if path.name == CHECKSUMS:  # of what was measured too; `look` and `end` check the files by them
            # A run is measured for a comparison after it is finished.
            return sorted(name for name in json.loads(content) if not name.startswith("trial"))
        case ".json":
            return without_measurements(json.loads(content))
        case ".jsonl" if path.name == "history.jsonl":
            assert content.endswith(b"\n"), path
            return [without_measurements(json.loads(line)) for line in content.splitlines()]
        case ".safetensors":
            load_file(path)
        case ".md":
            return [FASTER.sub("", line) for line in content.decode().splitlines() if not OF_COSTS.search(line)]
        case ".png":
            assert content.endswith(b"IEND\xaeB`\x82"), path
            return "a picture"
        case ".html" if path.name == "report.html":
            assert content.rstrip().endswith(b"</html>"), path
            return "report.json for people"
        case ".html":  # the link to a run begins at the page's own folder
            return re.sub(rb'href="[^"]*/report\.md"', b"", content)
    return content


def without_measurements(value: Any) -> Any:
    match value:
        case dict():
            return {key: without_measurements(inner) for key, inner in value.items() if key not in MEASURED}
        case list():
            return [without_measurements(inner) for inner in value]
        case str():
            return FASTER.sub("", value)
    return value
