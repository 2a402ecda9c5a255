"""Series that a labeller is least sure of, against every label sequence written out."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bilstm_nlp.data.labelled.sequences import read_sequences
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.labelling.ensemble import CombinedNetwork
from bilstm_nlp.tasks.labelling.model import model
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.rank import ranked, scored_steps
from bilstm_nlp.tasks.ranking import Place
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.request import Ranking, Request
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.labelling.machines import HEADS, csv_of, machine_config

MEASURES = ("least-certain", "margin", "errors")
TEMPERATURE = 1.7


def untrained(folder: Path, head: dict[str, object], seed: int = 3) -> Labeller:
    """Make a labeller with weights that are drawn, and far from sure."""
    torch.manual_seed(seed)
    prepared = build(machine_config(folder, head=head)).prepare()
    with torch.no_grad():
        prepared.model.head.projection.weight.mul_(4)
        if head["kind"] == "crf":
            for parameter in prepared.model.head.crf.parameters():
                parameter.normal_()
    labeller = prepared.predictor()
    labeller.network.set_temperature(TEMPERATURE)
    return labeller


def in_one_network(labellers: list[Labeller]) -> Labeller:
    """Combine labellers with the same codec."""
    network = CombinedNetwork([each.network for each in labellers], [None] * 2, [np.arange(2)] * 2)
    return Labeller(network, labellers[0].codec, labellers[0].format)


def all_sequences(labeller: Labeller, sequence) -> tuple[np.ndarray, np.ndarray]:
    """Return all label sequences of a series and their probabilities, (N, T) and (N,)."""
    batch = labeller.codec.encode([sequence]).collate(np.zeros(1, np.int64))
    emissions = torch.from_numpy(labeller.network.emissions(batch).scores[0]).double()
    names = ("start", "end", "transitions")
    scores = {name: torch.from_numpy(array).double() for name, array in zip(names, labeller.network.chain, strict=True)}
    totals = scores_of_all(SimpleNamespace(**scores), emissions)
    probabilities = (totals / labeller.network.temperature).softmax(0).numpy()
    return all_paths(emissions.shape[1], len(sequence)).numpy(), probabilities


@pytest.mark.parametrize("models", ["crf", "softmax", "both"])
def test_scores_are_those_of_all_sequences_at_the_temperature(tmp_path, models):
    own = [untrained(tmp_path, head) for head in HEADS if models in (head["kind"], "both")]
    labeller = own[0] if len(own) == 1 else in_one_network(own)
    (tmp_path / "new.csv").write_text(csv_of(4, (4, 1, 7, 3, 7)))
    sequences = read_sequences(str(tmp_path / "new.csv"), labeller.format).sequences
    scored = {by: list(scored_steps(labeller, sequences, by)) for by in MEASURES}
    for row, sequence in enumerate(sequences):
        paths, probabilities = all_sequences(labeller, sequence)
        best, second = np.sort(probabilities)[:-3:-1]
        path = paths[probabilities.argmax()]
        wrong = probabilities @ (paths != path).sum(1)
        expected = {"least-certain": 1 - best ** (1 / len(path)), "margin": best - second, "errors": wrong}
        for by, value in expected.items():
            score, steps = scored[by][row]
            assert score == pytest.approx(value, abs=1e-6)
            assert steps.labels == [labeller.codec.labels[label] for label in path]
            right = [probabilities[paths[:, step] == label].sum() for step, label in enumerate(path)]
            np.testing.assert_allclose(steps.confidences, right, atol=1e-6)


def test_several_labellers_have_the_sequences_of_their_mean_marginals(tmp_path):
    """Steps of several labellers are independent, so their best sequence has the product of the largest means."""
    own = [untrained(tmp_path, head) for head in HEADS]
    (tmp_path / "new.csv").write_text(csv_of(4, (4, 1, 6)))
    sequences = read_sequences(str(tmp_path / "new.csv"), own[0].format).sequences
    scores = {by: [score for score, _ in scored_steps(in_one_network(own), sequences, by)] for by in MEASURES}
    for row, sequence in enumerate(sequences):
        marginals = []
        for labeller in own:
            paths, probabilities = all_sequences(labeller, sequence)
            marginals.append([[probabilities[paths[:, t] == k].sum() for k in (0, 1)] for t in range(len(sequence))])
        high, low = np.sort(np.mean(marginals, axis=0)).T[::-1]
        assert scores["least-certain"][row] == pytest.approx(1 - high.prod() ** (1 / len(high)), abs=1e-6)
        assert scores["margin"][row] == pytest.approx(high.prod() * (1 - (low / high).max()), abs=1e-6)
        assert scores["errors"][row] == pytest.approx(low.sum(), abs=1e-6)


def labels_of_one(folder: Path) -> Labeller:
    """Make a labeller of a single label, which no training makes."""
    trained = untrained(folder, HEADS[0])
    codec = replace(trained.codec, labels=("low",))
    return Labeller(TorchStepNetwork(model(machine_config(folder), codec)), codec, trained.format)


def output(labeller: Labeller, source: Path, by: str, top: int = 9, **options) -> str:
    return b"".join(ranked(labeller, Request(str(source), **options), Ranking(top, by))).decode()


@pytest.mark.parametrize(("by", "score"), [("least-certain", "0"), ("margin", "1"), ("errors", "0")])
def test_single_possible_sequence_is_certain_and_ties_keep_the_order(tmp_path, by, score):
    (tmp_path / "new.csv").write_text(csv_of(4, (2, 1, 2)))
    lines = output(labels_of_one(tmp_path), tmp_path / "new.csv", by, top=2).splitlines()
    assert lines == [
        "rank,line,score,recording,step,state",
        f"1,2,{score},m0,1,low",
        f"1,2,{score},m0,2,low",
        f"2,4,{score},m1,1,low",
    ]


@pytest.mark.parametrize("by", MEASURES)
def test_series_of_equal_numbers_keep_the_order_of_the_file(tmp_path, by):
    labeller = untrained(tmp_path, HEADS[0])
    header, *rows = csv_of(4, (3,), name="m").splitlines()
    named = [row.replace("m0", f"m{number}") for number in (8, 2, 5, 1) for row in rows]
    (tmp_path / "new.csv").write_text("\n".join([header, *named]) + "\n")
    records = [json.loads(line) for line in output(labeller, tmp_path / "new.csv", by, 3, format="jsonl").splitlines()]
    assert [record["sequence"] for record in records] == ["m8", "m2", "m5"]
    assert len({record["ranking"]["score"] for record in records}) == 1


def test_series_whose_rows_take_turns_are_written_one_by_one(tmp_path):
    labeller = untrained(tmp_path, HEADS[0])
    header, *rows = csv_of(4, (3, 4)).splitlines()
    (tmp_path / "new.csv").write_text("\n".join([header, *sorted(rows, key=lambda row: row.split(",")[1])]) + "\n")
    _, *lines = (line.split(",") for line in output(labeller, tmp_path / "new.csv", "errors").splitlines())
    names = [line[3] for line in lines]
    assert sorted(names, key=names.index) == names
    assert {(line[3], line[1]) for line in lines} == {("m0", "2"), ("m1", "3")}
    assert sorted((line[3], line[4]) for line in lines) == [("m0", str(n)) for n in (1, 2, 3)] + [
        ("m1", str(n)) for n in (1, 2, 3, 4)
    ]


def test_both_formats_have_the_same_series(tmp_path):
    labeller = untrained(tmp_path, HEADS[1])
    (tmp_path / "new.csv").write_text(csv_of(4, (3, 4, 2, 5)))
    written = partial(output, labeller, tmp_path / "new.csv", "least-certain", 3, confidence=True)
    records = [json.loads(line) for line in written(format="jsonl").splitlines()]
    header, *rows = written(format="csv").splitlines()
    assert header == "rank,line,score,recording,step,state,confidence"
    assert [list(record) for record in records] == [
        ["ranking", "sequence", "line", "labels", "steps", "confidences"]
    ] * 3
    assert [record["ranking"]["by"] for record in records] == ["least-certain"] * 3
    expected = [
        [*Place(*list(record["ranking"].values())[:3]).cells(), record["sequence"], step, label, f"{confidence:.4f}"]
        for record in records
        for step, label, confidence in zip(record["steps"], record["labels"], record["confidences"], strict=True)
    ]
    assert [row.split(",") for row in rows] == expected


def test_faulty_file_has_no_output(tmp_path):
    labeller = untrained(tmp_path, HEADS[0])
    (tmp_path / "new.csv").write_text(csv_of(4, (3, 2)).replace("m1,2,", "m1,1,"))
    with pytest.raises(DataError, match=r"new\.csv:6: "):
        next(iter(ranked(labeller, Request(str(tmp_path / "new.csv")), Ranking(2, "margin"))))
