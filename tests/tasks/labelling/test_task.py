"""The labelling task end to end: trained, resumed, reproduced, verified, evaluated, compared, and asked."""

from __future__ import annotations

import io
import json
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bilstm_nlp.batch import SequenceBatch
from bilstm_nlp.errors import ConfigError, DataError, InputError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.runs import reproduce
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import load, load_labeller
from bilstm_nlp.runs.tensors import read_tensors
from bilstm_nlp.runs.train import train_epochs
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.task import LabellingTask
from bilstm_nlp.tasks.registry import build
from tests.tasks.labelling.machines import HEADS, csv_of, machine_config


@pytest.fixture(scope="module", params=HEADS, ids=lambda head: head["kind"])
def run(request, tmp_path_factory) -> Path:
    """A trained labeller. Tests must not change it."""
    folder = tmp_path_factory.mktemp("labeller")
    config = machine_config(folder, data={"test": str(folder / "dev.csv")}, head=request.param)
    list(train_epochs(config, folder / "run"))
    return folder / "run"


def metrics(run: Path) -> dict[str, dict[str, object]]:
    return json.loads((run / "metrics.json").read_text())


def test_labeller_learns_what_a_sensor_tells(run):
    results = metrics(run)["dev"]
    assert results["accuracy"] > 0.95
    assert results["sequences"] == 3
    assert results["steps"] == 19 + 26 + 7
    assert metrics(run)["test"] | {"source": ""} == results | {"source": ""}


def test_results_are_those_of_the_written_labels(run, call, tmp_path):
    """Count again from the output of the command line."""
    output = tmp_path / "labels.csv"
    assert call("predict", run, run.parent / "dev.csv", "--confidence", "--output", output).status == 0
    answers, gold = pd.read_csv(output), pd.read_csv(run.parent / "dev.csv")
    assert answers[["recording", "step"]].equals(gold[["recording", "step"]])
    right = (answers["state"] == gold["state"]).to_numpy()
    results = metrics(run)["dev"]
    assert results["accuracy"] == pytest.approx(right.mean())
    border = ["recording", "state"]
    segments = (gold[border] != gold[border].shift()).any(axis=1).sum()
    assert results["segments"]["exact"]["support"] == segments
    confidences = answers["confidence"].to_numpy()
    assert confidences.min() >= 0.5  # of two labels
    bins = results["calibration"]["after"]
    assert sum(bins["counts"]) == len(gold)
    mean = np.dot(bins["counts"], [value or 0.0 for value in bins["mean_confidence"]]) / len(gold)
    assert confidences.mean() == pytest.approx(mean, abs=1e-4)


def test_marginals_are_those_of_all_label_sequences(run):
    """The probability of a step's label is its share of all weighted sequences of a short input."""
    labeller = load(run)
    labeller.network.model.requires_grad_(False)
    values = [[0.3, 0.1], [0.1, 1.4], [0.2, 2.9]]
    (answer,) = labeller.answers([values])
    recorded = labeller.codec.inputs
    scaled = torch.tensor((np.array(values) - recorded.mean) / recorded.deviation, dtype=torch.float32)[None]
    model = labeller.network.model.double()
    batch = SequenceBatch(scaled.double(), torch.tensor([3]), torch.ones(1, 3, dtype=torch.bool))
    emissions = model.head.projection(model.states(model.embedder(batch)))[0]
    start, end, transitions = model.head.crf.scores()
    weights = {}
    for path in product(range(2), repeat=3):
        score = start[path[0]] + end[path[-1]] + sum(emissions[step, label] for step, label in enumerate(path))
        score = score + sum(transitions[a, b] for a, b in pairwise(path))
        weights[path] = float(torch.exp(score / model.head.temperature))
    total = sum(weights.values())
    marginals = [
        [sum(weight for path, weight in weights.items() if path[step] == label) / total for label in range(2)]
        for step in range(3)
    ]
    np.testing.assert_allclose(np.array(answer.numbers).reshape(3, 2), marginals, atol=1e-5)
    best = max(weights, key=weights.__getitem__)
    assert answer.tags == [labeller.codec.labels[label] for label in best]


def test_run_is_verified_in_every_way(run):
    verification = verify(run)
    assert verification.same
    assert [replayed.way for replayed in verification.replayed] == [
        "as recorded",
        "alone",
        "in another order",
        "beside longer ones",
    ]
    assert verification.replayed[0].tags == 52


