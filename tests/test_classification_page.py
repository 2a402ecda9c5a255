"""The walk through docs/classification.md: its commands and its Python run, and the output has the form of the page."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parent.parent / "docs" / "classification.md").read_text(encoding="utf-8")

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def block(text: str) -> str:
    return re.sub("(?m)^    ", "", text)


def test_walk_from_a_csv_to_calibrated_predictions_runs(tmp_path):
    """Trained for an epoch only, in a folder of its own."""
    section = PAGE.split("\n## From a CSV to calibrated predictions\n")[1].split("\n## ")[0]
    walk, output, own = (block(part) for part in re.findall(r"(?m)(?:^    .*\n)+", section))
    lines = walk.strip().split("\n")
    assert [re.search("bilstm-nlp ([a-z]+)", line)[1] for line in lines] == ["check", "train", "predict"]
    lines[1] += " --set training.epochs=1"
    (python,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "snippet.py").write_text(
        f"import bilstm_nlp\n{python}\nprint(len(answer.probabilities), answer.classes)"
    )
    (tmp_path / "train.csv").write_text(
        "text,label\n" + "".join(f"a {name} thing number {n},{name}\n" for n in range(40) for name in ("good", "bad"))
    )
    (tmp_path / "test.csv").write_text("text,label\na good thing,good\nsuch a bad thing,bad\n")
    (tmp_path / "new.csv").write_text("text\nsome good thing\n")
    own = own.replace("train my.toml", "train my.toml --set training.epochs=1")
    shim = f'bilstm-nlp() {{ {shlex.quote(sys.executable)} -m bilstm_nlp "$@"; }}'
    quiet = [f"{line} > /dev/null" for line in lines[:2]]
    script = "\n".join(["set -e", shim, *quiet, lines[2], f"{sys.executable} snippet.py", own])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 0, done.stderr
    answered, counted = done.stdout.split("\n")[:2]
    assert answered.split("\t")[2] == output.strip().split("\t")[2]
    assert 0 < float(answered.split("\t")[1]) <= 1
    assert counted.startswith("5 ('")
    rows = (tmp_path / "classified.csv").read_text().splitlines()
    assert rows[0] == "text,class,confidence,class_1,probability_1,class_2,probability_2,class_3,probability_3"
    assert rows[1].startswith("some good thing,")
    assert "Wrong classes of test.csv" in (tmp_path / "errors.html").read_text(encoding="utf-8")
