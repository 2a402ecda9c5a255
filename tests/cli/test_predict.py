"""`bilstm-nlp predict`: formats, streams, refusals, and output that can't be written."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from seqeval.metrics.sequence_labeling import get_entities

import bilstm_nlp
from tests.cli.columns import columns
from tests.samples import SERIES, command


@pytest.fixture
def run(tagger_run) -> Path:
    """A small trained tagger."""
    return tagger_run


TEXT = "Angela Merkel flew from Berlin to Paris.\n\nShares in Ford rose.\n"


def test_text_from_standard_input_keeps_its_lines(run, call):
    result = call("predict", run, "-", stdin=TEXT.encode())
    assert result.status == 0
    lines = result.out.split("\n")
    assert len(lines) == 4
    assert lines[1] == ""
    assert "Merkel" in lines[0]
    assert "Ford" in lines[2]


def test_four_formats_and_python_give_the_same_entities(run, call):
    records = [
        json.loads(line)
        for line in call("predict", run, "-", "--format", "jsonl", "--confidence", stdin=TEXT.encode()).out.splitlines()
    ]
    result = [(e["text"], e["type"], e["start"], e["end"]) for record in records for e in record["entities"]]
    assert result
    for record in records:
        for entity in record["entities"]:
            assert record["text"][entity["start"] : entity["end"]] == entity["text"]
            assert 0 <= entity["score"] <= 1
    rows = list(csv.DictReader(io.StringIO(call("predict", run, "-", "--format", "csv", stdin=TEXT.encode()).out)))
    assert [(r["text"], r["type"], int(r["start"]), int(r["end"])) for r in rows] == result
    sentences = columns(call("predict", run, "-", "--format", "conll", stdin=TEXT.encode()).out)
    tagged = [kind for rows in sentences for kind, _, _ in get_entities([row[-1] for row in rows])]
    assert tagged == [kind for _, kind, _, _ in result]
    tagger = bilstm_nlp.load(run)
    spans = [span for entities in tagger.tag(TEXT.splitlines()) for span in entities]
    assert [(span.text, span.type, span.start, span.end) for span in spans] == result
    scores = [e["score"] for record in records for e in record["entities"]]
    assert [span.score for span in spans] == pytest.approx(scores, abs=1e-6)


def test_the_best_sequences_come_with_falling_probabilities(run, call):
    result = call("predict", run, "-", "--format", "jsonl", "--nbest", "5", stdin=b"Ford rose in Paris .\n")
    (record,) = map(json.loads, result.out.splitlines())
    probabilities = [alternative["probability"] for alternative in record["alternatives"]]
    assert len(probabilities) == 5
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1 + 1e-6
    assert record["alternatives"][0]["tags"] == record["tags"]
    assert len({tuple(alternative["tags"]) for alternative in record["alternatives"]}) == 5
    refused = call("predict", run, "-", "--format", "conll", "--nbest", "2", stdin=b"x\n")
    assert refused.status == 2
    assert "expected --format text, jsonl or csv, found conll" in refused.err
    refused = call("predict", run, "-", "--confidence", "--format", "csv", "--nbest", "2", stdin=b"x\n")
    assert refused.status == 2
    assert "--confidence: expected --format jsonl beside --nbest, found csv" in refused.err
    ranked = call("predict", run, "-", "--format", "csv", "--nbest", "5", stdin=b"Ford rose in Paris .\n")
    rows = list(csv.DictReader(io.StringIO(ranked.out)))
    assert {float(row["probability"]) for row in rows} <= {round(probability, 6) for probability in probabilities}


def test_a_bad_line_is_named_after_the_output_before_it(run, call, tmp_path):
    lines = b"".join(b"Ford rose in Paris .\n" for _ in range(1500)) + b"caf\xe9\nnever reached\n"
    broken = call("predict", run, "-", stdin=lines)
    assert broken.status == 2
    assert len(broken.out.splitlines()) == 1500
    assert "standard input:1501: expected utf-8 text, found byte 0xe9 in caf\\xe9" in broken.err
    source, output = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes(lines)
    broken = call("predict", run, source, "--output", output)
    assert broken.status == 2
    assert not output.exists()
    assert len((tmp_path / "out.txt.partial").read_text().splitlines()) == 1500
    source.write_bytes(lines[: lines.index(b"caf")])
    assert call("predict", run, source, "--output", output).status == 0
    assert len(output.read_text().splitlines()) == 1500


@pytest.mark.slow
def test_a_reader_that_leaves_ends_the_output_quietly(run, tmp_path):
    source = tmp_path / "long.txt"
    source.write_text("Ford rose in Paris .\n" * 8_000)
    shell = f"{sys.executable} -m bilstm_nlp predict {run} {source} | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=os.environ, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_output_that_cannot_be_written_is_named(tagger_run, tmp_path, jobs, forked):
    (tmp_path / "x.txt").write_text("Ann left Bonn .\n" * 5_000)
    predict = command("predict", tagger_run, tmp_path / "x.txt", "--jobs", jobs)
    with open("/dev/full", "wb") as full:
        result = subprocess.run(predict, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert result.returncode == 1
    said = result.stderr.splitlines()
    assert said[-1] == "bilstm-nlp: standard output: could not be written: No space left on device"
    assert "Traceback" not in result.stderr
    output = tmp_path / "x.tagged"
    output.write_text("old")
    # A limit on the size of files is to a writer what a full disk is.
    ended = forked("predict", tagger_run, tmp_path / "x.txt", "--jobs", jobs, "--output", output, largest_file=10_000)
    assert ended.wait() == 1
    assert ended.err.splitlines()[-1] == f"bilstm-nlp: {output}: could not be written: File too large"
    assert "Traceback" not in ended.err
    assert output.read_text() == "old"


@pytest.mark.usefixtures("drawn")
def test_three_formats_and_python_give_the_same_forecast(forecaster_run, call, tmp_path):
    printed = call("predict", forecaster_run, SERIES, "--plot", tmp_path / "next.png")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    assert len(table) == 24 * 3
    assert (table["lower"] <= table["forecast"]).all()
    assert (table["forecast"] <= table["upper"]).all()
    assert table["ds"].min() == pd.Timestamp("2023-05-01 00:00")
    assert (tmp_path / "next.png").read_bytes().startswith(b"\x89PNG")
    from_json = pd.DataFrame(json.loads(call("predict", forecaster_run, SERIES, "--format", "json").out))
    assert from_json["forecast"].tolist() == pytest.approx(table["forecast"].tolist())
    assert pd.to_datetime(from_json["ds"]).tolist() == table["ds"].tolist()
    assert (
        call("predict", forecaster_run, SERIES, "--format", "parquet", "--output", tmp_path / "next.parquet").status
        == 0
    )
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "next.parquet"), table, check_dtype=False)
    frame = bilstm_nlp.load(forecaster_run).forecast(pd.read_csv(SERIES))
    assert frame["forecast"].tolist() == pytest.approx(table["forecast"].tolist())


@pytest.mark.parametrize("command_name", ["predict", "backtest"])
def test_levels_and_horizon_are_those_of_python(forecaster_run, call, command_name):
    options = ("--level", "0.95", "--level", "0.8", "--horizon", "30")
    source = (SERIES,) if command_name == "predict" else ("--data", SERIES, "--windows", "2")
    printed = call(command_name, forecaster_run, *source, *options)
    assert printed.status == 0
    forecaster, levels = bilstm_nlp.load_forecaster(forecaster_run), [0.8, 0.95]
    if command_name == "predict":
        frame = forecaster.forecast(SERIES, levels=levels, horizon=30)
    else:
        frame = forecaster.backtest(SERIES, windows=2, levels=levels, horizon=30)
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    pd.testing.assert_frame_equal(table, frame, check_dtype=False)
    assert list(table.columns)[-4:] == ["lower_80", "upper_80", "lower_95", "upper_95"]
    assert table["step"].max() == 30


@pytest.fixture(scope="module")
def second_run(forecaster_run, tmp_path_factory) -> Path:
    """The forecaster with other margins: a copy that is as good as another run."""
    return Path(shutil.copytree(forecaster_run, tmp_path_factory.mktemp("second") / "second"))


def test_several_runs_predict_and_backtest_together(forecaster_run, second_run, call):
    ensemble = bilstm_nlp.load_ensemble([forecaster_run, second_run], "median")
    printed = call("predict", forecaster_run, second_run, SERIES, "--combine", "median", "--level", "0.9")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    pd.testing.assert_frame_equal(table, ensemble.forecast(SERIES, levels=[0.9]), check_dtype=False)
    piped = call("predict", forecaster_run, second_run, "--combine", "median", stdin=Path(SERIES).read_bytes())
    assert pd.read_csv(io.StringIO(piped.out))["forecast"].tolist() == table["forecast"].tolist()
    printed = call("backtest", forecaster_run, second_run, "--data", SERIES, "--windows", "2")
    table = pd.read_csv(io.StringIO(printed.out), parse_dates=["origin", "ds"])
    pd.testing.assert_frame_equal(table, ensemble.backtest(SERIES, windows=2), check_dtype=False)


def test_several_runs_are_evaluated_together(forecaster_run, second_run, call):
    together = json.loads(call("evaluate", forecaster_run, second_run, "--json").out)
    alone = json.loads(call("evaluate", forecaster_run, "--json").out)
    assert together["mse"] == pytest.approx(alone["mse"], rel=1e-5)
    assert together["interval"]["coverage"] == pytest.approx(alone["interval"]["coverage"], abs=0.01)


@pytest.mark.slow
def test_wrong_ensembles_are_refused_by_the_command_line(run, forecaster_run, second_run, call):
    for arguments, message in [
        (["predict", forecaster_run, SERIES, "--combine", "mean"], "--combine: expected several runs, found only"),
        (["predict", forecaster_run, forecaster_run, SERIES], "expected different runs, found the same twice"),
        (["predict", forecaster_run, "nowhere", SERIES], "nowhere: expected a run directory, found nothing there"),
        (
            ["predict", forecaster_run, second_run, SERIES, "--jobs", "2"],
            "--jobs: expected a tagger",
        ),
        (["evaluate", forecaster_run, second_run, "--errors", "x.html"], "--errors: not for a forecaster"),
    ]:
        refused = call(*arguments)
        assert refused.status == 2
        assert message in refused.err


def test_options_of_a_forecaster_are_refused_for_a_tagger(run, call):
    for option in (("--level", "0.8"), ("--horizon", "3")):
        refused = call("predict", run, "-", *option, stdin=b"x\n")
        assert refused.status == 2
        assert f"{option[0]}: not for a tagger" in refused.err


def test_options_of_a_tagger_are_refused_for_a_forecaster(forecaster_run, call, tmp_path):
    for option in (["--confidence"], ["--nbest", "3"], ["--input", "conll"], ["--attention"]):
        refused = call("predict", forecaster_run, SERIES, *option)
        assert refused.status == 2
        assert f"{option[0]}: not for a forecaster" in refused.err
    refused = call("predict", forecaster_run, SERIES, "--format", "conll")
    assert refused.status == 2
    assert "--format: expected csv, json, parquet for a forecaster, found conll" in refused.err
    refused = call("evaluate", forecaster_run, "--errors", tmp_path / "errors.html")
    assert (refused.status, refused.err) == (2, "bilstm-nlp: --errors: not for a forecaster\n")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_series_is_named_and_leaves_no_output(forecaster_run, call, tmp_path):
    lines = SERIES.read_text().splitlines()
    lines[1500] = lines[1500].rpartition(",")[0] + ",warm"
    (tmp_path / "bad.csv").write_text("\n".join(lines))
    broken = call("predict", forecaster_run, tmp_path / "bad.csv", "--output", tmp_path / "next.csv")
    assert broken.status == 2
    assert "bad.csv:1501: expected a number in column 'temperature', found 'warm'" in broken.err
    assert "Traceback" not in broken.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.csv"]
    checked = call("check", tmp_path / "bad.csv")
    assert checked.status == 2
    assert "bad.csv:1501: expected a number in column 'temperature', found 'warm'" in checked.out
