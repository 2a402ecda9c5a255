"""Run directories with damage in any file: they load, are summarised and resume, or are refused."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.cli import console
from bilstm_nlp.errors import DivergenceError
from bilstm_nlp.reports import markdown
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.tensors import read_state
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit
from tests.fuzz.files import WHOLE, result_or_refusal
from tests.fuzz.runs import FILES, NOTED, damage, damaged

pytestmark = pytest.mark.slow


@WHOLE
@given(st.data())
def test_damaged_run_loads_and_predicts_or_is_refused(made, data):
    path = made.finished / data.draw(st.sampled_from([*FILES, "checksums.json"]))
    with damaged(path, data.draw(damage(path)), noted=data.draw(NOTED)):
        predictor = result_or_refusal(lambda: load(made.finished))
        if predictor is None:
            return
        source = str(made.finished.parent / ("dev.conll" if made.kind == "tagger" else "series.csv"))
        with np.errstate(all="ignore"):
            result_or_refusal(lambda: list(predictor.predictions(Request(source))))


@WHOLE
@given(st.data())
def test_damaged_run_is_summarised_or_refused(made, data):
    run = data.draw(st.sampled_from([made.finished, made.stopped]))
    names = [
        name
        for name in ("run.json", "config.json", "metrics.json", "history.jsonl", "checksums.json")
        if (run / name).exists()
    ]
    path = run / data.draw(st.sampled_from(names))
    with damaged(path, data.draw(damage(path)), noted=data.draw(NOTED)):
        summary = result_or_refusal(lambda: RunDirectory.open(run).summary())
        if summary is not None:
            json.dumps(summary, ensure_ascii=False, allow_nan=False).encode()
            assert markdown.markdown_section(console.run_section(summary))


@WHOLE
@given(st.data())
def test_damaged_run_is_verified_or_refused(made, data):
    names = ("replay.json", "replay.json", "metrics.json", "checksums.json", "model.safetensors", "report.md")
    path = made.finished / data.draw(st.sampled_from(names))
    content = data.draw(damage(path))
    with damaged(path, content, noted=data.draw(NOTED)), np.errstate(all="ignore"):
        verification = result_or_refusal(lambda: verify(made.finished))
        if verification is not None:
            json.dumps(verification.as_json(), allow_nan=False)
            assert all(markdown.markdown_section(section) for section in verification.sections())


@pytest.fixture(scope="module")
def again(made):
    """Return a function that resumes the stopped run, without preparing its data again."""
    prepared = build(made.config).prepare()
    origin = RunDirectory.open(made.stopped).origin()

    def go_on() -> list:
        run = train.resumable(made.stopped, made.config)
        train.check_origin(run, origin)
        state = read_state(run)
        assert state is not None
        epochs = fit(copy.deepcopy(prepared.model), prepared.batches, prepared.scorer(), settings(made.config), state)
        return [*state.reports, *(epoch.report for epoch in epochs)]

    return go_on


@WHOLE
@given(st.data())
def test_damaged_run_resumes_or_is_refused(made, again, data):
    path = made.stopped / data.draw(st.sampled_from(["state.safetensors"] * 3 + ["run.json", "config.json"]))
    with damaged(path, data.draw(damage(path)), noted=data.draw(NOTED)):
        try:
            reports = result_or_refusal(again)
        except DivergenceError:  # weights that are wrong in their values alone
            return
        if reports is not None:
            assert [report.epoch for report in reports] == list(range(1, len(reports) + 1))
            assert any(report.best for report in reports)
            assert sum(report.seconds for report in reports) > 0
