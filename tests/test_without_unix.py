"""Training, prediction, comparison and verification where fcntl, resource, signal masks and forks are missing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.samples import BETWEEN, SERIES, TAGGER, command, in_turn
from tests.studies.grids import write_base, write_grid

pytestmark = pytest.mark.slow

HIDING = Path(__file__).parent / "without_unix"
ROOT = Path(__file__).parent.parent
TINY = ["--set", "training.epochs=1", "--set", "encoder.hidden=4", "--set", "embeddings.characters={kind='none'}"]


def run(*arguments: object, text: str = "") -> str:
    """Call the command line in a process without them. Return its output."""
    return output_of(command(*arguments), text)


def output_of(program: list[str], text: str = "") -> str:
    """Run a program of this Python in a process without them. Return its output."""
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(HIDING), str(ROOT)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(program, input=text, capture_output=True, text=True, env=variables, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> dict[str, str | Path]:
    """Train, predict and verify there, in a single process. Return the outputs and the folder of the tagger."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "x.txt").write_text("Ann went to Paris .\n" * 3, encoding="utf-8")
    forecaster = Path(TAGGER).parent.parent / "forecasting" / "sample.toml"
    tiny = ["--set", "training.epochs=1", "--set", "encoder.hidden=4", "--set", "data.stride=16"]
    commands = {
        "train": ["train", TAGGER, *TINY, "--out", folder / "run"],
        "predict": ["predict", folder / "run", folder / "x.txt", "--format", "jsonl"],
        "verify": ["verify", folder / "run"],
        "train a forecaster": ["train", forecaster, *tiny, "--out", folder / "forecaster"],
        "forecast": ["predict", folder / "forecaster", SERIES],
    }
    printed = output_of(in_turn(*commands.values())).split(BETWEEN)[:-1]
    return {**dict(zip(commands, printed, strict=True)), "folder": folder / "run"}


@pytest.fixture
def made(outputs) -> Path:
    """The tagger that was trained there."""
    return outputs["folder"]


def test_modules_and_functions_are_hidden_in_child_processes_too():
    ask = (
        "import multiprocessing, os, signal, sys; print(sys.modules['fcntl'], sys.modules['resource'], "
        "multiprocessing.get_all_start_methods(), hasattr(os, 'fork'), hasattr(signal, 'pthread_sigmask'))"
    )
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ask!r}])"
    variables = os.environ | {"PYTHONPATH": str(HIDING)}
    ended = subprocess.run([command()[0], "-c", program], capture_output=True, text=True, env=variables, check=True)
    assert ended.stdout == "None None ['spawn'] False False\n"


def test_peak_of_memory_is_unknown(made):
    training = json.loads((made / "metrics.json").read_text(encoding="utf-8"))["training"]
    assert training["peak_memory_mb"] == 0


def test_lock_leaves_no_file(made):
    assert not [path.name for path in made.iterdir() if path.name.startswith(".lock")]


def test_prediction_tags_in_one_process_and_in_two(outputs, made):
    in_two = run("predict", made, "-", "--format", "jsonl", "--jobs", 2, text="Ann went to Paris .\n" * 3)
    for out in (outputs["predict"], in_two):
        assert [json.loads(line)["text"] for line in out.splitlines()] == ["Ann went to Paris ."] * 3


def test_verification_accepts_the_run(outputs):
    assert "the answers are those that were saved" in outputs["verify"]


def test_comparison_trains_its_variants_in_spawned_processes(tmp_path):
    write_base(tmp_path)
    grid = write_grid(tmp_path, seeds=[1])
    run("compare", grid, "--jobs", 2, "--out", tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [row["status"] for row in report["runs"]] == ["finished"] * 2


def test_forecaster_is_trained_and_forecasts(outputs):
    assert len(outputs["forecast"].splitlines()) > 24
