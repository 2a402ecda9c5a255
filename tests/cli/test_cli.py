"""The command line as a person meets it: train, stop, resume, evaluate, predict, on the sample corpus."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.runs import train
from bilstm_nlp.tags import convert
from tests.samples import SMALL, TAGGER, command


@pytest.fixture
def run(tagger_run) -> Path:
    """A small trained run."""
    return tagger_run


def columns(text: str) -> list[list[list[str]]]:
    """Column file → sentences of rows, document lines left out."""
    sentences = [[line.split(" ") for line in block.split("\n")] for block in re.split(r"\n{2,}", text.strip("\n"))]
    return [rows for rows in sentences if not rows[0][0].startswith("-DOCSTART-")]


# --- training ---


def test_a_run_directory_has_all_that_is_promised(run):
    names = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert names == {
        "run.json",
        "config.json",
        "codec.json",
        "codec.safetensors",
        "model.safetensors",
        "history.jsonl",
        "metrics.json",
        "losses.safetensors",
        "replay.json",
        "checksums.json",
        "report.md",
        "plots/curves.png",
        "plots/confusion.png",
        "plots/transitions.png",
    }
    assert len((run / "history.jsonl").read_text().splitlines()) == 4
    report = (run / "report.md").read_text()
    for picture in ("curves", "confusion", "transitions"):
        assert f"(plots/{picture}.png)" in report
        assert (run / "plots" / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_killed_in_mid_training_goes_on_to_the_same_weights(run, tmp_path):
    path = tmp_path / "killed"
    with subprocess.Popen(command("train", TAGGER, *SMALL, "--out", path), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (path / "history.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)  # into the next epoch
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    finished = len((path / "history.jsonl").read_text().splitlines())
    assert 1 <= finished < 4
    done = subprocess.run(
        command("train", TAGGER, *SMALL, "--out", path, "--resume"), capture_output=True, text=True, check=True
    )
    assert f"epoch {finished + 1}/4" in done.stderr
    assert f"epoch {finished}/4" not in done.stderr
    assert (path / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert load_file(path / "model.safetensors").keys() == load_file(run / "model.safetensors").keys()
    results, uninterrupted = (json.loads((p / "metrics.json").read_text()) for p in (path, run))
    assert results["dev"] == uninterrupted["dev"]
    assert results["test"] == uninterrupted["test"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_a_signal_saves_the_batch_under_way_and_says_how_to_go_on(run, tmp_path, interruptible, number, status):
    path = tmp_path / "stopped"
    with subprocess.Popen(
        command("train", TAGGER, *SMALL, "--out", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 120
        while not (path / "history.jsonl").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)  # into the next epoch
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == status
    last = said.strip().splitlines()[-1]
    assert last.startswith("stopped; finished batches are kept. To go on: bilstm-nlp train ")
    assert last.endswith(f"--out {path} --resume")
    subprocess.run(
        [*command(), *shlex.split(last.partition("To go on: bilstm-nlp ")[2])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (path / "model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    results, uninterrupted = (json.loads((p / "metrics.json").read_text()) for p in (path, run))
    assert results["dev"] == uninterrupted["dev"]


def test_a_signal_before_the_first_batch_ends_at_once(tmp_path, interruptible):
    slow = tmp_path / "slow.conll"
    os.mkfifo(slow)  # reading it waits for ever
    with (
        subprocess.Popen(
            command("train", TAGGER, *SMALL, "--set", f"data.train={slow}", "--out", tmp_path / "run"),
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        slow.open("w"),
    ):  # opens when the other side does
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.startswith("stopped; finished epochs are kept. To go on: bilstm-nlp train ")
    assert not (tmp_path / "run").exists()


def test_a_finished_run_is_not_replaced_without_force_and_not_by_bad_data(run, call):
    before = (run / "model.safetensors").read_bytes()
    again = call("train", TAGGER, *SMALL, "--out", run)
    assert again.status == 2
    assert f"{run}: a finished run is there; --force replaces it" in again.err
    resumed = call("train", TAGGER, *SMALL, "--out", run, "--resume")
    assert resumed.status == 2
    assert "the run is finished, there is nothing to resume" in resumed.err
    forced = call("train", TAGGER, "--set", "data.train=nowhere.conll", "--out", run, "--force")
    assert forced.status == 2
    assert "nowhere.conll: expected a file, found nothing there" in forced.err
    assert (run / "model.safetensors").read_bytes() == before


def test_a_run_does_not_go_on_with_another_config(tmp_path, call):
    path = tmp_path / "run"
    epochs = train.train(load(Path(TAGGER), SMALL[1::2]), path)
    next(epochs)
    epochs.close()
    other = call("train", TAGGER, *SMALL, "--set", "encoder.layers=2", "--out", path, "--resume")
    assert other.status == 2
    assert "can't go on with another config. encoder.layers: started with 1, found 2" in other.err


def test_every_problem_of_a_config_is_said_at_once(call):
    bad = call("train", TAGGER, "--set", "encoder.hiden=3", "--set", "encoder.cell=rnn")
    assert bad.status == 2
    assert "encoder.hiden: unknown key; did you mean encoder.hidden?" in bad.err
    assert "encoder.cell: expected 'lstm' or 'gru', found 'rnn'" in bad.err
    assert "Traceback" not in bad.err


def test_a_training_that_diverges_is_one_line(tmp_path, call):
    wild = "training.optimizer={kind='sgd', learning_rate=1e38}"
    broken = call("train", TAGGER, *SMALL, "--set", wild, "--set", "training.clip=1e38", "--out", tmp_path / "run")
    assert broken.status == 1
    assert "bilstm-nlp: the training loss became" in broken.err
    assert "Traceback" not in broken.err


# --- scores ---


def test_evaluate_says_in_json_what_the_run_directory_says(run, call):
    found = call("evaluate", run, "--json")
    assert found.status == 0
    results = json.loads(found.out)
    assert {"f1", "precision", "recall", "f1_strict", "per_type", "sentences", "tokens"} <= results.keys()
    assert results == json.loads((run / "metrics.json").read_text())["test"]
    dev = json.loads(call("evaluate", run, "--data", "sample:news.dev.conll", "--json").out)
    assert dev == json.loads((run / "metrics.json").read_text())["dev"] | {"calibration": dev["calibration"]}


def test_predictions_in_columns_score_what_evaluate_says(run, call):
    results = json.loads(call("evaluate", run, "--data", "sample:news.dev.conll", "--json").out)
    predicted = call("predict", run, "sample:news.dev.conll", "--format", "conll")
    sentences = columns(predicted.out)
    assert len(sentences) == results["sentences"]
    gold, found = ([[row[column] for row in rows] for rows in sentences] for column in (1, 2))
    assert f1_score(gold, found) == pytest.approx(results["f1"], abs=1e-12)
    assert 0 < results["f1"] < 1
    assert predicted.out.count("-DOCSTART-") == 14


def test_a_corpus_in_another_scheme_scores_the_same(run, call, tmp_path, caplog):
    sample = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.dev.conll"
    other = []
    for rows in columns(sample.read_text()):
        tags = convert([tag for _, tag in rows], "IOB2", "BILOU")
        other += [*(f"{token} {tag}" for (token, _), tag in zip(rows, tags, strict=True)), ""]
    (tmp_path / "dev.bilou").write_text("\n".join(other))
    found = call("evaluate", run, "--data", tmp_path / "dev.bilou", "--json")
    assert "its tags are in BILOU, the training corpus's in IOB2; converted" in caplog.text
    assert json.loads(found.out)["f1"] == json.loads((run / "metrics.json").read_text())["dev"]["f1"]


def test_evaluate_lists_every_wrong_entity_on_a_page(run, call, tmp_path):
    path = tmp_path / "errors.html"
    shown = call("evaluate", run, "--errors", path)
    assert (shown.status, shown.out) == (0, call("evaluate", run).out)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    found = call("evaluate", run, "--json", "--errors", path)
    assert found.status == 0
    assert path.read_text(encoding="utf-8") == text
    per_type = json.loads(found.out)["per_type"]
    rows = re.findall(r"<tr data-kind=.*?</tr>", text, re.DOTALL)
    sides = [re.findall(r'<td class="side">(?:<b>(\w+)</b>)?', row) for row in rows]
    assert len(rows) > 20
    for kind, counts in per_type.items():
        right = counts["true_positives"]
        assert [gold for gold, _ in sides].count(kind) == counts["support"] - right
        assert [predicted for _, predicted in sides].count(kind) == counts["predicted"] - right
    sure = [float(re.sub(r"&\w+;", "", value)) for value in re.findall(r'</th><td class="number">([^<]*)', text)]
    assert len(sure) == len(rows)
    assert sure == sorted(sure, reverse=True)
    lines = (Path(bilstm_nlp.__file__).parent / "data" / "samples" / "news.test.conll").read_text().splitlines()
    for row in rows:
        line = lines[int(re.findall(r'<td class="number">(\d+)</td>', row)[-1]) - 1]
        assert f">{html.escape(line.split(' ')[0])}" in row
    for refused in (tmp_path, tmp_path / "none" / "errors.html"):
        failed = call("evaluate", run, "--errors", refused)
        assert (failed.status, failed.out) == (2, "")
        assert f"bilstm-nlp: {refused}: expected a file" in failed.err


def test_info_shows_a_run(run, call):
    summary = json.loads(call("info", run, "--json").out)
    assert (summary["finished"], summary["epochs"], summary["config"]["encoder"]["hidden"]) == (True, 4, 24)
    shown = call("info", run)
    assert shown.status == 0
    assert f"{summary['results']['dev']['f1']:.4f}" in shown.out
    assert call("info", run.parent / "none").status == 2


# --- predictions ---

TEXT = "Angela Merkel flew from Berlin to Paris.\n\nShares in Ford rose.\n"


def test_text_from_standard_input_keeps_its_lines(run, call):
    found = call("predict", run, "-", stdin=TEXT.encode())
    assert found.status == 0
    lines = found.out.split("\n")
    assert len(lines) == 4
    assert lines[1] == ""
    assert "Merkel" in lines[0]
    assert "Ford" in lines[2]


def test_the_four_formats_tell_the_same_entities(run, call):
    records = [
        json.loads(line)
        for line in call("predict", run, "-", "--format", "jsonl", "--confidence", stdin=TEXT.encode()).out.splitlines()
    ]
    found = [(e["text"], e["type"], e["start"], e["end"]) for record in records for e in record["entities"]]
    assert found
    for record in records:
        for entity in record["entities"]:
            assert record["text"][entity["start"] : entity["end"]] == entity["text"]
            assert 0 <= entity["score"] <= 1
    rows = list(csv.DictReader(io.StringIO(call("predict", run, "-", "--format", "csv", stdin=TEXT.encode()).out)))
    assert [(r["text"], r["type"], int(r["start"]), int(r["end"])) for r in rows] == found
    sentences = columns(call("predict", run, "-", "--format", "conll", stdin=TEXT.encode()).out)
    tagged = [kind for rows in sentences for kind, _, _ in get_entities([row[-1] for row in rows])]
    assert tagged == [kind for _, kind, _, _ in found]
    tagger = bilstm_nlp.load(run)
    spans = [span for entities in tagger.tag(TEXT.splitlines()) for span in entities]
    assert [(span.text, span.type, span.start, span.end) for span in spans] == found
    scores = [e["score"] for record in records for e in record["entities"]]
    assert [span.score for span in spans] == pytest.approx(scores, abs=1e-6)


def test_the_best_sequences_come_with_falling_probabilities(run, call):
    found = call("predict", run, "-", "--format", "jsonl", "--nbest", "5", stdin=b"Ford rose in Paris .\n")
    (record,) = map(json.loads, found.out.splitlines())
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


def test_a_bad_line_is_named_and_what_came_before_it_is_written(run, call, tmp_path):
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


def test_a_reader_that_leaves_ends_the_output_quietly(run, tmp_path):
    source = tmp_path / "long.txt"
    source.write_text("Ford rose in Paris .\n" * 20_000)
    shell = f"{sys.executable} -m bilstm_nlp predict {run} {source} | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=os.environ, check=True)
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_directory_that_is_no_run_is_named(tmp_path, call):
    for arguments in (["predict", tmp_path, "-"], ["evaluate", tmp_path], ["info", tmp_path]):
        found = call(*arguments)
        assert found.status == 2
        assert "expected a run directory, found a directory without run.json" in found.err
