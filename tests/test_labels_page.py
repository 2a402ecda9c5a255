"""The commands of docs/labels.md: three for each task, which run, and the near schemes of its table."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bilstm_nlp.tags import offered

PAGE = (Path(__file__).parent.parent / "docs" / "labels.md").read_text(encoding="utf-8")
TASKS = ("Parts of speech", "Chunks", "Words", "Named entities")


def blocks(task: str) -> list[str]:
    """The indented blocks of a task's section."""
    section = PAGE.split(f"\n## {task}\n")[1].split("\n## ")[0]
    return [re.sub("(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n)+", section)]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.parametrize("task", TASKS)
def test_three_commands_of_a_task_run(task, tmp_path):
    """Trained for an epoch only, in a folder of its own; the output keeps the text and the form of the page."""
    commands, output = blocks(task)
    lines = commands.strip().split("\n")
    assert [re.search("bilstm-nlp ([a-z]+)", line)[1] for line in lines] == ["check", "train", "predict"]
    lines[1] += " --set training.epochs=1"
    shim = f'bilstm-nlp() {{ {shlex.quote(sys.executable)} -m bilstm_nlp "$@"; }}'
    script = "\n".join(["set -e", shim, f"{lines[0]} > /dev/null", f"{lines[1]} > /dev/null", lines[2]])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(output.strip().splitlines()) == 1
    assert bare(task, done.stdout) == bare(task, output)


def bare(task: str, text: str) -> str:
    """The text without labels, types and blanks."""
    without = re.sub(r"/\S+", "", text) if task == "Parts of speech" else re.sub(r"\[| [A-Z]+\]", "", text)
    return "".join(without.split())


def test_table_of_near_schemes_has_the_offered_lines():
    rows = re.findall(r"(?m)^\| `([^`]+)`[^|]*\| `([^`]+)` \|$", PAGE)
    assert len(rows) == 10
    for tags, line in rows:
        assert offered([tags.split()]).line == line
