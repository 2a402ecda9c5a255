"""Tests in several processes: every test is run once, and its result is told by the process that collects."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# This runner is a tool of this project, not of the package: one Python that has torch tests it.
pytestmark = [pytest.mark.torch, pytest.mark.slow]

ROOT = Path(__file__).parent.parent
FIRST = """
import os, pytest

@pytest.fixture(scope="session", autouse=True)
def session_long():
    yield
    with open("ended", "a") as file:
        file.write(f"{os.getpid()}\\n")

def note(name):
    with open("ran", "a") as file:
        file.write(f"{name} {os.getpid()}\\n")
"""
FILES = {
    "conftest.py": FIRST,
    "test_good.py": (
        "from conftest import note\ndef test_a(): note('a')\ndef test_b(tmp_path): note('b'); print('heard')\n"
    ),
    "test_bad.py": "from conftest import note\ndef test_c(): note('c'); print('what c said'); assert 1 == 2\n",
    "test_killed.py": (
        "import os, signal, time\nfrom conftest import note\ndef test_d(): note('d')\n"
        "def test_e(): note('e'); os.fork() or time.sleep(3); os.kill(os.getpid(), signal.SIGKILL)\n"
        "def test_f(): note('f')\n"
    ),
    "test_skipped.py": "import pytest\n@pytest.mark.skip(reason='not today')\ndef test_g(): pass\n",
}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder of test files, in a new interpreter without the conftest.py of this project."""
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", folder, "-p", "tests.parallel", "-p"]
    variables = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)])}
    more = ["no:cacheprovider", "-q", "-ra", *arguments]
    return subprocess.run([*command, *more], cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def files(tmp_path) -> Path:
    """Files of tests that pass, fail, skip, and kill their process."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("workers", [1, 3])
def test_every_test_runs_once_and_its_result_is_told(files, workers):
    ended = run(files, "--workers", str(workers))
    assert ended.returncode == 1, ended.stderr
    ran = [line.split() for line in (files / "ran").read_text().splitlines()]
    assert sorted(name for name, _ in ran) == [*"abcdef"]
    assert str(os.getpid()) not in {process for _, process in ran}
    assert "2 failed, 4 passed, 1 skipped" in ended.stdout
    assert re.search(r"test_killed.py::test_e - worker \d was killed by signal 9", ended.stdout)
    assert "what c said" in ended.stdout
    assert "assert 1 == 2" in ended.stdout
    assert "heard" not in ended.stdout
    assert "not today" in ended.stdout


def test_tests_of_a_file_share_a_process_and_end_its_session(files):
    (files / "test_killed.py").unlink()
    run(files, "--workers", "2")
    processes = dict(line.split() for line in (files / "ran").read_text().splitlines())
    assert processes["a"] == processes["b"]
    assert {*processes.values()} <= {*(files / "ended").read_text().split()}


def test_first_failure_ends_the_run_when_asked(files):
    (files / "test_killed.py").unlink()
    ended = run(files, "--workers", "1", "-x", "test_bad.py", "test_good.py")
    assert ended.returncode == 1
    assert (files / "ran").read_text().split()[::2] == ["c"]


def test_hanging_test_is_named_and_ends_its_worker(files):
    (files / "test_bad.py").write_text("import time\ndef test_c(): time.sleep(600)\n")
    limit = ["-o", "faulthandler_timeout=2", "-o", "faulthandler_exit_on_timeout=true"]
    ended = run(files, "--workers", "2", *limit, "test_bad.py", "test_good.py")
    assert re.search(r"test_bad.py::test_c - worker \d ended with status 1", ended.stdout)
    assert "1 failed, 2 passed" in ended.stdout
    assert 'test_bad.py", line 2 in test_c' in ended.stderr


def test_failing_teardown_of_a_session_fails_the_run(files):
    for name in ("test_bad.py", "test_killed.py"):
        (files / name).unlink()
    (files / "conftest.py").write_text(
        FIRST.replace('with open("ended"', "raise ValueError('at the end')\n    with open(\"ended\"")
    )
    ended = run(files, "--workers", "2")
    assert ended.returncode == 1
    assert "at the end" in ended.stdout
