"""Finished runs that the tests of the engines share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bilstm_nlp.studies.engines.jobs import jobs_of
from tests.conftest import made_once
from tests.studies.engines.running import execute
from tests.studies.grids import read, write_base


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """Make a folder with a base config and, in `out`, the finished runs of the usual grid. Tests must not change it."""

    def make(folder: Path) -> None:
        folder.mkdir()
        write_base(folder)
        last = execute(jobs_of(read(folder), folder / "out"))
        assert [(progress.state, progress.epoch, progress.error) for progress in last] == [("finished", 2, None)] * 4

    return made_once(tmp_path_factory, "finished", make)


@pytest.fixture
def out(finished, tmp_path) -> Path:
    """Copy the finished runs."""
    return shutil.copytree(finished / "out", tmp_path / "out", copy_function=shutil.copy2)
