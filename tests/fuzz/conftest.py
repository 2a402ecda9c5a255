"""What the files of this folder share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from bilstm_nlp.config import Config
from tests.fuzz.runs import make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose files every example writes anew."""
    return tmp_path_factory.mktemp("fuzz")


@dataclass(frozen=True)
class Made:
    """A run, finished, and the same one stopped in the middle."""

    kind: str
    config: Config
    finished: Path
    stopped: Path


@pytest.fixture(scope="session")
def made_tagger(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made("tagger", *make(tmp_path_factory.mktemp("tagger"), "tagger"))


@pytest.fixture(scope="session")
def made_forecaster(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made("forecaster", *make(tmp_path_factory.mktemp("forecaster"), "forecaster"))


@pytest.fixture(scope="module", params=["tagger", "forecaster"])
def made(request: pytest.FixtureRequest) -> Made:
    """Of each kind."""
    found: Made = request.getfixturevalue(f"made_{request.param}")
    return found
