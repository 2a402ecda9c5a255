"""`bilstm-nlp rank` of classifiers of series and of labellers, one run and several as one, beside `predict`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.runs.train import train_epochs
from tests.tasks.classification.series import series_config_of
from tests.tasks.labelling.machines import machine_config


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory) -> list[Path]:
    """Two trained classifiers of series. Tests must not change them."""
    folder = tmp_path_factory.mktemp("classifiers")
    for seed in (1, 2):
        config = parse(series_config_of(folder, seed=seed), "a test")
        list(train_epochs(config, folder / f"run{seed}"))
    return [folder / "run1", folder / "run2"]


@pytest.fixture(scope="module")
def labellers(tmp_path_factory) -> list[Path]:
    """Two trained labellers. Tests must not change them."""
    folder = tmp_path_factory.mktemp("labellers")
    for seed, head in ((1, "crf"), (2, "softmax")):
        config = machine_config(folder, head={"kind": head}, training={"epochs": 2})
        list(train_epochs(config.model_copy(update={"seed": seed}), folder / f"run{seed}"))
    return [folder / "run1", folder / "run2"]


def out(call, *arguments: object, stdin: bytes = b"") -> str:
    result = call(*arguments, stdin=stdin)
    assert (result.status, result.err) == (0, "")
    return result.out


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize(("by", "sign"), [("least-certain", -1), ("margin", 1), ("errors", -1)])
def test_series_to_classify_have_the_scores_of_their_probabilities(classifiers, call, runs, by, sign):
    chosen, source = classifiers[:runs], classifiers[0].parent / "dev.csv"
    rows = table(out(call, "rank", *chosen, source, "--by", by, "--top", "5", "--confidence"))
    answers = table(out(call, "predict", *chosen, source, "--confidence", "--nbest", "2"))
    first, second = ([float(row[f"probability_{number}"]) for row in answers] for number in (1, 2))
    scores = [one - two if by == "margin" else 1 - one for one, two in zip(first, second, strict=True)]
    assert [row["rank"] for row in rows] == ["1", "2", "3", "4", "5"]
    expected = sorted(scores, key=lambda score: sign * score)[:5]
    assert [float(row["score"]) for row in rows] == pytest.approx(expected, abs=2e-6)
    by_name = {row["unique_id"]: (row["class"], row["confidence"]) for row in answers}
    assert [(row["class"], row["confidence"]) for row in rows] == [by_name[row["unique_id"]] for row in rows]


@pytest.mark.parametrize("runs", [1, 2])
def test_series_to_label_come_step_by_step_in_their_order(labellers, call, runs):
    chosen, source = labellers[:runs], labellers[0].parent / "train.csv"
    rows = table(out(call, "rank", *chosen, source, "--by", "errors", "--top", "4", "--confidence"))
    steps: dict[str, list[tuple[str, ...]]] = {}
    for row in table(out(call, "predict", *chosen, source, "--confidence")):
        steps.setdefault(row["recording"], []).append((row["step"], row["state"], row["confidence"]))
    wrong = {name: sum(1 - float(confidence) for *_, confidence in own) for name, own in steps.items()}
    order = list(dict.fromkeys((int(row["rank"]), row["recording"], row["line"]) for row in rows))
    assert [rank for rank, _, _ in order] == [1, 2, 3, 4]
    assert [name for _, name, _ in order] == sorted(wrong, key=wrong.__getitem__, reverse=True)[:4]
    lines = source.read_text().splitlines()
    for _, name, line in order:
        own = [row for row in rows if row["recording"] == name]
        assert [(row["step"], row["state"], row["confidence"]) for row in own] == steps[name]
        assert len({row["score"] for row in own}) == 1
        assert float(own[0]["score"]) == pytest.approx(wrong[name], abs=1e-4 * len(own))
        assert lines[int(line) - 1].startswith(f"{name},1,")


def test_json_has_the_objects_of_predict_with_their_ranking(labellers, classifiers, call):
    for runs in (labellers, classifiers):
        source = runs[0].parent / "dev.csv"
        lines = out(call, "predict", runs[0], source, "--format", "jsonl").splitlines()
        predicted = [json.loads(line) for line in lines]
        lines = out(call, "rank", runs[0], source, "--format", "jsonl", "--by", "margin").splitlines()
        records = [json.loads(line) for line in lines]
        places = [record.pop("ranking") for record in records]
        assert [(place["rank"], place["by"]) for place in places] == [(n, "margin") for n in range(1, len(places) + 1)]
        scores = [place["score"] for place in places]
        assert scores == sorted(scores)
        assert [place["line"] for place in places] == [record["line"] for record in records]
        assert sorted(records, key=lambda record: record["line"]) == predicted


def test_standard_input_and_other_columns_are_read(labellers, classifiers, call, tmp_path):
    for runs, name in ((labellers, "recording"), (classifiers, "unique_id")):
        source = runs[0].parent / "dev.csv"
        expected = out(call, "rank", runs[0], source, "--top", "2", "--output", tmp_path / "ranked.csv")
        assert expected == ""
        expected = (tmp_path / "ranked.csv").read_text()
        assert out(call, "rank", runs[0], "--top", "2", stdin=source.read_bytes()) == expected
        other = tmp_path / "other.csv"
        other.write_bytes(source.read_text().replace(name, "größe").encode("latin-1"))
        settings = ["--set", "data.id_column=größe", "--encoding", "latin-1"]
        assert out(call, "rank", runs[0], other, "--top", "2", *settings) == expected.replace(name, "größe")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--input", "text"), "--input: not for a {}"),
        (("--split",), "--split: not for a {}"),
        (("--format", "html"), "--format: expected csv, jsonl for a {}, found html"),
        (("--format", "brat"), "--format: expected csv, jsonl for a {}, found brat"),
    ],
)
def test_option_of_other_models_is_refused(labellers, classifiers, call, option, message):
    for runs, model in ((labellers, "labeller of series"), (classifiers, "classifier of series")):
        result = call("rank", runs[0], runs[0].parent / "dev.csv", *option)
        assert (result.status, result.out) == (2, "")
        assert result.err == f"bilstm-nlp: {message.format(model)}\n"


def test_faulty_file_has_one_line(labellers, classifiers, call, tmp_path):
    for runs in (labellers, classifiers):
        text = (runs[0].parent / "dev.csv").read_text().replace("d1,3,", "d1,2,")
        (tmp_path / "faulty.csv").write_text(text)
        result = call("rank", runs[0], tmp_path / "faulty.csv")
        assert (result.status, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert f"faulty.csv:{text[: text.rindex('d1,2,')].count(chr(10)) + 1}: " in result.err
