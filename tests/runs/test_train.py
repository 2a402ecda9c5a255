"""Training from Python: what is taken, what is returned, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import Run
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from tests.fuzz.runs import CONFIGS
from tests.studies.grids import corpus


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with two configs of two epochs and their data."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "train.conll").write_text(corpus(12))
    (folder / "dev.conll").write_text(corpus(4, shift=100))
    (folder / "vectors.txt").write_text("Ann 1 2 3 4 5\nParis 1 0 0 0 2\n")
    rows = "".join(f"{1990 + row // 12}-{row % 12 + 1:02}-01,{row % 5},{row % 3 * 0.5}\n" for row in range(160))
    (folder / "series.csv").write_text("date,a,b\n" + rows)
    for kind, text in CONFIGS.items():
        (folder / f"{kind}.toml").write_text(text.format(folder=folder))
    return folder


@pytest.fixture(scope="module")
def runs(made) -> dict[str, Run]:
    """A run of each task: from text paths, and from a config with a `Path`."""
    return {
        "tagger": bilstm_nlp.train(str(made / "tagger.toml"), str(made / "tagger")),
        "forecaster": bilstm_nlp.train(load(made / "forecaster.toml"), made / "forecaster"),
    }


def test_train_trains_and_returns_the_finished_run(runs, made):
    for kind, run in runs.items():
        assert run.directory.path == made / kind
        assert run.directory.finished
        assert run.config == load(made / f"{kind}.toml")
    assert runs["tagger"].predictor.tag(["Ann left Paris"])
    assert isinstance(runs["forecaster"].predictor, Forecaster)


def test_train_epochs_yields_a_report_an_epoch(made, tmp_path):
    reports = list(bilstm_nlp.train_epochs(made / "forecaster.toml", str(tmp_path / "run")))
    assert [report.epoch for report in reports] == [1, 2, 3]
    assert (tmp_path / "run" / "metrics.json").exists()


@pytest.mark.parametrize("config", [3, None, {"task": "tagging"}, b"x.toml"])
def test_training_refuses_other_values_than_configs_and_paths(config, tmp_path):
    with pytest.raises(InputError, match=r"expected .*path"):
        bilstm_nlp.train(config, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