def test_run_is_reproduced_bit_by_bit(run, tmp_path):
    original = reproduce.begin(run)
    list(reproduce.reproduce(original, tmp_path / "again"))
    assert reproduce.compare(original, tmp_path / "again").identical


@pytest.mark.slow
def test_resumed_run_is_that_of_one_go(tmp_path):
    config = machine_config(tmp_path, training={"piece_steps": 7})
    list(train_epochs(config, tmp_path / "whole"))
    next(train_epochs(config, tmp_path / "parts"))
    list(train_epochs(config, tmp_path / "parts", resume=True))
    whole, parts = (
        read_tensors(RunDirectory.open(tmp_path / name), "model.safetensors")[0] for name in ("whole", "parts")
    )
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_evaluation_of_a_file_is_that_of_its_part(run, call):
    result = call("evaluate", run, "--data", run.parent / "dev.csv", "--json")
    assert json.loads(result.out) == metrics(run)["test"]


def test_unknown_labels_count_as_wrong_and_are_said(run, call, tmp_path, caplog):
    path = tmp_path / "other.csv"
    path.write_text(csv_of(2, (19, 26, 7), name="d").replace("high", "broken"))
    results = json.loads(call("evaluate", run, "--data", path, "--json").out)
    assert results["per_label"]["broken"]["recall"] == 0
    assert results["accuracy"] < 0.7
    assert results["confusion"]["labels"] == ["high", "low", "broken"]
    assert "labels that training does not have, which count as wrong: broken" in caplog.text


def test_labels_need_no_gold_and_no_header_order(run, call):
    gold = pd.read_csv(run.parent / "dev.csv")
    text = gold[["speed", "step", "recording", "heat"]].to_csv(index=False)
    piped = call("predict", run, "-", stdin=text.encode())
    assert piped.out == call("predict", run, run.parent / "dev.csv").out
    assert piped.out.startswith("recording,step,state\nd0,1,low\n")


@pytest.mark.slow
def test_several_processes_write_the_bytes_of_one(run, call, tmp_path):
    """Over a thousand recordings make two chunks; the rows of some take turns."""
    rows = [f"{name},{step},{name % 7},{step}" for name in range(1100) for step in range(1, 4)]
    rows[3:9] = [rows[index] for index in (3, 6, 4, 7, 5, 8)]
    (tmp_path / "many.csv").write_text("recording,step,heat,speed\n" + "\n".join(rows) + "\n")
    for options in (["--confidence"], ["--format", "jsonl"]):
        whole, shared = (call("predict", run, tmp_path / "many.csv", *options, *jobs) for jobs in ([], ["--jobs", "2"]))
        assert (shared.status, shared.out) == (0, whole.out), shared.err
    assert whole.out.count("\n") == 1100
    (tmp_path / "many.csv").write_text("recording,step,heat,speed\na,1,2,x\n")
    whole, shared = (call("predict", run, tmp_path / "many.csv", *jobs) for jobs in ([], ["--jobs", "2"]))
    assert (shared.status, shared.out, shared.err) == (2, "", whole.err)


def test_columns_of_other_files_have_names_of_their_own(run, call, tmp_path):
    """Names, the decimal separator and the encoding of a file are set; the numbers are those of training."""
    gold = pd.read_csv(run.parent / "dev.csv")
    other = gold.rename(columns={"recording": "Gerät", "step": "n", "speed": "Drehzahl", "heat": "Wärme"})
    other.to_csv(tmp_path / "other.csv", index=False, sep=";", decimal=",", encoding="latin-1")
    names = ["data.id_column=Gerät", "data.step_column=n", 'data.values=["Wärme", "Drehzahl"]']
    settings = [word for setting in [*names, "data.decimal=','"] for word in ("--set", setting)]
    options = [*settings, "--encoding", "latin-1"]
    result = call("predict", run, tmp_path / "other.csv", *options)
    lines = call("predict", run, run.parent / "dev.csv").out.splitlines()
    assert result.out.splitlines() == ["Gerät,n,state", *lines[1:]]
    scores = json.loads(call("evaluate", run, "--data", tmp_path / "other.csv", *options, "--json").out)
    assert scores["accuracy"] == metrics(run)["test"]["accuracy"]
    refused = call("predict", run, tmp_path / "other.csv", "--set", 'data.values=["Drehzahl"]')
    assert refused.status == 2
    assert "data.values: expected 2 columns, in the order of heat, speed, found 1" in refused.err


