"""`train`, `check` and `init` with a file of series and nothing set."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import load
from bilstm_nlp.runs.train import config_from
from bilstm_nlp.tasks import registry

QUICK = ["--set", "training.steps=2", "--set", "training.epochs=1", "--set", "encoder.hidden=4"]


@pytest.fixture
def seasons(tmp_path):
    """Write 84 months that repeat each year."""
    dates = pd.date_range("2015-01-01", periods=84, freq="MS")
    path = tmp_path / "seasons.csv"
    pd.DataFrame({"date": dates, "y": np.sin(np.arange(84) % 12)}).to_csv(path, index=False)
    return path


@pytest.mark.slow
def test_train_says_its_choice_and_that_the_model_loses(call, seasons, tmp_path, caplog):
    result = call("train", seasons, "--out", tmp_path / "run", "--set", "data.look_back=7", *QUICK)
    assert result.status == 0
    assert "chose data.horizon = 12: a season of 12 rows" in caplog.messages
    assert not any(line.startswith("chose data.look_back") for line in caplog.messages)
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert (config["data"]["horizon"], config["data"]["look_back"], config["training"]["steps"]) == (12, 7, 2)
    assert result.err.splitlines()[-1].startswith("this model LOSES to repeating the last 12 rows on the ")


@pytest.mark.slow
def test_nothing_set_beats_last_value_and_last_season(call, tmp_path):
    rows, noise = np.arange(120), np.random.default_rng(3).normal(size=120)
    values = (100 + rows) * (1 + 0.3 * np.sin(rows / 12 * 2 * np.pi)) * np.exp(0.03 * noise)
    path = tmp_path / "sales.csv"
    pd.DataFrame({"date": pd.date_range("2015-01-01", periods=120, freq="MS"), "y": values}).to_csv(path, index=False)
    result = call("train", path, "--out", tmp_path / "run")
    assert result.status == 0
    assert "LOSES" not in result.err
    test = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["test"]
    for baseline in ("naive", "seasonal naive"):
        assert test["own_units"]["mae"] < 0.8 * test["baselines"][baseline]["own_units"]["mae"]


def test_init_check_and_python_choose_the_same(call, seasons, tmp_path):
    own = tmp_path / "own.toml"
    assert call("init", "forecasting", seasons, own).status == 0
    checked = [call("check", path) for path in (own, seasons)]
    assert checked[0].out == checked[1].out
    assert [result.status for result in checked] == [0, 0]
    quick = ["training.steps=2", "training.epochs=1"]
    assert registry.load(str(seasons), quick) == load(own, quick)
    assert config_from(seasons) == load(own)
    assert call("init", "forecasting", seasons, "-").out == own.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["init", "ner", "SERIES"], "KIND: expected forecasting for"),
        (
            ["init", "forecasting", "a.toml", "b.toml"],
            "FILE: expected a .csv, .csv.gz or .parquet file of series",
        ),
        (["init", "forecasting", "--set", "seed=2"], "--set: expected with a file of series, found none"),
        (["train", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_use_of_a_file_is_a_line(call, seasons, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    result = call(*[str(seasons) if argument == "SERIES" else argument for argument in arguments])
    assert result.status == 2
    assert result.err.startswith("bilstm-nlp: ")
    assert message in result.err
    assert "Traceback" not in result.err


def test_too_short_series_say_the_least_rows(call, tmp_path):
    path = tmp_path / "short.csv"
    pd.DataFrame({"date": pd.date_range("2015-01-01", periods=9, freq="D"), "y": range(9)}).to_csv(path, index=False)
    result = call("train", path, "--out", tmp_path / "run")
    assert (result.status, (tmp_path / "run").exists()) == (2, False)
    assert f"{path}: expected a series of at least 10 rows, found 9 in the longest" in result.err


def test_a_file_of_texts_with_classes_is_named_as_such(call, tmp_path):
    path = tmp_path / "reviews.csv"
    path.write_text(
        "text,label\n" + "".join(f"a {name} film number {n},{name}\n" for n in range(9) for name in ("bad", "good"))
    )
    refused = call("train", path, "--out", tmp_path / "run")
    assert refused.status == 2
    assert f"{path}: expected series, found texts with classes; bilstm-nlp init classification" in refused.err
