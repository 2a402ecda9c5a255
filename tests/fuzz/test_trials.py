"""Files of trials with damage in any of them: they are read and compared, or refused."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.runs import train
from bilstm_nlp.runs.load import load
from bilstm_nlp.studies.compare.compare import Plan, conclude
from bilstm_nlp.studies.compare.grid import Grid
from bilstm_nlp.studies.compare.markdown import markdown
from bilstm_nlp.studies.compare.page import page
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.jobs import Job
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.tasks.registry import build
from tests.fuzz.files import WHOLE, result_or_refusal
from tests.fuzz.runs import NOTED, damage, damaged

pytestmark = pytest.mark.slow

FILES = ("trial.json", "trial.json", "trial.safetensors", "metrics.json", "history.jsonl", "run.json", "checksums.json")


@pytest.fixture(scope="module")
def plan(made, tmp_path_factory) -> Plan:
    """Plan two variants with two seeds each, trained and measured. Tests damage the last run, a copy of the first."""
    out = tmp_path_factory.mktemp("comparison")
    shutil.copytree(made.finished, out / "first")
    list(train.train_epochs(made.config.model_copy(update={"seed": 2}), out / "second"))
    for name in ("first", "second"):
        prepared = build(made.config).prepare(load(out / name))
        trial_files.save(out / name, "a key", Resources(2, 1, 1), prepared.measure())
    shutil.copytree(out / "first", out / "last")
    places = [("base", 1, "first"), ("other", 1, "second"), ("base", 2, "second"), ("other", 2, "last")]
    jobs = [Job(PlannedRun(variant, seed, 1.0, made.config), "a key", out / name) for variant, seed, name in places]
    comparability = made.config.comparability
    grid = Grid(
        source=out / "grid.toml",
        name="grid",
        task=made.config.task,
        measure=comparability.measures[0],
        subject=comparability.subject,
        baseline="base",
        seeds=[1, 2],
        fractions=[1.0],
        changes={"base": {}, "other": {"a": 1}},
        methods=(),
        runs=[job.run for job in jobs],
    )
    return Plan(grid, out, (), jobs)


@WHOLE
@given(st.data())
def test_damaged_trial_is_read_or_refused(plan, data):
    folder = plan.jobs[-1].folder
    path = folder / data.draw(st.sampled_from(FILES))
    with damaged(path, data.draw(damage(path)), noted=data.draw(NOTED)):
        key = result_or_refusal(lambda: trial_files.key_of(folder))
        assert key is None or key.encode()
        result_or_refusal(lambda: trial_files.versions_of(folder))
        resources = result_or_refusal(lambda: trial_files.resources_of(folder))
        assert resources is None or min(resources.cores, resources.jobs, resources.threads) > 0
        trial = result_or_refusal(lambda: trial_files.read(folder, plan.jobs[-1].run, plan.grid.measure.name))
        if trial is not None:
            assert trial.numerator.shape == trial.denominator.shape
            assert not (trial.numerator < 0).any()
            assert len(trial.losses) == len(trial.epoch_scores)
            assert trial.examples.units


@WHOLE
@given(st.data())
def test_damaged_trial_is_compared_or_refused(plan, data):
    path = plan.jobs[-1].folder / data.draw(st.sampled_from(FILES))
    with damaged(path, data.draw(damage(path)), noted=data.draw(NOTED)), np.errstate(all="ignore"):
        comparison = result_or_refusal(lambda: conclude(plan))
        if comparison is not None:
            assert page(comparison.as_json())
            assert markdown(comparison)
            assert [run.status for run in comparison.runs[:3]] == ["finished"] * 3
