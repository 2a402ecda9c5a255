"""`bilstm-nlp info`, and directories that are no runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def run(tagger_run) -> Path:
    """A small trained tagger."""
    return tagger_run


def test_info_shows_a_tagger(run, call):
    summary = json.loads(call("info", run, "--json").out)
    assert (summary["finished"], summary["epochs"], summary["config"]["encoder"]["hidden"]) == (True, 4, 24)
    shown = call("info", run)
    assert shown.status == 0
    assert f"{summary['results']['dev']['f1']:.4f}" in shown.out
    assert call("info", run.parent / "none").status == 2


def test_info_shows_a_forecaster(forecaster_run, call):
    summary = json.loads(call("info", forecaster_run, "--json").out)
    assert summary["finished"] is True
    assert summary["config"]["task"] == "forecasting"
    assert summary["results"]["test"]["windows"] == 553


def test_a_directory_that_is_no_run_is_named(tmp_path, call):
    for arguments in (["predict", tmp_path, "-"], ["evaluate", tmp_path], ["info", tmp_path]):
        result = call(*arguments)
        assert result.status == 2
        assert "expected a run directory, found a directory without run.json" in result.err
