"""`--set data.…` and `--encoding` of `predict` and `evaluate`: files that are read in another way than at training."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.tasks.request import Request
from tests.cli.columns import columns
from tests.samples import SERIES, sets

DEV = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.dev.conll"
OTHER = ["data.token_column=2", "data.tag_column=0", "data.comment='% '"]


@pytest.fixture(scope="module")
def other(tmp_path_factory) -> Path:
    """The development corpus in GB 18030, with its tags first, its tokens last, and comments."""
    path = tmp_path_factory.mktemp("other") / "dev.conll"
    rows = [[f"{tag} _ {token}" for token, tag in sentence] for sentence in columns(DEV.read_text("utf-8"))]
    path.write_text("\n\n".join("\n".join(["% café", *of_sentence]) for of_sentence in rows), encoding="gb18030")
    return path


def test_evaluate_reads_other_columns_comments_and_encoding(tagger_run, call, other):
    result = call("evaluate", tagger_run, "--data", other, *sets(OTHER), "--encoding", "gb18030", "--json")
    assert result.status == 0, result.err
    expected = json.loads((tagger_run / "metrics.json").read_text())["dev"]
    scores = json.loads(result.out)
    assert (scores["f1"], scores["tokens"]) == (expected["f1"], expected["tokens"])


@pytest.mark.parametrize("jobs", [pytest.param("2", marks=pytest.mark.slow), "1"])
def test_predict_reads_other_columns_comments_and_encoding(tagger_run, call, other, jobs):
    options = ["--format", "conll", "--jobs", jobs]
    plain = call("predict", tagger_run, DEV, *options)
    expected = [[row[-1] for row in rows] for rows in columns(plain.out)]
    result = call("predict", tagger_run, other, *sets([*OTHER, "data.encoding=gb18030"]), *options)
    assert result.status == 0, result.err
    assert [[row[-1] for row in rows if row[0] != "%"] for rows in columns(result.out)] == expected


def test_settings_reach_an_ensemble_but_not_its_calibration(tagger_run, call, other, tmp_path):
    (tmp_path / "copy").mkdir()
    for path in tagger_run.iterdir():
        (tmp_path / "copy" / path.name).symlink_to(path)
    runs = [tagger_run, tmp_path / "copy"]
    settings = [*sets(OTHER), "--encoding", "gb18030"]
    result = call("evaluate", *runs, "--data", other, *settings, "--json")
    assert result.status == 0, result.err
    plain = json.loads(call("evaluate", *runs, "--data", DEV, "--json").out)
    assert json.loads(result.out) == plain | {
        "source": str(other),
        "disagreements": json.loads(result.out)["disagreements"],
    }
    assert "not calibrated" not in result.err


def test_evaluate_repairs_tags_only_if_asked(tagger_run, call, tmp_path, caplog):
    (tmp_path / "x.conll").write_text("in O\nParis I-LOC\n\nBerlin B-LOC\n")
    refused = call("evaluate", tagger_run, "--data", tmp_path / "x.conll")
    assert refused.status == 2
    assert "x.conll:2: expected tags that keep to IOB2" in refused.err
    options = ["--set", "data.on_invalid_tags=repair", "--set", "data.file_scheme=IOB2"]
    result = call("evaluate", tagger_run, "--data", tmp_path / "x.conll", *options, "--json")
    assert json.loads(result.out)["per_type"]["LOC"]["support"] == 2
    assert "1 tags repaired (line 2: I-LOC → B-LOC)" in caplog.text


def test_a_scheme_set_after_training_is_that_of_the_file(tagger_run, call, tmp_path):
    (tmp_path / "x.conll").write_text("in O\nNew I-LOC\nYork I-LOC\nParis B-LOC\n")
    result = call("evaluate", tagger_run, "--data", tmp_path / "x.conll", "--set", "data.file_scheme=IOB1", "--json")
    assert json.loads(result.out)["per_type"]["LOC"]["support"] == 2


def test_text_and_standard_input_are_utf8_unless_said_otherwise(tagger_run):
    tagger = bilstm_nlp.load_tagger(tagger_run)
    tagger.format = replace(tagger.format, encoding="latin-1")

    def encoding(source: str, **options) -> str:
        return tagger.reading(Request(source, **options)).format.encoding

    assert encoding("x.txt") == encoding("-") == encoding("-", reads="conll") == encoding("x", reads="text") == "utf-8"
    assert encoding("x.conll") == encoding("x.jsonl") == "latin-1"
    assert encoding("-", settings=("data.encoding=latin-1",)) == "latin-1"


@pytest.mark.parametrize(("name", "kind"), [("x.txt", "text"), ("x.conll", "conll")])
def test_a_guessed_input_format_is_logged(tagger_run, tmp_path, name, kind, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / name).write_text("a O\nb O\n" if kind == "conll" else "a b\n")
    tagger = bilstm_nlp.load_tagger(tagger_run)
    for reads in ("auto", kind):
        assert tagger.reading(Request(str(tmp_path / name), reads=reads)).reads == kind
    assert caplog.messages == [f"reading {tmp_path / name} as {kind} (--input says otherwise)"]


def test_text_is_read_in_the_encoding_that_is_named(tagger_run, call):
    text = "Ford stieg in Zürich .\n"
    result = call(
        "predict", tagger_run, "-", "--encoding", "latin-1", "--format", "jsonl", stdin=text.encode("latin-1")
    )
    assert json.loads(result.out)["text"] == text.strip()
    refused = call("predict", tagger_run, "-", stdin=text.encode("latin-1"))
    assert refused.status == 2
    assert "expected utf-8 text, found byte 0xfc" in refused.err
    assert "--encoding" in refused.err


def test_a_forecaster_has_no_such_settings(forecaster_run, call):
    for options in (["--encoding", "latin-1"], ["--set", "data.decimal=','"]):
        for arguments in (["predict", forecaster_run, SERIES], ["evaluate", forecaster_run]):
            refused = call(*arguments, *options)
            assert refused.status == 2
            assert "expected a run of a tagger, classifier or labeller, found one of forecasting" in refused.err


def test_a_stream_that_looks_like_columns_is_said(tagger_run, call, caplog):
    result = call("predict", tagger_run, "-", stdin=b"EU B-ORG\nrejects O\n\nBerlin B-LOC\n")
    assert result.out.count("\n") == 4
    said = "its lines look like columns, but are read as text, a sentence each; --input conll reads columns"
    assert f"standard input: {said}" in caplog.messages
    caplog.clear()
    call("predict", tagger_run, "-", "--input", "text", stdin=b"EU B-ORG\nrejects O\n")
    call("predict", tagger_run, "-", stdin=b"EU rejects\nGerman call\n")
    assert said not in caplog.text


def test_tokens_of_cut_text_are_left_as_they_are(tagger_run, call):
    result = call(
        "predict", tagger_run, "-", "--input", "tokens", "--format", "jsonl", stdin=b"Mr.Smith  can't .\n\nEU\n"
    )
    records = [json.loads(line) for line in result.out.splitlines()]
    assert [record["tokens"] for record in records] == [["Mr.Smith", "can't", "."], [], ["EU"]]
    assert records[0]["text"] == "Mr.Smith  can't ."


@pytest.mark.parametrize("jobs", [pytest.param("2", marks=pytest.mark.slow), "1"])
def test_other_keys_of_records_come_out_again(tagger_run, call, tmp_path, jobs):
    records = [
        {"id": "a-1", "text": "Ford rose\nin Paris .", "entities": [{"start": 0, "end": 4, "label": "OLD"}]},
        {"id": None, "text": "", "meta": {"page": 3}, "label": [[0, 0, "X"]]},
        {"tokens": ["EU", "rejects"], "tags": ["O", "O"], "document": "d", "score": 0.5},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, records)))
    result = call("predict", tagger_run, tmp_path / "x.jsonl", "--format", "jsonl", "--jobs", jobs)
    assert result.status == 0, result.err
    written = [json.loads(line) for line in result.out.splitlines()]
    assert [record.get("text") for record in written] == ["Ford rose\nin Paris .", "", "EU rejects"]
    others = [
        {key: value for key, value in record.items() if key not in ("text", "tokens", "tags", "entities")}
        for record in written
    ]
    assert others == [
        {"id": "a-1"},
        {"id": None, "meta": {"page": 3}, "label": [[0, 0, "X"]]},
        {"document": "d", "score": 0.5},
    ]
    assert all(entity["type"] != "OLD" for record in written for entity in record["entities"])


@pytest.mark.parametrize("jobs", [pytest.param("2", marks=pytest.mark.slow), "1"])
def test_columns_unlike_those_of_training_are_said(tagger_run, call, tmp_path, jobs, caplog):
    rows = [[f"x{index % 9} {token}" for index, (token, _) in enumerate(of)] for of in columns(DEV.read_text("utf-8"))]
    (tmp_path / "x.conll").write_text("\n\n".join("\n".join(of) for of in rows), encoding="utf-8")
    call("predict", tagger_run, tmp_path / "x.conll", "--jobs", jobs)
    said = f"{tmp_path / 'x.conll'}: line 1: the columns look unlike those of the training files"
    assert [said in message for message in caplog.messages].count(True) == 1
    caplog.clear()
    call("predict", tagger_run, tmp_path / "x.conll", "--set", "data.token_column=1", "--jobs", jobs)
    assert "look unlike" not in caplog.text


def test_tags_in_place_of_tokens_are_said_with_another_column(tagger_run, call, tmp_path, caplog):
    rows = [[f"{tag} {token}" for token, tag in of_sentence] for of_sentence in columns(DEV.read_text("utf-8"))]
    (tmp_path / "x.conll").write_text("\n\n".join("\n".join(of_sentence) for of_sentence in rows), encoding="utf-8")
    call("predict", tagger_run, tmp_path / "x.conll")
    assert "expected tokens in column 0, found tags; data.token_column = 1 names another column" in caplog.text


@pytest.mark.parametrize("jobs", [pytest.param("2", marks=pytest.mark.slow), "1"])
def test_another_number_of_columns_than_at_training_is_said(tagger_run, call, tmp_path, jobs, caplog):
    path = tmp_path / "x.conll"
    path.write_text("# ours\n\nEU NNP O\nrejects VBZ O\n\nin IN O\nParis NNP O\n")
    said = (
        f"{path}: line 3: 3 columns, where the training files have 2; column 0 is read as the tokens, and "
        "data.token_column names another"
    )
    options = ["--set", "data.comment='#'"]
    assert call("predict", tagger_run, path, *options, "--jobs", jobs).status == 0
    assert caplog.messages.count(said) == 1
    caplog.clear()
    call("predict", tagger_run, path, *options, "--set", "data.token_column=0", "--jobs", jobs)
    assert "where the training files have" not in caplog.text
    assert call("evaluate", tagger_run, "--data", path, *options).status == 0
    assert caplog.messages.count(said) == 1


def test_columns_without_tags_or_as_at_training_are_not_said(tagger_run, call, tmp_path, caplog):
    (tmp_path / "tokens.conll").write_text("EU\nrejects\n\nParis\n")
    for path in (tmp_path / "tokens.conll", DEV):
        call("predict", tagger_run, path, "--input", "conll")
    call("evaluate", tagger_run, "--data", DEV)
    assert "where the training files have" not in caplog.text


@pytest.mark.parametrize("jobs", [pytest.param("2", marks=pytest.mark.slow), "1"])
def test_columns_of_csv_come_out_again_with_the_predictions(tagger_run, call, tmp_path, jobs):
    path = tmp_path / "x.csv"
    path.write_text('Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,O\n,"left, then",VBD,O\nSentence: 2,Ford,NNP,O\n')
    result = call("predict", tagger_run, path, "--format", "conll", "--jobs", jobs)
    assert result.status == 0, result.err
    header, *rows = [line.split("\t") for line in result.out.splitlines() if line]
    assert header == ["Sentence #", "Word", "POS", "Tag", "predicted"]
    assert [row[:4] for row in rows] == [
        ["Sentence: 1", "Ann", "NNP", "O"],
        ["", "left, then", "VBD", "O"],
        ["Sentence: 2", "Ford", "NNP", "O"],
    ]
    assert all(len(row) == 5 for row in rows)
    ranked = call("rank", tagger_run, path, "--format", "conll")
    assert sorted(line for line in ranked.out.splitlines() if line) == sorted("\t".join(row) for row in rows)
