"""Several classifiers as one: the mean of their probabilities, and refusals of runs that differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.train import train_epochs
from tests.tasks.classification.series import series_config_of
from tests.tasks.classification.texts import config_of

pytestmark = pytest.mark.torch


def trained(values, folder: Path, name: str, **settings) -> Path:
    """Train a classifier for two epochs."""
    list(train_epochs(parse(values | settings, "a test"), folder / name))
    return folder / name


@pytest.fixture(scope="module", params=["softmax", "sigmoid"])
def runs(request, tmp_path_factory) -> list[Path]:
    """Two classifiers with other vocabularies, encoders and poolings. Tests must not change them."""
    folder = tmp_path_factory.mktemp("classifiers")
    values = config_of(folder)
    first = trained(values, folder, "first", head={"kind": request.param, "pooling": "attention"})
    fewer = {**values["data"], "held_out": {"fold": 1, "folds": 3}}
    head = {"kind": request.param, "pooling": "max"}
    return [first, trained(values, folder, "second", data=fewer, encoder={"hidden": 3}, head=head, seed=2)]


def test_probabilities_are_the_mean_of_both(runs):
    texts = ["Where is the captain ?", "How many letters", "a word that is new"]
    combined, members = bilstm_nlp.load_ensemble(runs), [load(run) for run in runs]
    each = [member.classify(texts) for member in members]
    for answer, first, second in zip(combined.classify(texts), *each, strict=True):
        for name, value in answer.probabilities.items():
            mean = (first.probabilities[name] + second.probabilities[name]) / 2
            assert value == pytest.approx(mean, abs=1e-6)
        if combined.threshold is None:
            assert answer.classes == (max(answer.probabilities, key=answer.probabilities.__getitem__),)


def test_scores_are_those_of_the_written_classes(runs, call, tmp_path):
    scores = json.loads(call("evaluate", *runs, "--json", "--errors", tmp_path / "errors.html").out)
    source = runs[0].parent / "texts.txt"
    lines = call("predict", *runs, source, "--set", "data.label_column=0").out.splitlines()
    gold = [line.split(" ")[0] for line in source.read_text().splitlines()]
    right = [line.split("\t")[0] == name for line, name in zip(lines, gold, strict=True)]
    assert scores.get("accuracy", scores.get("exact_match")) == pytest.approx(np.mean(right))
    assert all(run.name in (tmp_path / "errors.html").read_text() for run in runs)
    refused = call("predict", *runs, source, "--attention")
    assert (refused.status, "--attention" in refused.err) == (2, True)


@pytest.mark.slow
def test_series_are_classified_by_several(tmp_path):
    values = series_config_of(tmp_path, training={"epochs": 1, "batch_size": 4, "device": "cpu"})
    runs = [trained(values, tmp_path, f"run{seed}", seed=seed) for seed in (1, 2)]
    combined, members = bilstm_nlp.load_ensemble(runs), [load(run) for run in runs]
    dev = values["data"]["dev"]
    for answer, *own in zip(combined.classify(dev), *(member.classify(dev) for member in members), strict=True):
        for name, value in answer.probabilities.items():
            assert value == pytest.approx(np.mean([each.probabilities[name] for each in own]), abs=1e-6)


def test_runs_that_differ_are_refused(runs, tmp_path, tagger_run):
    kind = json.loads((runs[0] / "config.json").read_text())["head"]["kind"]
    values = config_of(tmp_path, head={"kind": kind})
    latin = trained({**values, "data": {**values["data"], "encoding": "latin-1"}}, tmp_path, "latin")
    with pytest.raises(InputError, match=r"expected data\.encoding utf-8, as .*first has, found latin-1"):
        bilstm_nlp.load_ensemble([runs[0], latin])
    (tmp_path / "texts.txt").write_text("place Where ?\nthing What ?\nplace Where to ?\nthing What for ?\n")
    with pytest.raises(
        InputError, match=r"expected the classes of .*first, found none of number, none of person, thing"
    ):
        bilstm_nlp.load_ensemble([runs[0], trained(values, tmp_path, "classes")])
    with pytest.raises(InputError, match="expected mean for classifiers, found 'median'"):
        bilstm_nlp.load_ensemble(runs, "median")
    with pytest.raises(InputError, match="expected a run of classification, found one of tagging"):
        bilstm_nlp.load_ensemble([runs[0], tagger_run])


def test_texts_of_one_class_and_of_several_are_not_combined(tmp_path):
    values = config_of(tmp_path)
    runs = [trained(values, tmp_path, kind, head={"kind": kind}) for kind in ("softmax", "sigmoid")]
    with pytest.raises(InputError, match=r"expected head\.kind softmax, as .*softmax has, found sigmoid"):
        bilstm_nlp.load_ensemble(runs)
