"""The soak in short: streams of odd text lose nothing, and the soak reports lost lines."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from itertools import count, islice

import pytest

from scripts.soak import app, broken, memory
from scripts.soak.lines import KINDS, mixed
from scripts.soak.stream import difference, stream


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_no_line_of_a_stream_is_lost_doubled_or_changed(tagger_run, tmp_path, jobs):
    streamed = app.predict(tagger_run, tmp_path, seed=jobs, minutes=0.04, jobs=jobs)
    assert streamed.fault is None
    assert streamed.got == streamed.sent > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_output_before_a_fault_is_complete(tagger_run, tmp_path, call, seed):
    """The seeds cover all kinds of faults. The command runs in this process."""

    def here(arguments, stdin) -> broken.Ended:
        result = call(*arguments, stdin=stdin)
        return broken.Ended(result.status, result.out, result.err)

    assert broken.complaint(tagger_run, tmp_path, seed, here) is None


def test_drawn_lines_have_all_kinds_and_their_own_numbers():
    some = list(islice(mixed(1), 6000))
    assert some == list(islice(mixed(1), 6000))
    numbered = [line for line in some if line]
    assert 100 < len(some) - len(numbered) < 600
    assert all(line.startswith(f"#{number} ") for number, line in enumerate(some, 1) if line)
    assert not any("\n" in line for line in some)
    assert any(len(line) > 10_000 for line in some)
    for character in "\0\r\u202e\u2028\U0001f469東":
        assert any(character in line for line in some)
    assert len(KINDS) == 8


def program(change: str) -> list[str]:
    """Return a program that writes a JSON line for each line of text; `change` is done to line 200."""
    lines = ["import json, sys", "for n, line in enumerate(open(0, encoding='utf-8', newline='\\n'), 1):"]
    lines += ["    text = line.removesuffix('\\n').removesuffix('\\r')", f"    if n == 200: {change}"]
    return [sys.executable, "-c", "\n".join([*lines, "    print(json.dumps({'text': text}))"])]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("pass", None),
        ("continue", "expected '#200 "),
        ("print(json.dumps({'text': text}))", "found '#200 "),
        ("text += '.'", "expected '#200 "),
        ("sys.exit(3)", "exit status 3"),
        ("break", "lines lost at the end, '#200 "),
    ],
)
def test_lost_doubled_or_changed_line_is_reported(tmp_path, change, fault):
    streamed = stream(program(change), map("#{} Ann".format, count(1)), 0.005, tmp_path / "log")
    assert streamed.sent > 200
    if fault is None:
        assert streamed.fault is None
        assert streamed.got == streamed.sent
    else:
        assert fault in streamed.fault


def test_line_that_nobody_sent_is_reported():
    assert "nobody sent" in difference(b'{"text": ""}\n', deque())


@pytest.mark.parametrize(
    ("ended", "fault"),
    [
        (broken.Ended(0, "", ""), "expected exit status 2 and one line, found 0"),
        (broken.Ended(2, "", "bilstm-nlp: one\ntwo\n"), "expected exit status 2 and one line"),
        (broken.Ended(2, "", "Traceback\n"), "expected exit status 2 and one line"),
        (broken.Ended(2, "", "bilstm-nlp: x\n"), "sentences before the fault, found 0"),
    ],
)
def test_wrong_ending_is_reported(tmp_path, ended, fault):
    # Column files have a sentence before the fault in any case.
    assert fault in broken.complaint(tmp_path / "run", tmp_path, 2, lambda *_: ended)


def test_growing_memory_is_reported():
    assert memory.growth([(0, 1.0), (1, 1.0)]) is None
    level = memory.growth([(second, 100 + (300 if second < 100 else 0)) for second in range(1000)])
    assert level.by == pytest.approx(0, abs=1e-6)
    rising = memory.growth([(second, 100 + second / 60) for second in range(0, 3601)])
    assert rising.slope == pytest.approx(60)
    assert (rising.minutes, rising.by) == (pytest.approx(30), pytest.approx(30))
    streams = {name: app.Streamed(1, 1, 60.0, None, growth, 500.0) for name, growth in (("a", level), ("b", rising))}
    assert app.complaints(streams, 20) == ["b: memory grew by 30.0 MiB, 20 may be"]
    assert app.complaints(streams, 40) == []


def test_help_of_the_soak_names_its_options():
    done = subprocess.run([sys.executable, "-m", "scripts.soak", "--help"], capture_output=True, text=True, check=True)
    assert "--minutes" in done.stdout
