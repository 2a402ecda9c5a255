"""Weights of tags in the loss of a softmax head."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.tasks.registry import build

# 6 tokens of O, 3 of PER, 1 of LOC
CORPUS = "Ann B-PER\nLee I-PER\nsaw O\nRome B-LOC\n. O\n\nBob B-PER\nwent O\nto O\nsea O\n. O\n"
PLAIN = "the DT\ndog NN\nsaw VB\nthe DT\n"


def prepared(folder, weights, text=CORPUS):
    (folder / "a.conll").write_text(text)
    data = {"train": str(folder / "a.conll"), "dev": str(folder / "a.conll")}
    head = {"kind": "softmax", "class_weights": weights}
    small = {"embeddings": {"dimension": 4, "characters": {"kind": "none"}}, "encoder": {"hidden": 4, "dropout": 0}}
    return build(parse({"data": data, "head": head, **small}, "a test")).prepare()


def by_tag(trained) -> dict[str, float]:
    return dict(zip(trained.codec.tags, trained.model.head.weights.tolist(), strict=True))


def test_balanced_weights_are_those_of_types(tmp_path):
    weights = by_tag(prepared(tmp_path, "balanced"))
    assert weights["O"] == pytest.approx(10 / (3 * 6))
    assert weights["B-PER"] == weights["S-PER"] == pytest.approx(10 / (3 * 3))
    assert weights["S-LOC"] == weights["I-LOC"] == pytest.approx(10 / (3 * 1))


def test_balanced_weights_of_plain_labels_are_those_of_labels(tmp_path):
    assert by_tag(prepared(tmp_path, "balanced", PLAIN)) == pytest.approx({"DT": 4 / 6, "NN": 4 / 3, "VB": 4 / 3})


def test_a_tag_precedes_its_type_and_others_weigh_one(tmp_path):
    weights = by_tag(prepared(tmp_path, {"PER": 3, "B-PER": 5, "O": 0.5}))
    assert (weights["O"], weights["B-PER"], weights["E-PER"], weights["S-LOC"]) == (0.5, 5, 3, 1)


@pytest.mark.parametrize("names", [{"ORG": 2}, {"PER": 1, "X-PER": 2}, {"per": 2}])
def test_a_name_that_training_lacks_is_refused(tmp_path, names):
    with pytest.raises(
        ConfigError, match=r"head\.class_weights: .*expected types of .*, LOC, O, PER, or their tags, found"
    ):
        prepared(tmp_path, names)


def test_the_loss_is_the_weighted_mean_of_cross_entropies(tmp_path):
    trained = prepared(tmp_path, {"PER": 3, "O": 0.5})
    trained.model.eval()
    batch = on(next(iter(trained.batches(1))))
    total, weight = trained.model(batch)
    emissions = trained.model.decode(batch)[batch.mask]
    gold, weights = batch.tags[batch.mask], trained.model.head.weights
    torch.testing.assert_close(total / weight, functional.cross_entropy(emissions, gold, weights))
    unweighted = prepared(tmp_path, None).model
    assert int(unweighted(batch).weight) == int(batch.lengths.sum())


def test_weights_are_not_saved_with_the_model(tmp_path):
    assert "head.weights" not in prepared(tmp_path, "balanced").model.state_dict()


@pytest.mark.parametrize("weights", ["equal", {"PER": 0}, {"PER": -1}, {"PER": "x"}])
def test_weights_that_are_none_are_refused(tmp_path, weights):
    with pytest.raises(ConfigError, match=r"head\.class_weights"):
        prepared(tmp_path, weights)
