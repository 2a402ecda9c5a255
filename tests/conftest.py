"""Fixtures and markers of all test files: the command line in this process, small trained runs, marks from imports."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from tests.imports import fixtures_that_need_torch, needs_torch
from tests.samples import CLASSIFIER, FORECASTER, SMALL, TAGGER

if TYPE_CHECKING:
    from tests.forked import Forked

# Parsers get as many examples as the profile says, other properties as many as they need. CI repeats its examples, so
# that an unlucky draw never blocks an unrelated change; the nightly profile draws new ones.
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=20_000, deadline=None)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=10)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
settings.load_profile(PROFILE)

LONGEST = frozenset({"test_python_versions.py", "test_same_bits.py", "test_kills.py", "test_ray_cluster.py"})
"""Files that take the longest, or wait the longest for other processes."""
SLOW_FIXTURES = frozenset({"browser", "call", "finished", "forked"})
"""Fixtures that start a browser, a command, or the processes of a comparison."""
ENGINE = "bilstm_nlp.studies.engines.local"
TORCH_IS_HERE = importlib.util.find_spec("torch") is not None


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the files that need torch, and the folders whose conftest.py does, where there is no torch."""
    if TORCH_IS_HERE:
        return None
    path = collection_path / "conftest.py" if collection_path.is_dir() else collection_path
    return True if path.suffix == ".py" and path.exists() and needs_torch(path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow and what needs torch; with the profile "brief", cap all examples.

    Slow are, beside the tests that say so, those that read random files, call a command, or have a fixture that writes
    files once for several tests.

    What needs torch is only looked for if `-m` asks for it: it takes longer than a hundred tests.
    Files with slow tests come first, those that take minutes before all. A worker that began one last would end long
    after the others.
    """
    asks_for_torch = "torch" in config.option.markexpr
    for item in items:
        fixtures = {*getattr(item, "fixturenames", ())}
        if SLOW_FIXTURES & fixtures or item.path.parent.name == "fuzz" or _made_once(item) - {"shared_runs_stay"}:
            item.add_marker("slow")
        if asks_for_torch and (needs_torch(item.path) or fixtures_that_need_torch() & fixtures):
            item.add_marker("torch")
        test = getattr(item, "obj", None)
        if PROFILE == "brief" and hasattr(test, "hypothesis"):
            own = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(own, max_examples=min(own.max_examples, 10))
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.name not in LONGEST, item.path not in slow))


def _made_once(item: pytest.Item) -> set[str]:
    """Name the fixtures of a test that write files once for all tests of a file or more: trained runs, most of all."""
    known = getattr(item, "_fixtureinfo", None)
    last = {} if known is None else {name: own[-1] for name, own in known.name2fixturedefs.items()}
    return {name for name, own in last.items() if own.scope != "function" and "tmp_path_factory" in own.argnames}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Begin the random numbers of each test and its fixtures anew. Else they hang on the tests before in its worker."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - what draws without a generator of its own draws from this one
    if "torch" in sys.modules:
        sys.modules["torch"].default_generator.manual_seed(0)


class Result:
    """The status and output of a call of the command line."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


@pytest.fixture(scope="session", autouse=True)
def save_plot() -> Iterator[Callable[..., object]]:
    """Write small files in place of all plots, and return the function that draws. `drawn` draws.

    Drawing takes half of the time of a small training. Workers of comparisons draw none either (`tests/undrawn.py`).
    Where no test file has imported their engine, no test starts one, and it is not imported here.
    """
    from bilstm_nlp.reports import plots
    from bilstm_nlp.system.files import write_whole
    from tests.pictures import picture

    save = plots.save
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plots, "save", picture(write_whole))
        if ENGINE in sys.modules:
            patched.setattr(sys.modules[ENGINE], "_work", importlib.import_module("tests.undrawn").work)
        yield save


