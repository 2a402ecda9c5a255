"""Fixtures of all files of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bilstm_nlp.config import Config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("fuzz")


@dataclass(frozen=True)
class Made:
    """A finished run, and the same run stopped in the middle."""

    kind: str
    config: Config
    finished: Path
    stopped: Path


@pytest.fixture(scope="session")
def made_tagger(tmp_path_factory: pytest.TempPathFactory) -> Made:
    from tests.fuzz.runs import make

    return Made("tagger", *make(tmp_path_factory.mktemp("tagger"), "tagger"))


@pytest.fixture(scope="session")
def made_forecaster(tmp_path_factory: pytest.TempPathFactory) -> Made:
    from tests.fuzz.runs import make

    return Made("forecaster", *make(tmp_path_factory.mktemp("forecaster"), "forecaster"))


@pytest.fixture(scope="module", params=["tagger", "forecaster"])
def made(request: pytest.FixtureRequest) -> Made:
    """The runs of each kind."""
    runs: Made = request.getfixturevalue(f"made_{request.param}")
    return runs
