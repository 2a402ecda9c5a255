"""The benchmark: its statistics, and a measurement of each of its rows."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from bilstm_nlp.errors import InputError
from scripts.bench import app, corpora, measuring, predict, processes, report, start
from scripts.bench.measuring import Figure, Target

SCRIPT = Path(__file__).parent.parent / "scripts" / "bench.py"
CORPUS = corpora.SAMPLES / "news.dev.conll"
SAMPLE = ["--train", CORPUS, "--dev", CORPUS]
ENVIRONMENT = {"python", "torch", "numpy", "numba", "pytorch-crf", "bilstm-nlp", "commit", "threads", "cpu", "cores"}
OF_A_FIGURE = {"median", "lower_quartile", "upper_quartile", "rounds", "unit", "at_least", "aim", "verdict"}


class Clock:
    """A clock that advances only by the calls that `taking` returns."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def taking(self, *seconds: float):
        """Return a call that takes these seconds in turn, and the last of them from then on."""
        calls = count()

        def call() -> None:
            self.now += seconds[min(next(calls), len(seconds) - 1)]

        return call


# --- measuring ---


def test_order_of_calls_is_reversed_every_round():
    order: list[str] = []
    calls = {name: lambda name=name: order.append(name) or len(order) for name in "abc"}
    measured = measuring.interleaved(calls, 3)
    assert "".join(order) == "abc" + "cba" + "abc"
    assert measured == {"a": [1, 6, 7], "b": [2, 5, 8], "c": [3, 4, 9]}


def test_call_is_warm_before_it_is_timed():
    clock = Clock()
    timed = measuring.timed(clock.taking(100.0, 2.0, 3.0), clock=clock)
    assert [timed(), timed()] == [2.0, 3.0]


def test_short_calls_are_timed_many_at_a_time():
    clock = Clock()
    took: list[float] = []
    timed = measuring.timed(lambda: took.append(clock.taking(0.25)()), at_least=1.0, clock=clock)
    took.clear()
    assert timed() == 0.25
    assert len(took) == 4


@pytest.mark.parametrize(("theirs", "repeats"), [(2.0, 8), (0.5, 4), (100.0, 40)])
def test_short_call_is_repeated_to_match_the_other(theirs, repeats):
    clock = Clock()
    took: list[float] = []
    calls = measuring.matched(
        lambda: took.append(clock.taking(0.25)()), clock.taking(theirs), at_least=1.0, at_most=10.0, clock=clock
    )
    took.clear()
    measured = measuring.interleaved(calls, 1)
    assert measured == {"ours": [0.25], "reference": [theirs]}
    assert len(took) == repeats


def test_ratios_are_taken_within_a_round():
    # A machine that becomes ten times slower from round to round: the times say nothing, their ratio everything.
    clock = Clock()
    ours, reference = clock.taking(0, 1, 10, 100), clock.taking(0, 2, 20, 200)
    calls = {
        "ours": measuring.timed(ours, clock=clock),
        "reference": measuring.timed(reference, clock=clock),
    }
    measured = measuring.interleaved(calls, 3)
    assert measuring.ratios(measured["reference"], measured["ours"]) == [2, 2, 2]


def test_geometric_means_are_taken_over_cells_within_a_round():
    assert measuring.geometric_means([[1, 2], [4, 8], [16, 32]]) == pytest.approx([4, 8])


def test_figure_has_its_median_and_quartiles():
    figure = Figure([5, 1, 4, 2, 3], "×")
    assert (figure.median, figure.quartiles) == (3, (2, 4))
    alone = Figure([7], "×")
    assert (alone.median, alone.quartiles) == (7, (7, 7))


@pytest.mark.parametrize(
    ("target", "missed", "enough", "reached"),
    [(Target(0.6, 0.8), 0.59, 0.6, 0.8), (Target(0.3, 0.15), 0.31, 0.3, 0.15)],
)
def test_verdict_respects_the_direction_of_its_target(target, missed, enough, reached):
    assert [target.verdict(value) for value in (missed, enough, reached)] == ["missed", "enough", "aim reached"]


# --- processes ---


def test_process_is_measured_with_its_children():
    hold = "held = bytearray({} << 20); held[::4096] = b'x' * len(held[::4096]); import time; time.sleep(0.5)"
    below = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold.format(100)!r}]); print('done')"
    finished = processes.run([processes.PYTHON, "-c", below], None)
    assert finished.output == "done\n"
    assert 100 < finished.peak < 200
    assert finished.memory[-1][0] <= finished.seconds


def test_threads_and_cache_folder_are_passed_on(tmp_path):
    told = "import os; print(os.environ['OMP_NUM_THREADS'], os.environ['XDG_CACHE_HOME'])"
    assert processes.run([processes.PYTHON, "-c", told], 3, tmp_path).output == f"3 {tmp_path}\n"