@pytest.fixture(scope="session", autouse=True)
def save_time() -> Iterator[None]:
    """Have this process wait for no disk, whose power does not fail here, and note no stack for each seed.

    Where there is no GPU, torch keeps the seeds for later, with the stack of each. pytest's are sixty calls deep.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda descriptor: None)
        for name in ("torch.cuda", "torch.mtia", "torch.xpu"):
            if name in sys.modules:
                patched.setattr(sys.modules[name], "traceback", SimpleNamespace(format_stack=list))
        yield


@pytest.fixture
def drawn(save_plot, monkeypatch) -> None:
    """Draw the plots of this test."""
    from bilstm_nlp.reports import plots

    monkeypatch.setattr(plots, "save", save_plot)


@pytest.fixture(scope="session")
def application_of() -> Callable[[Sequence[str]], Callable[..., object]]:
    """Make the command line for some arguments, each command once: typer reads its whole signature every time."""
    from typer.main import get_command

    from bilstm_nlp.cli import app

    made = app.application_of
    command = cache(lambda first: get_command(made(first)))
    return lambda arguments: command((*arguments[:1],))


@pytest.fixture
def call(capfd, monkeypatch, application_of):
    """Call the command line in this process."""
    from bilstm_nlp.cli import app

    monkeypatch.setattr(app, "application_of", application_of)

    def run(*arguments: str, stdin: bytes = b"") -> Result:
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["bilstm-nlp", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            app.main()
        code = ended.value.code
        return Result(0 if code is None else int(code), *capfd.readouterr())

    return run


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what all workers share."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("worker-") else base) / "runs"


def made_once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Make a run that all workers share, and return its path. Tests must not change it."""
    folder = shared_folder(tmp_path_factory)
    folder.mkdir(exist_ok=True)
    with FileLock(folder / f"{name}.lock"):
        if not (folder / f"{name}.made").exists():
            make(folder / name)
            (folder / f"{name}.making").write_text(json.dumps(times_of_change(folder / name)))
            (folder / f"{name}.making").rename(folder / f"{name}.made")
    return folder / name


def times_of_change(folder: Path) -> dict[str, int]:
    """Return when each file of a folder was changed last, in nanoseconds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): path.stat().st_mtime_ns for path in files}


@pytest.fixture(scope="module", autouse=True)
def shared_runs_stay(tmp_path_factory) -> Iterator[None]:
    """Fail if a file of tests has changed what all workers share. Tests of other files would fail now and then."""
    yield
    for note in shared_folder(tmp_path_factory).glob("*.made"):
        assert times_of_change(note.with_suffix("")) == json.loads(note.read_text()), "a test changed a shared run"


@pytest.fixture(scope="session")
def tagger_run(tmp_path_factory, save_plot) -> Path:
    """A small trained tagger of the sample corpus, with its plots. Tests must not change it."""
    from bilstm_nlp.cli import app
    from bilstm_nlp.reports import plots

    def make(path: Path) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(plots, "save", save_plot)
            patched.setattr(sys, "argv", ["bilstm-nlp", "train", TAGGER, *SMALL, "--out", str(path)])
            with pytest.raises(SystemExit) as ended:
                app.main()
        assert not ended.value.code

    return made_once(tmp_path_factory, "sample", make)


@pytest.fixture(scope="session")
def forecaster_run(tmp_path_factory, save_plot) -> Path:
    """A small trained forecaster of the sample series, with its plots. Tests must not change it."""
    from bilstm_nlp.config import load
    from bilstm_nlp.reports import plots
    from bilstm_nlp.runs import train

    config = load(FORECASTER, ["training.epochs=2", "encoder.hidden=8", "data.stride=4"])

    def make(path: Path) -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(plots, "save", save_plot)
            train.train(config, path)

    return made_once(tmp_path_factory, "energy", make)


@pytest.fixture(scope="session")
def classifier_run(tmp_path_factory) -> Path:
    """A small trained classifier of the sample messages, with attention. Tests must not change it."""
    from bilstm_nlp.config import load
    from bilstm_nlp.runs import train

    config = load(CLASSIFIER, ["training.epochs=3", "encoder.hidden=16", "training.batch_size=8"])
    return made_once(tmp_path_factory, "messages", lambda path: list(train.train_epochs(config, path)))


@pytest.fixture(scope="session")
def forked() -> Iterator[Callable[..., Forked]]:
    """Call the command line in a process of its own, which need not import anything first."""
    from tests.forked import ForkServer

    server = ForkServer()
    yield server.start
    server.close()


@pytest.fixture
def interruptible():
    """Have child processes react to Ctrl-C even if this process ignores it, as background jobs of a shell do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def browser():
    """Debian's chromium, driven by playwright. Skips the test if either is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium")
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with driver.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program)
        yield launched
        launched.close()
