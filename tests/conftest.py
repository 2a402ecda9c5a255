"""What several test files share: the command line, called in this process, and small trained runs."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from bilstm_nlp.cli import app
from bilstm_nlp.config import load
from bilstm_nlp.runs import train
from tests.samples import FORECASTER, SMALL, TAGGER, command

# Parsers are given as many examples as the profile says, other properties as many as they need. In CI they are the same
# each time, or a change would be held up by what it has nothing to do with; at night they are others.
settings.register_profile("ci", max_examples=200, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


class Result:
    """What a call of the command line printed and how it ended."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture
def call(capfd, monkeypatch):
    """Call the command line in this process."""

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["bilstm-nlp", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            app.main()
        code = ended.value.code
        return Result(0 if code is None else int(code), *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def tagger_run(tmp_path_factory) -> Path:
    """A small trained tagger of the sample corpus. It is everybody's: not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "sample"
    done = subprocess.run(command("train", TAGGER, *SMALL, "--out", path), capture_output=True, text=True, check=True)
    assert "epoch 4/4" in done.stderr
    return path


@pytest.fixture(scope="session")
def forecaster_run(tmp_path_factory) -> Path:
    """A small trained forecaster of the sample series. It is everybody's: not to be changed."""
    path = tmp_path_factory.mktemp("runs") / "energy"
    list(train.train(load(FORECASTER, ["training.epochs=2", "encoder.hidden=8", "data.stride=4"]), path))
    return path


@pytest.fixture
def interruptible():
    """Processes started from here heed Ctrl-C, even if this one ignores it, as shells make background jobs do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium, driven by playwright; where one of them is missing, the test is skipped."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program)
        yield launched
        launched.close()