def test_failing_process_is_reported_with_its_reason():
    with pytest.raises(InputError, match="exit status 1: no such thing"):
        processes.run([processes.PYTHON, "-c", "raise SystemExit('no such thing')"], None)


# --- the rows ---


@pytest.fixture
def bench(monkeypatch, capfd):
    """Run the benchmark in this process, and return its JSON output."""

    def run(*arguments: str | Path) -> dict:
        monkeypatch.setattr(sys, "argv", ["bench.py", *map(str, arguments), "--rounds", "1", "--json"])
        with pytest.raises(SystemExit) as ended:
            app.main()
        assert ended.value.code in (0, None)
        return checked(json.loads(capfd.readouterr().out))

    return run


def checked(results: dict) -> dict:
    """Check the parts that every row must have, and return the results."""
    assert results.keys() == {"benchmark", "environment", "figures", "tables", "notes"}
    assert results["environment"].keys() == ENVIRONMENT
    for figure in results["figures"].values():
        assert figure.keys() == OF_A_FIGURE
        assert figure["rounds"] == 1
        assert 0 < figure["lower_quartile"] == figure["median"] == figure["upper_quartile"] < math.inf
    for rows in results["tables"].values():
        assert all(value > 0 for row in rows for value in row.values() if not isinstance(value, str))
    return results


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Train a small tagger on the sample corpus."""
    return corpora.trained(corpora.Corpora(CORPUS, CORPUS, None, ()), tmp_path_factory.mktemp("runs"))


@pytest.mark.slow
def test_ner_is_measured_beside_its_floor(bench):
    results = bench("ner", *SAMPLE, "--steps", 2)
    assert results["figures"].keys() == {
        "train_ratio_to_floor",
        "predict_ratio_to_floor",
        "train_speed",
        "train_floor_speed",
        "predict_speed",
        "predict_floor_speed",
    }
    speeds = {name: figure["median"] for name, figure in results["figures"].items()}
    assert speeds["train_ratio_to_floor"] == pytest.approx(speeds["train_speed"] / speeds["train_floor_speed"])
    assert speeds["predict_ratio_to_floor"] == pytest.approx(speeds["predict_speed"] / speeds["predict_floor_speed"])
    assert sum(row["percent"] for row in results["tables"]["step"]) == pytest.approx(100)


@pytest.mark.slow
def test_classification_is_measured_beside_its_floor(bench):
    results = bench("classification", "--steps", 2, "--set", "encoder.hidden=8")
    speeds = {name: figure["median"] for name, figure in results["figures"].items()}
    assert speeds["train_ratio_to_floor"] == pytest.approx(speeds["train_speed"] / speeds["train_floor_speed"])
    assert speeds["predict_ratio_to_floor"] == pytest.approx(speeds["predict_speed"] / speeds["predict_floor_speed"])
    assert sum(row["percent"] for row in results["tables"]["step"]) == pytest.approx(100)


def test_default_corpora_are_as_large_as_conll_2003(tmp_path):
    made = corpora.corpora(None, None, None, tmp_path)
    sizes = {}
    for path in (made.train, made.dev):
        lines = path.read_text(encoding="utf-8").splitlines()
        sizes[path.name] = sum(bool(line) and not line.startswith("-DOCSTART-") for line in lines)
    assert sizes == {"train.conll": pytest.approx(203_621, rel=0.03), "dev.conll": pytest.approx(51_362, rel=0.03)}
    assert len(made.notes) == 2


def test_single_corpus_is_refused(tmp_path):
    with pytest.raises(InputError, match="expected both or neither, found here"):
        corpora.corpora(Path("here"), None, None, tmp_path)


def test_crf_is_measured_beside_torchcrf(bench):
    results = bench("crf", "--length", 3, "--length", 5, "--tags", 2, "--batch", 2)
    assert results["figures"].keys() == {"likelihood_ratio", "decoding_ratio", "decoding_without_numba_ratio"}
    for kind in ("likelihood", "decoding", "decoding_without_numba"):
        cells = results["tables"][kind]
        assert [(cell["T"], cell["K"], cell["B"]) for cell in cells] == [(3, 2, 2), (5, 2, 2)]
        mean = math.sqrt(math.prod(cell["ratio"] for cell in cells))
        assert results["figures"][f"{kind}_ratio"]["median"] == pytest.approx(mean)


@pytest.mark.slow
def test_forecasting_is_measured_beside_its_floor(bench):
    results = bench("forecasting", "--steps", 1)
    assert results["figures"].keys() == {"train_ratio_to_floor", "train_speed", "train_floor_speed"}
    assert any("sample series" in note for note in results["notes"])


@pytest.fixture
def in_this_process(call):
    """Runs the toolkit's command line without starting a process, but for the large file; says that it took 1 second
    for a file of one sentence and 9 for others, and that memory grew."""

    def run(command, threads, cache=None) -> processes.Finished:
        assert command[0] == processes.BILSTM_NLP
        names = [Path(part).name for part in command]
        if "large.conll" in names:
            assert 1_000_000 < command[names.index("large.conll")].stat().st_size < 1_200_000
        else:
            ended = call(*command[1:])
            assert ended.status == 0, ended.err
        seconds = 1.0 if {"one.conll", "one.txt"} & {*names} else 9.0
        return processes.Finished(seconds, "", [(second, 100.0 + second) for second in range(1, int(seconds) + 1)])

    return run


@pytest.mark.slow
def test_predict_is_measured_without_start_up_and_with_its_memory(bench, run, in_this_process, monkeypatch):
    monkeypatch.setattr(predict, "run", in_this_process)
    results = bench("predict", "--run", run, *SAMPLE, "--sentences", 3, "--megabytes", 1)
    medians = {name: figure["median"] for name, figure in results["figures"].items()}
    tokens = sum(bool(line) for line in "\n\n".join(CORPUS.read_text(encoding="utf-8").split("\n\n")[1:4]).splitlines())
    assert medians == {
        "columns_speed": tokens / 8,
        "text_speed": pytest.approx(tokens / 8, rel=0.2),  # text is cut anew
        "start": 1,
        "columns_memory": 109,
        "text_memory": 109,
        "large_file_memory": 109,
        "large_file_growth": 109 / 103,
    }
    assert [row["mib"] for row in results["tables"]["large_file"]] == [103, 105, 107, 109]


@pytest.mark.slow
def test_exports_are_measured_beside_their_run(bench, run, in_this_process, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(predict, "run", in_this_process)
    results = bench("export", "--run", run, *SAMPLE, "--sentences", 3, "--single", 2, "--rounds", 1)
    medians = {name: figure["median"] for name, figure in results["figures"].items()}
    engines = ("torch", "float32", "int8")
    assert {name.partition("_")[0] for name in medians} == {*engines}
    assert medians["torch_speed"] == medians["float32_speed"] == medians["int8_speed"] > 1
    assert all(medians[f"{name}_single"] > 0 for name in engines)
    assert [medians[f"{name}_start"] for name in engines] == [1, 1, 1]


def test_file_as_short_as_the_start_has_no_speed():
    finished = processes.Finished(2.0, "", [])
    with pytest.raises(InputError, match="--sentences"):
        predict.speed({"one": [finished], "all": [finished]}, 10)
    with pytest.raises(InputError, match="--megabytes"):
        predict.memory_by_quarter([(1.0, 100.0)], 2.0)


@pytest.mark.slow
def test_start_is_measured_in_fresh_processes(bench, run, in_this_process, monkeypatch):
    kept: dict = {}

    def once(command, threads, cache=None) -> processes.Finished:
        key = (*command, cache)
        if key not in kept:
            here = command[0] == processes.BILSTM_NLP
            kept[key] = (in_this_process if here else processes.run)(command, threads, cache)
        return kept[key]

    monkeypatch.setattr(start, "run", once)
    results = bench("start", "--run", run, "--megabytes", 1)
    names = {"python", "help", "torch", "first_prediction", "vectors_first_time", "vectors_second_time"}
    assert results["figures"].keys() == names
    assert len(kept) == len(names)


# --- the command line ---


@pytest.mark.parametrize(
    ("row", "asked", "possible"),
    [
        ("ner", "lstm,ncrfpp", "lstm"),
        ("classification", "flair", "lstm"),
        ("crf", "flair", "torchcrf"),
        ("forecasting", "", "lstm"),
    ],
)
def test_unavailable_peer_is_refused(row, asked, possible, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench.py", row, "--against", asked])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    wrong = asked.split(",")[-1]
    assert capsys.readouterr().err == f"bench: --against: expected {possible} for {row}, found {wrong!r}\n"


@pytest.mark.slow
def test_script_prints_a_single_json_object():
    command = [sys.executable, SCRIPT, "crf", "--length", "3", "--tags", "2", "--batch", "2", "--rounds", "1"]
    printed = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert printed.stderr == ""
    assert checked(json.loads(printed.stdout))["benchmark"] == "crf"


def test_tables_show_every_figure_with_its_target(capsys):
    full_report = report.Report(
        {"some_speed": Figure([1234.5], "tokens/s", Target(50_000, 120_000))}, {"cells": [{"T": 10}]}
    )
    report.show("predict", full_report, {"numba": None})
    out = capsys.readouterr().out
    for part in ("some speed", "1,234", "50,000 (120,000)", "missed", "cells", "numba none"):
        assert part in out
