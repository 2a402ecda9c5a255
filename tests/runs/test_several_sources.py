"""Runs on several training files, with a share of them as the development corpus."""

from __future__ import annotations

import json
import shutil

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs import ensemble, evaluate, train
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.provenance import digest
from tests.tasks.tagging.test_data import corpus_of_documents


def config_of(folder, **more):
    values = {
        "data": {"train": [str(folder / "a.conll"), str(folder / "b.conll")], "dev": {"share": 0.25}},
        "embeddings": {"characters": {"kind": "none"}, "dimension": 8},
        "encoder": {"hidden": 4},
        "training": {"epochs": 1},
    }
    return parse(values | more, "a test")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    (folder / "a.conll").write_text(corpus_of_documents(12))
    (folder / "b.conll").write_text(corpus_of_documents(16).replace("B-X", "B-Y"))
    train.train(config_of(folder), folder / "run")
    return folder / "run"


def test_the_origin_of_a_run_knows_all_files(run):
    data = json.loads((run / "run.json").read_text())["data"]
    assert data == {str(run.parent / name): digest(str(run.parent / name)) for name in ("a.conll", "b.conll")}


def test_evaluation_scores_the_same_share_again(run):
    trained = open_run(run)
    scores = evaluate.evaluate(trained)
    dev = json.loads((run / "metrics.json").read_text())["dev"]
    assert (scores["f1"], scores["sentences"], scores["tokens"]) == (dev["f1"], dev["sentences"], dev["tokens"])
    assert dev["sentences"] == 21


def test_a_changed_file_is_noticed_on_resume(run, tmp_path):
    for name in ("a.conll", "b.conll"):
        shutil.copy(run.parent / name, tmp_path)
    config = config_of(tmp_path, training={"epochs": 2})
    reports = train.train_epochs(config, tmp_path / "run")
    next(reports)
    reports.close()
    (tmp_path / "b.conll").write_text("c O\n")
    with pytest.raises(RunError, match=r"can't go on with other data: \S+b\.conll changed"):
        list(train.train_epochs(config, tmp_path / "run", resume=True))


def test_ensembles_share_a_share_only_of_one_seed(run, tmp_path):
    shutil.copytree(run, tmp_path / "same")
    _, scores = ensemble.evaluate([run, tmp_path / "same"], "mean", None, None)
    assert scores["sentences"] == 21
    train.train(config_of(run.parent, seed=2), tmp_path / "other")
    with pytest.raises(
        InputError, match=r"other: expected the corpus of \S+run, 0\.25 by seed 1 of \S+, \S+, found 0\.25"
    ):
        ensemble.evaluate([run, tmp_path / "other"], "mean", None, None)
