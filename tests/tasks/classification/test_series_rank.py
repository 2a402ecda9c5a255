"""Series that a classifier is least sure of: scores, order and formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.classification.series_classifier import SeriesClassifier
from bilstm_nlp.tasks.classification.series_rank import ranked
from bilstm_nlp.tasks.classification.uncertainty import uncertainty
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.request import Ranking, Request
from tests.tasks.classification.series import csv_of, series_config_of

MEASURES = ("least-certain", "margin", "errors")


@pytest.fixture(params=["softmax", "sigmoid"])
def classifier(request, tmp_path) -> SeriesClassifier:
    """A classifier with weights that are drawn."""
    torch.manual_seed(4)
    head = {"kind": request.param, "pooling": "attention"}
    prepared = build(parse(series_config_of(tmp_path, head=head), "a test")).prepare()
    with torch.no_grad():
        prepared.model.head.projection.weight.mul_(5)
    return prepared.predictor()


def output(classifier: SeriesClassifier, source: Path, by: str, top: int, **options) -> str:
    return b"".join(ranked(classifier, Request(str(source), **options), Ranking(top, by))).decode()


@pytest.mark.parametrize("by", MEASURES)
def test_first_series_are_the_least_sure(classifier, tmp_path, by):
    source = tmp_path / "dev.csv"
    records = [json.loads(line) for line in output(classifier, source, by, 5, format="jsonl").splitlines()]
    several = classifier.threshold is not None
    scores = [uncertainty(answer, by, several=several) for answer in classifier.classify(str(source))]
    order = sorted(range(len(scores)), key=lambda index: scores[index] if by == "margin" else -scores[index])[:5]
    assert [record["series"] for record in records] == [f"d{index}" for index in order]
    lines = source.read_text().splitlines()
    for rank, (record, index) in enumerate(zip(records, order, strict=True), 1):
        place = record["ranking"]
        assert place == {"rank": rank, "line": record["line"], "score": place["score"], "by": by}
        assert place["score"] == pytest.approx(scores[index], rel=1e-5)
        assert lines[place["line"] - 1].startswith(f"d{index},1,")


def test_both_formats_have_the_same_series(classifier, tmp_path):
    options = {"confidence": True, "nbest": 2}
    written = output(classifier, tmp_path / "dev.csv", "errors", 4, **options)
    rows = list(csv.DictReader(written.splitlines()))
    assert list(rows[0])[:6] == ["rank", "line", "score", "unique_id", "class", "confidence"]
    written = output(classifier, tmp_path / "dev.csv", "errors", 4, format="jsonl", **options)
    records = [json.loads(line) for line in written.splitlines()]
    for row, record in zip(rows, records, strict=True):
        place = record["ranking"]
        assert (row["rank"], row["line"]) == (str(place["rank"]), str(place["line"]))
        assert row["score"] == f"{place['score']:.6g}"
        assert (row["unique_id"], row["class"]) == (record["series"], ", ".join(record["classes"]))
        assert row["confidence"] == ", ".join(f"{value:.6g}" for value in record["confidence"])
        assert [[row["class_1"], float(row["probability_1"])], [row["class_2"], float(row["probability_2"])]] == record[
            "top"
        ]


@pytest.mark.parametrize("by", MEASURES)
def test_series_of_equal_numbers_keep_the_order_of_the_file(classifier, tmp_path, by):
    header, *rows = csv_of(4, lengths=(3,), name="m").splitlines()
    named = [row.replace("m0", f"m{number}") for number in (8, 2, 5, 1) for row in rows]
    (tmp_path / "new.csv").write_text("\n".join([header, *named]) + "\n")
    _, *lines = output(classifier, tmp_path / "new.csv", by, 3).splitlines()
    assert [line.split(",")[3] for line in lines] == ["m8", "m2", "m5"]


def test_faulty_file_has_no_output(classifier, tmp_path):
    (tmp_path / "new.csv").write_text(csv_of(4, lengths=(3, 2), name="m").replace("m1,2,", "m1,1,"))
    with pytest.raises(DataError, match=r"new\.csv:6: "):
        next(iter(ranked(classifier, Request(str(tmp_path / "new.csv")), Ranking(2, "margin"))))
