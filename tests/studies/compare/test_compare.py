"""`bilstm-nlp compare` as a person meets it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.cli import progress
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.studies.engines.base import Progress
from bilstm_nlp.studies.engines.jobs import jobs_of
from tests.studies.grids import VARIANTS, WILD, read, write_base, write_grid
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a grid and, in `out`, its finished comparison, one run of which has failed."""
    folder = tmp_path_factory.mktemp("comparison")
    write_base(folder)
    grid = write_grid(folder, variants=VARIANTS | {"wild": WILD}, seeds=[1])
    answer = bilstm_nlp.compare(grid, folder / "out")
    assert [run.status for run in answer.runs] == ["finished", "finished", "failed"]
    return folder


def test_the_three_reports_agree(finished):
    values = json.loads((finished / "out" / "report.json").read_text())
    assert sorted(path.name for path in (finished / "out").iterdir()) == [
        "logs",
        "report.html",
        "report.json",
        "report.md",
        "runs",
    ]
    assert {variant["name"]: (variant["runs"], variant["failed"]) for variant in values["variants"]} == {
        "crf": (1, 0),
        "gru": (1, 0),
        "wild": (0, 1),
    }
    assert values["command"] == f"bilstm-nlp compare {finished}/grid.toml --out {finished}/out"
    assert values["environment"]["threads"] == 1
    assert values["environment"]["versions"]["torch"]
    for run in values["runs"]:
        folder = finished / "out" / run["folder"]
        if run["status"] == "finished":
            metrics = json.loads((folder / "metrics.json").read_text())
            assert run["score"] == pytest.approx(metrics["dev"]["f1"])
            assert run["seconds"] == metrics["training"]["seconds"]
        else:
            assert "the training loss became" in run["error"]
    text = (finished / "out" / "report.md").read_text()
    assert all(sentence in text for sentence in values["words"])
    assert "the training loss became" in text
    assert (finished / "out" / "report.html").read_text().lstrip().startswith("<!")


def test_a_call_with_nothing_to_do_changes_nothing(finished, call, tmp_path):
    out = shutil.copytree(finished / "out", tmp_path / "out")
    grid = write_grid(finished, "good.toml", variants=VARIANTS, seeds=[1])
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*")}
    done = call("compare", grid, "--out", out)
    assert done.status == 0
    assert "all 2 runs are there, nothing is left to do" in done.err
    assert f"reports: {out}/report.html" in done.err
    assert "crf, the baseline, has" in done.out
    assert {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*")} == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"lag": "x"}, "trial.json: expected what a comparison asks of a run, found: .* in lag: 'x'"),
        ({"lag": 3}, "expected a run measured on the same sentences as .*, found one measured on others"),
        (
            {"sentences": [{"tokens": ["Rome"], "gold": [], "found": []}]},
            "expected a run measured on the same sentences as .*, found one measured on others",
        ),
    ],
)
def test_a_trial_on_other_units_is_refused(finished, call, tmp_path, change, problem):
    out = shutil.copytree(finished / "out", tmp_path / "out")
    grid = write_grid(finished, "good.toml", variants=VARIANTS, seeds=[1])
    run = RunDirectory.open(next((out / "runs").glob("gru-*")))
    run.write_json("trial.json", run.read_json("trial.json") | change)
    done = call("compare", grid, "--out", out)
    assert done.status == 2
    assert re.fullmatch(rf"bilstm-nlp: {run.path}.* ?{problem}", done.err.splitlines()[-1])
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_the_command_that_repeats_has_all_overrides(tmp_path, call):
    write_base(tmp_path)
    grid = write_grid(tmp_path, variants={"crf": {}}, seeds=[1])
    done = call("compare", grid, "--set", "training.epochs=1", "--out", tmp_path / "out")
    assert done.status == 0
    values = json.loads((tmp_path / "out" / "report.json").read_text())
    assert values["command"] == f"bilstm-nlp compare {grid} --set training.epochs=1 --out {tmp_path}/out"
    (run,) = (tmp_path / "out" / "runs").iterdir()
    assert json.loads((run / "metrics.json").read_text())["training"]["epochs"] == 1


@pytest.mark.slow
def test_a_failed_run_is_tried_again_and_told(finished, call):
    done = call("compare", finished / "grid.toml", "--out", finished / "out", "--jobs", "1")
    assert done.status == 1
    assert "2 of 3 runs are there" in done.err
    assert "[3/3] wild, seed 1: failed: the training loss became" in done.err
    assert "1 of 3 runs failed; the same command tries them again:" in done.err
    assert "Traceback" not in done.err


def test_bad_grids_are_one_message(finished, call, tmp_path):
    grid = write_grid(finished, "bad.toml", variants={"crf": {"encoder": {"hiden": 3}}, "gru": {"head": {"kind": "x"}}})
    done = call("compare", grid, "--out", tmp_path / "out")
    assert done.status == 2
    assert done.err == (
        f"bilstm-nlp: {grid}: 2 problems in the configuration\n"
        "  variants.crf.encoder.hiden: unknown key; did you mean encoder.hidden?\n"
        "  variants.gru.head.kind: expected one of crf, softmax, found 'x'\n"
    )
    assert not (tmp_path / "out").exists()
    many = call("compare", finished / "grid.toml", "--jobs", "4000")
    assert many.status == 2
    assert "bilstm-nlp: expected jobs × threads of at most" in many.err


@pytest.mark.slow
def test_ctrl_c_keeps_finished_runs_and_says_how_to_resume(finished, tmp_path, interruptible):
    grid = write_grid(finished, "long.toml", seeds=[1, 2, 3, 4])
    out = tmp_path / "out"
    # The runs that were made for the other grid are part of this one too.
    shutil.copytree(finished / "out" / "runs", out / "runs")
    arguments = ["compare", str(grid), "--out", str(out), "--jobs", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "bilstm_nlp", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: len(list(out.glob("runs/*/trial.json"))) >= 3)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[0] == "2 of 8 runs are there"
    assert said.splitlines()[-1] == (f"stopped; finished runs are kept. To go on: bilstm-nlp {' '.join(arguments)}")
    states = [job.state for job in jobs_of(read(finished, seeds=[1, 2, 3, 4]), out)]
    assert 3 <= states.count("finished") < 8
    assert "failed" not in states
    assert not (out / "report.json").exists()


def test_the_live_table_shows_progress_and_the_time_left(finished):
    grid = read(finished, fractions=[0.5, 1.0], seeds=[1], set={"training": {"epochs": 10}})
    jobs = jobs_of(grid, finished / "none")
    latest = [
        Progress(jobs[0], "finished", 10, 0.5),
        Progress(jobs[1], "failed", 1),
        Progress(jobs[2], "running", 5, 0.25),
    ]
    table = progress.run_table(jobs, latest, 60.0, limit=2)
    # Of 10 · (0.5 + 0.5 + 1 + 1) epochs over all data, 5 + 5 + 5 are over in a minute.
    assert table.title == "2 of 4 runs, left: 0:01:00"
    rows = list(zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True))
    assert rows == [
        ("gru", "1", "0.5", "1/10", "–", "failed"),
        ("crf", "1", "1", "5/10", "0.2500", "running"),
    ]
    assert progress.run_table(jobs, [Progress(jobs[0], "running")], 3.0, limit=2).title == "0 of 4 runs, left: unknown"