def test_run_of_another_task_is_no_labeller(run, tagger_run):
    assert load_labeller(run).codec.labels == ("high", "low")
    with pytest.raises(InputError, match="expected a run of the task labelling, found one of the task tagging"):
        load_labeller(tagger_run)


def test_labels_of_a_frame_are_those_of_its_file(run):
    labeller = load(run)
    frame = labeller.label(pd.read_csv(run.parent / "dev.csv"))
    assert frame["state"].tolist() == labeller.label(str(run.parent / "dev.csv"))["state"].tolist()
    assert frame.columns.tolist() == ["recording", "step", "state", "confidence"]
    with pytest.raises(InputError, match="label: expected the name of a file or a frame, found int"):
        labeller.label(3)
    with pytest.raises(DataError, match="frame: expected a column 'heat', found only"):
        labeller.label(frame)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--nbest", "2"), "--nbest: not for a labeller of series"),
        (("--min-confidence", "0.5"), "--min-confidence: not for a labeller of series"),
        (("--format", "html"), "--format: expected csv, jsonl for a labeller of series, found html"),
    ],
)
def test_option_of_other_models_is_refused(run, call, option, message):
    result = call("predict", run, run.parent / "dev.csv", *option)
    assert result.status == 2
    assert message in result.err


def test_page_of_errors_has_every_wrong_step(run, call, tmp_path):
    """Labels of the second recording are turned around, and the stretches are counted from the output of `predict`."""
    gold = pd.read_csv(run.parent / "dev.csv")
    turned = gold["recording"] == "d1"
    gold.loc[turned, "state"] = gold.loc[turned, "state"].map({"low": "high", "high": "low"})
    gold.to_csv(tmp_path / "turned.csv", index=False)
    assert call("evaluate", run, "--data", tmp_path / "turned.csv", "--errors", tmp_path / "errors.html").status == 0
    page = (tmp_path / "errors.html").read_text()
    answers = pd.read_csv(io.StringIO(call("predict", run, tmp_path / "turned.csv").out))
    both = gold.assign(predicted=answers["state"])
    pairs = both[["recording", "state", "predicted"]]
    begins = (pairs != pairs.shift()).any(axis=1)
    wrong = both[both["state"] != both["predicted"]]
    lines = [index + 2 for index in wrong.index[begins[wrong.index]]]
    for line in lines:
        assert f"turned.csv:{line}</td>" in page
    assert page.count('<td class="place">') == len(lines)
    assert f"{len(wrong)} steps have a wrong label, in {len(lines)} stretches" in page
    assert str(run) in page


def test_page_of_errors_that_can_not_be_written_is_refused(run, call, tmp_path):
    result = call("evaluate", run, "--errors", tmp_path)
    assert result.status == 2
    assert f"{tmp_path}: expected a file to write to" in result.err


def test_check_describes_the_parts(run, call):
    result = call("check", run.parent / "dev.csv", "--set", "task=labelling", "--json")
    assert result.status == 0
    assert json.loads(result.out)["parts"]["file"]["labels"] == {"high": 26, "low": 26}


def test_report_and_plots_are_written(run):
    report = (run / "report.md").read_text()
    for text in ("accuracy of steps", "that overlap by 50 %", "plots/confusion.png", "plots/transitions.png"):
        assert text in report
    assert (run / "plots" / "confusion.png").stat().st_size > 1000


def test_single_label_is_refused_before_training(tmp_path):
    config = machine_config(tmp_path)
    (tmp_path / "train.csv").write_text(csv_of(1, (9, 8)).replace("high", "low"))
    with pytest.raises(DataError, match="expected steps with at least two labels, found 'low' alone"):
        build(config).prepare()


