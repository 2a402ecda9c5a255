"""The commands of docs/labels.md: three for each task, which run, and the near schemes of its table."""

from __future__ import annotations

import re
import shlex
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
def test_three_commands_of_a_task_run(task, call, tmp_path, monkeypatch):
    """Trained for an epoch only, in a folder of its own; the output keeps the text and the form of the page."""
    monkeypatch.chdir(tmp_path)
    commands, output = blocks(task)
    check, train, predict = (shlex.split(line) for line in commands.strip().split("\n"))
    echo, text, pipe, *predict = predict
    assert (echo, pipe) == ("echo", "|")
    assert [arguments[:2] for arguments in (check, train, predict)] == [
        ["bilstm-nlp", name] for name in ("check", "train", "predict")
    ]
    for arguments in (check, [*train, "--set", "training.epochs=1"]):
        done = call(*arguments[1:])
        assert done.status == 0, done.err
    predicted = call(*predict[1:], stdin=f"{text}\n".encode())
    assert predicted.status == 0, predicted.err
    assert len(predicted.out.splitlines()) == len(output.strip().splitlines()) == 1
    assert bare(task, predicted.out) == bare(task, output)


def bare(task: str, text: str) -> str:
    """The text without labels, types and blanks."""
    without = re.sub(r"/\S+", "", text) if task == "Parts of speech" else re.sub(r"\[| [A-Z]+\]", "", text)
    return "".join(without.split())


def test_table_of_near_schemes_has_the_offered_lines():
    rows = re.findall(r"(?m)^\| `([^`]+)`[^|]*\| `([^`]+)` \|$", PAGE)
    assert len(rows) == len(re.findall(r"(?m)^\| `[^`]+`.*`data\.tag_", PAGE)) > 9
    for tags, line in rows:
        assert offered([tags.split()]).line == line
