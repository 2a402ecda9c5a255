"""Several labellers as one: the mean of their marginals, and refusals of runs that differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.train import train_epochs
from tests.tasks.labelling.machines import csv_of, machine_config


def trained(folder: Path, name: str, seed: int, **tables) -> Path:
    """Train a labeller of a machine for two epochs."""
    config = machine_config(folder, training={"epochs": 2}, **tables).model_copy(update={"seed": seed})
    list(train_epochs(config, folder / name))
    return folder / name


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> list[Path]:
    """Two labellers with other scales, encoders and heads. Tests must not change them."""
    folder = tmp_path_factory.mktemp("labellers")
    first = trained(folder, "first", 1)
    second = trained(folder, "second", 2, data={"fraction": 0.6}, encoder={"hidden": 5}, head={"kind": "softmax"})
    return [first, second]


def test_labels_have_the_largest_mean_of_both_marginals(runs):
    """Both labellers answer alone, and their probabilities are averaged by hand."""
    dev = str(runs[0].parent / "dev.csv")
    combined, (first, second) = bilstm_nlp.load_ensemble(runs), map(load, runs)
    assert not np.array_equal(first.codec.inputs.mean, second.codec.inputs.mean)
    values = pd.read_csv(dev)
    inputs = [rows[["heat", "speed"]].to_numpy().tolist() for _, rows in values.groupby("recording", sort=False)]
    own = [np.concatenate([answer.numbers for answer in model.answers(inputs)]) for model in (first, second)]
    mean = np.mean(own, axis=0).reshape(-1, 2)
    labels = np.array(first.codec.labels)[mean.argmax(1)]
    table = combined.label(dev)
    assert table["state"].tolist() == labels.tolist()
    np.testing.assert_allclose(table["confidence"], mean.max(1), atol=2e-6)


def test_order_of_runs_changes_no_label(runs):
    combined, swapped = bilstm_nlp.load_ensemble(runs), bilstm_nlp.load_ensemble(runs[::-1])
    dev = str(runs[0].parent / "dev.csv")
    one, other = combined.label(dev), swapped.label(dev)
    assert one["state"].tolist() == other["state"].tolist()
    np.testing.assert_allclose(one["confidence"], other["confidence"], atol=2e-6)


def test_scores_are_those_of_the_written_labels(runs, call, tmp_path):
    scores = json.loads(call("evaluate", *runs, "--json", "--errors", tmp_path / "errors.html").out)
    labels = call("predict", *runs, runs[0].parent / "dev.csv").out.splitlines()[1:]
    gold = pd.read_csv(runs[0].parent / "dev.csv")["state"]
    right = [line.split(",")[2] == label for line, label in zip(labels, gold, strict=True)]
    assert scores["accuracy"] == pytest.approx(np.mean(right))
    page = (tmp_path / "errors.html").read_text()
    assert all(run.name in page for run in runs)


def test_runs_that_differ_are_refused(runs, tmp_path, tagger_run):
    other = trained(tmp_path, "columns", 3, data={"values": ["speed"]})
    with pytest.raises(InputError, match=r"expected data\.values None, as .*first has, found \('speed',\)"):
        bilstm_nlp.load_ensemble([runs[0], other])
    config = machine_config(tmp_path, training={"epochs": 1})
    (tmp_path / "train.csv").write_text(csv_of(1, (23, 17, 31)).replace("high", "fast"))
    (tmp_path / "dev.csv").write_text(csv_of(2, (19, 26)).replace("high", "fast"))
    list(train_epochs(config, tmp_path / "labels"))
    with pytest.raises(InputError, match=r"expected the labels of .*first, found none of high, fast besides"):
        bilstm_nlp.load_ensemble([runs[0], tmp_path / "labels"])
    with pytest.raises(InputError, match="expected mean for labellers, found 'median'"):
        bilstm_nlp.load_ensemble(runs, "median")
    with pytest.raises(InputError, match="expected a run of labelling, found one of tagging"):
        bilstm_nlp.load_ensemble([runs[0], tagger_run])