@pytest.mark.slow
def test_weights_of_labels_are_those_of_the_loss(tmp_path):
    head = {"kind": "softmax", "class_weights": {"high": 3.0}}
    prepared = build(machine_config(tmp_path, head=head, encoder={"dropout": 0.0})).prepare()
    weighted, plain = (on(next(iter(prepared.batches(1)))), prepared.model)
    plain.eval()
    loss = plain(weighted)
    states = plain.states(plain.embedder(weighted))
    logs = torch.log_softmax(plain.head.projection(states), -1)
    weights = torch.tensor([3.0, 1.0])[weighted.tags]  # labels are high, low
    expected = -(logs.gather(2, weighted.tags[..., None])[..., 0] * weights)[weighted.mask].sum()
    torch.testing.assert_close(loss.total, expected)
    assert loss.weight.item() == weights[weighted.mask].sum().item()


def test_weight_of_an_unknown_label_is_refused(tmp_path):
    head = {"kind": "softmax", "class_weights": {"hihg": 3.0}}
    with pytest.raises(
        ConfigError, match=r"head.class_weights: expected labels of the training data, high, low, found hihg"
    ):
        build(machine_config(tmp_path, head=head)).prepare()


def test_pieces_have_all_steps_of_training(tmp_path):
    config = machine_config(tmp_path, training={"piece_steps": 7})
    prepared = build(config).prepare()
    first, second = (list(prepared.batches(epoch)) for epoch in (1, 2))
    assert all(int(batch.lengths.max()) <= 7 for batch in first)
    assert sum(int(batch.mask.sum()) for batch in first) == 23 + 17 + 31 + 8 + 20 + 12
    values = [np.sort(np.concatenate([batch.values[batch.mask][:, 0] for batch in epoch])) for epoch in (first, second)]
    np.testing.assert_array_equal(*values)
    lengths = [sorted(np.concatenate([batch.lengths for batch in epoch]).tolist()) for epoch in (first, second)]
    assert lengths[0] != lengths[1]


def test_measurement_adds_up_to_the_results(run):
    labeller = load(run)
    task = LabellingTask(machine_config(run.parent))
    prepared = task.prepare(labeller)
    measured, results = prepared.measure(), Evaluation(labeller.network, labeller.codec, prepared.data.dev).results()
    for name, ratio in measured.measures.items():
        assert ratio.numerator.sum() / ratio.denominator.sum() == pytest.approx(results[name])


def test_weights_of_attention_are_shares_of_the_steps(tmp_path, call, run):
    """Each row sums to 1, and the labels are those without weights. A labeller without attention refuses."""
    attention = {"kind": "multi-head", "heads": 2}
    list(train_epochs(machine_config(tmp_path, attention=attention, training={"epochs": 1}), tmp_path / "run"))
    path = tmp_path / "dev.csv"
    result = call("predict", tmp_path / "run", path, "--attention")
    records = [json.loads(line) for line in result.out.splitlines()]
    plain = call("predict", tmp_path / "run", path, "--format", "jsonl").out.splitlines()
    for record, line in zip(records, plain, strict=True):
        weights = np.array(record.pop("attention"))
        assert weights.shape == (2, len(record["labels"]), len(record["labels"]))
        np.testing.assert_allclose(weights.sum(axis=2), 1, atol=0.005)
        assert record == json.loads(line)
    refused = call("predict", run, path, "--attention")
    assert refused.status == 2
    assert "--attention: expected a labeller trained with attention.kind" in refused.err


@pytest.mark.slow
def test_labellers_are_compared(tmp_path, call):
    machine_config(tmp_path)
    (tmp_path / "base.toml").write_text(
        f'task = "labelling"\ndata = {{ train = "{tmp_path}/train.csv", dev = "{tmp_path}/dev.csv" }}\n'
        'encoder.hidden = 4\ntraining = { epochs = 2, device = "cpu" }\n'
    )
    (tmp_path / "grid.toml").write_text(
        'base = "base.toml"\nbaseline = "crf"\nmeasure = "segment_f1_50"\nseeds = [1]\n'
        '[variants.crf]\n[variants.softmax]\nhead = { kind = "softmax" }\n'
    )
    result = call("compare", tmp_path / "grid.toml", "--out", tmp_path / "compared", "--jobs", "1")
    assert result.status == 0, result.err
    report = json.loads((tmp_path / "compared" / "report.json").read_text())
    assert {each["status"] for each in report["runs"]} == {"finished"}
    assert "segment_f1_50" in (tmp_path / "compared" / "report.md").read_text()
