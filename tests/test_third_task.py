"""A third task: a folder, a config, and edits of `config/reading.py` and `tasks/registry.py`. Nothing else changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bilstm_nlp

pytestmark = [pytest.mark.slow, pytest.mark.torch]

PACKAGE, TOY = Path(bilstm_nlp.__file__).parent, Path(__file__).parent / "third_task"
TOUCHED = {"config/reading.py", "tasks/registry.py"}
CONFIG = """
task = "parity"
[data]
train = "train.txt"
dev = "dev.txt"
[training]
epochs = 2
device = "cpu"
"""
GRID = """
base = "parity.toml"
baseline = "small"
seeds = [1]
[variants.small]
[variants.gru]
encoder.cell = "gru"
"""
COMMANDS = (
    ("check", "parity.toml", "--json"),
    ("train", "parity.toml", "--out", "run"),
    ("evaluate", "run", "--json"),
    ("evaluate", "run", "--data", "train.txt"),
    ("predict", "run", "dev.txt"),
    ("info", "run", "--json"),
    ("verify", "run", "--json"),
    ("compare", "grid.toml", "--out", "compared", "--jobs", "1"),
)
DRIVER = """
import json, sys
from bilstm_nlp.cli.app import main

if __name__ == "__main__":
    for command in json.loads(sys.argv[1]):
        sys.argv = ["bilstm-nlp", *command]
        print("$", *command, flush=True)
        try:
            main()
        except SystemExit as end:
            print("=", end.code or 0, flush=True)
"""


def replaced(text: str, pattern: str, replacement: str) -> str:
    """Replace a pattern that must be there."""
    new, count = re.subn(pattern, replacement, text, flags=re.DOTALL)
    assert count, f"expected {pattern!r}"
    return new


def with_config(text: str) -> str:
    """config/reading.py, with the toy config in the union and in its adapter."""
    text = replaced(
        text, r"(from bilstm_nlp\.config\.tagging import)", r"from bilstm_nlp.config.parity import ParityConfig\n\1"
    )
    text = replaced(text, r"(Config: TypeAlias = [^\n]*)", r"\1 | ParityConfig")
    return replaced(
        text,
        r'(Annotated\[ForecastingConfig, Tag\("forecasting"\)\])',
        r'\1 | Annotated[ParityConfig, Tag("parity")]',
    )


def with_task(text: str) -> str:
    """tasks/registry.py, with a case of the toy task in each `match`."""
    values = {
        "build": ("task import ParityTask", "ParityTask(config)"),
        "restored": ("predictor import restored", "restored(config, codec, arrays)"),
        "examples_of": (None, "NoExamples"),
    }
    text = replaced(
        text, r"(from bilstm_nlp\.config\.tagging import)", r"from bilstm_nlp.config.parity import ParityConfig\n\1"
    )
    for function, (imported, value) in values.items():
        source = (
            "bilstm_nlp.tasks.comparison import NoExamples"
            if imported is None
            else f"bilstm_nlp.tasks.parity.{imported}"
        )
        text = replaced(
            text,
            rf"(\ndef {function}\(.*?\n)( +)(case _:)",
            rf"\1\2case ParityConfig():\n\2    from {source}\n\n\2    return {value}\n\2\3",
        )
    without = {
        "check": "None",  # nothing to check before training
        "verdict": "None",  # no baseline to lose to
        "methods_of": "()",  # no methods of statistics
        "without_methods": "config",
    }
    for function, value in without.items():
        text = replaced(
            text,
            rf"(\ndef {function}\(.*?\n)( +)(case _:)",
            rf"\1\2case ParityConfig():\n\2    return {value}\n\2\3",
        )
    return text


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> dict[tuple[str, ...], tuple[int, str]]:
    """The exit status and the output of each command, of a copy of the package with the toy task."""
    folder = tmp_path_factory.mktemp("third")
    package = folder / "copy" / "bilstm_nlp"
    # With the compiled modules, but for those that another process is just writing.
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("*.pyc.*"))
    shutil.copytree(TOY / "config", package / "config", dirs_exist_ok=True)
    shutil.copytree(TOY / "tasks", package / "tasks", dirs_exist_ok=True)
    for name, edit in (("config/reading.py", with_config), ("tasks/registry.py", with_task)):
        path = package / name
        path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "train.txt").write_text("".join(f"{number:b}\n" for number in range(60)))
    (folder / "dev.txt").write_text("".join(f"{number:07b}\n" for number in range(24)))
    (folder / "parity.toml").write_text(CONFIG)
    (folder / "grid.toml").write_text(GRID)
    (folder / "drive.py").write_text(DRIVER)
    ran = subprocess.run(
        [sys.executable, "drive.py", json.dumps(COMMANDS)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "copy"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    parts = re.findall(r"^\$ ([^\n]*)\n(.*?)^= (\d+)$", ran.stdout, re.MULTILINE | re.DOTALL)
    by_command = {command: (int(status), output) for command, output, status in parts}
    assert list(by_command) == [" ".join(command) for command in COMMANDS], ran.stdout + ran.stderr
    assert {status for status, _ in by_command.values()} == {0}, ran.stdout + ran.stderr
    return {**by_command, "folder": folder}


def output(outputs, start: str) -> str:
    """The output of the first command that begins so."""
    return next(text for command, (_, text) in outputs.items() if command.startswith(start))


def test_third_task_touches_two_files(outputs):
    copy = outputs["folder"] / "copy" / "bilstm_nlp"
    changed = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if (copy / path.relative_to(PACKAGE)).read_bytes() != path.read_bytes()
    }
    assert changed == TOUCHED


def test_third_task_is_checked_trained_and_evaluated(outputs):
    assert json.loads(output(outputs, "check"))["lines"]
    evaluated = json.loads(output(outputs, "evaluate run --json"))
    assert 0 <= evaluated["accuracy"] <= 1
    metrics = json.loads((outputs["folder"] / "run" / "metrics.json").read_text())
    assert metrics["dev"] == evaluated
    assert metrics["training"]["epochs"] == 2
    assert "accuracy" in output(outputs, "evaluate run --data")


def test_third_task_predicts_and_verifies(outputs):
    lines = output(outputs, "predict").splitlines()
    assert lines[0] == "bits,odd"
    assert len(lines) == 25
    verified = json.loads(output(outputs, "verify"))
    assert verified["same"]
    assert [way["way"] for way in verified["replayed"]] == [
        "as recorded",
        "alone",
        "in another order",
        "beside longer ones",
    ]


def test_third_task_is_compared(outputs):
    report = json.loads((outputs["folder"] / "compared" / "report.json").read_text())
    assert report["task"] == "parity"
    assert {run["status"] for run in report["runs"]} == {"finished"}
    page = (outputs["folder"] / "compared" / "report.html").read_text(encoding="utf-8")
    assert "gru" in page
    assert "accuracy" in page.lower()
