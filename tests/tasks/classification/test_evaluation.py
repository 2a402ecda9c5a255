"""A classifier's figures against hand-made ones, its refusals, and its page of errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, DataError, InputError
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.request import ErrorsPage
from tests.tasks.classification.texts import config_of

pytestmark = pytest.mark.torch


def prepared_of(folder, **tables):
    return build(parse(config_of(folder, **tables), "a test")).prepare()


@pytest.fixture
def prepared(tmp_path):
    """A classifier whose answers differ from text to text."""
    made = prepared_of(tmp_path)
    with torch.no_grad():
        made.model.head.projection.weight.mul_(20)
    return made


def test_figures_equal_those_counted_by_hand(prepared):
    evaluation = prepared.evaluation(prepared.data.dev)
    results = evaluation.results()
    answers = list(prepared.predictor().answer(prepared.data.dev.inputs))
    gold = [example.classes[0] for example in prepared.data.dev.examples]
    predicted = [answer.classes[0] for answer in answers]
    assert len(set(predicted)) > 1
    right = [left == guess for left, guess in zip(gold, predicted, strict=True)]
    assert results["accuracy"] == pytest.approx(sum(right) / len(right))
    logs = [np.log(answer.probabilities[name]) for answer, name in zip(answers, gold, strict=True)]
    assert results["log_loss"] == pytest.approx(-np.mean(logs))
    for name, figures in results["per_class"].items():
        hits = sum(left == guess == name for left, guess in zip(gold, predicted, strict=True))
        assert figures["f1"] == pytest.approx(2 * hits / (gold.count(name) + predicted.count(name)))
    assert results["majority"] == pytest.approx(4 / 12)
    assert results["sequences"] == 12
    assert results["steps"] == sum(len(text.tokens) for text in prepared.data.dev.inputs)
    json.dumps(results, allow_nan=False)


def test_temperature_moves_no_class_and_lowers_the_log_loss(prepared):
    evaluation = prepared.evaluation(prepared.data.dev)
    before = evaluation.results()
    predicted = evaluation.predicted.tolist()
    prepared.calibrate()
    after = evaluation.results()
    assert evaluation.predicted.tolist() == predicted
    assert after["calibration"]["temperature"] != 1.0
    assert after["log_loss"] < before["log_loss"]
    assert after["calibration"]["before"]["ece"] == pytest.approx(before["calibration"]["after"]["ece"])


def test_measure_of_each_text_adds_up_to_the_accuracy(prepared):
    measurement = prepared.measure()
    ratio = measurement.measures["accuracy"]
    accuracy = prepared.evaluation(prepared.data.dev).results()["accuracy"]
    assert ratio.numerator.sum() / ratio.denominator.sum() == pytest.approx(accuracy)
    assert measurement.examples.gold[0] == ["place"]


def test_several_classes_are_scored_by_f1_of_all(tmp_path):
    path = tmp_path / "several.jsonl"
    labels = {"red boat": ["red", "boat"], "old boat": ["boat"], "red hat": ["red"], "old hat": [], "red": ["red"]}
    path.write_text("".join(json.dumps({"text": text, "labels": names}) + "\n" for text, names in labels.items()))
    made = prepared_of(tmp_path, data={"train": str(path), "dev": str(path)}, head={"kind": "sigmoid"})
    with torch.no_grad():
        made.model.head.projection.weight.mul_(20)
    evaluation = made.evaluation(made.data.dev)
    results, gold, predicted = evaluation.results(), evaluation.gold, evaluation.predicted
    assert gold.tolist() == [[True, True], [True, False], [False, True], [False, False], [False, True]]
    assert results["f1"] == pytest.approx(2 * (gold & predicted).sum() / (gold.sum() + predicted.sum()))
    assert results["exact_match"] == pytest.approx((gold == predicted).all(1).mean())
    assert results["confusion"] is None
    ratio = made.measure().measures["f1"]
    assert ratio.numerator.sum() / ratio.denominator.sum() == pytest.approx(results["f1"])


def test_text_with_several_classes_needs_a_sigmoid(tmp_path):
    path = tmp_path / "several.jsonl"
    path.write_text('{"text": "a b", "labels": ["x"]}\n{"text": "c", "labels": ["x", "y"]}\n')
    with pytest.raises(DataError, match=r"several\.jsonl.*:2: .*head\.kind = sigmoid.*x, y"):
        prepared_of(tmp_path, data={"train": str(path), "dev": str(path)})


def test_class_outside_the_training_data_is_named_with_its_line(tmp_path):
    path = tmp_path / "dev.txt"
    path.write_text("place Where ?\nperson Who ?\nreason Why ?\n")
    with pytest.raises(DataError, match=r"dev\.txt:3: expected classes .*number, person, place, found 'reason'"):
        prepared_of(tmp_path, data={"train": str(tmp_path / "texts.txt"), "dev": str(path), "tokenizer": "blanks"})


def test_one_class_alone_is_refused(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("text,label\nWhere ?,place\nWhere is it ?,place\n")
    with pytest.raises(DataError, match="at least two classes, found place alone"):
        prepared_of(tmp_path, data={"train": str(path), "dev": str(path)})


def test_weight_of_an_unknown_class_is_refused(tmp_path):
    head = {"kind": "softmax", "class_weights": {"plaec": 2.0}}
    with pytest.raises(ConfigError, match=r"head\.class_weights: expected classes .* found plaec"):
        prepared_of(tmp_path, head=head)


def test_balanced_weights_make_classes_count_alike(tmp_path):
    path = tmp_path / "skewed.txt"
    path.write_text("a one\na two\na three\nb four\n")
    data = {"train": str(path), "dev": str(path), "separator": " "}
    one = prepared_of(tmp_path, data=data, head={"kind": "softmax", "class_weights": "balanced"})
    assert one.model.head.class_weights.tolist() == pytest.approx([4 / 6, 2.0])
    several = prepared_of(tmp_path, data=data, head={"kind": "sigmoid", "class_weights": "balanced"})
    assert several.model.head.class_weights.tolist() == pytest.approx([1 / 3, 3.0])


def test_page_of_errors_has_every_wrong_text_with_its_line(prepared, tmp_path):
    task, path = build(prepared.config), tmp_path / "errors.html"
    results = task.evaluate(prepared.predictor(), None, ErrorsPage(path))
    page = path.read_text(encoding="utf-8")
    wrong = round((1 - results["accuracy"]) * 12)
    assert page.count("texts.txt:") == wrong > 0
    assert f"{wrong} of 12 texts have a wrong class" in page
    assert "http" not in page.replace("http-equiv", "")


def test_page_of_errors_that_can_not_be_written_is_refused(prepared, tmp_path):
    with pytest.raises(InputError, match="expected a file"):
        build(prepared.config).evaluate(prepared.predictor(), None, ErrorsPage(tmp_path))


def test_training_from_a_run_is_refused(prepared):
    with pytest.raises(InputError, match=r"training\.parent"):
        build(prepared.config).prepare_from(prepared.predictor())
