"""Runs of released versions, kept under tests/runs as they were written: they load for ever, and answer as they did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.runs.verify import verify
from tests.samples import SERIES

KEPT = sorted(path.parent for path in Path(__file__).parent.glob("*/*/run.json"))


def test_every_version_has_a_tagger_and_a_forecaster():
    versions = {run.parent.name for run in KEPT}
    assert {(run.parent.name, run.name) for run in KEPT} == {
        (version, kind) for version in versions for kind in ("tagger", "forecaster")
    }
    for run in KEPT:
        assert json.loads((run / "run.json").read_text())["versions"]["bilstm-nlp"] == run.parent.name


@pytest.mark.parametrize("run", KEPT, ids=lambda run: f"{run.parent.name}-{run.name}")
def test_saved_run_of_an_old_version_gives_its_recorded_answers(run, call):
    verification = verify(run)
    assert verification.files >= 10
    assert verification.same, verification.replayed
    assert call("info", run).status == 0
    source, text = (str(SERIES), b"") if run.name == "forecaster" else ("-", b"Ann left Bonn on Friday .\n")
    predicted = call("predict", run, source, stdin=text)
    assert predicted.status == 0
    assert predicted.out.strip()
    assert bilstm_nlp.load(run)
