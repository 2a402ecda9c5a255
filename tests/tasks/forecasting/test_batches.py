"""The training windows of an epoch: passes, steps and series drawn alike."""

from __future__ import annotations

import json
from itertools import chain

import numpy as np
import pandas as pd
import pytest

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.runs import train
from bilstm_nlp.tasks.forecasting.batches import by_series, training_batch
from bilstm_nlp.tasks.registry import forecasting
from bilstm_nlp.training.state import Paused
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, config, fitted, table
from tests.training.toy import Asked


def with_training(settings, **training):
    return settings.model_copy(update={"training": settings.training.model_copy(update=training)})


def numbers_of(batches) -> list[list[int]]:
    return [plan[1].tolist() for plan in batches.plan]


def test_steps_repeat_whole_passes_and_cut_the_last(tmp_path):
    prepared, *_ = fitted(tmp_path)
    windows = len(prepared.windows.training)
    in_a_pass = -(-windows // 32)
    steps = 2 * (2 * in_a_pass + 1)
    object.__setattr__(prepared, "config", with_training(prepared.config, steps=steps))
    batches = prepared.batches(1)
    numbers = numbers_of(batches)
    assert len(batches) == len(list(batches)) == 2 * in_a_pass + 1
    first, second, rest = numbers[:in_a_pass], numbers[in_a_pass:-1], numbers[-1:]
    for of_pass in (first, second):
        assert sorted(chain.from_iterable(of_pass)) == list(range(windows))
    assert first != second
    assert first[:1] != rest != second[:1]
    assert numbers_of(prepared.batches(1)) == numbers != numbers_of(prepared.batches(2))


@pytest.mark.slow
def test_epochs_share_the_steps_of_a_run(tmp_path):
    settings = with_training(config(tmp_path), epochs=3, steps=10)
    bilstm_nlp.train(settings, tmp_path / "run")
    run = (tmp_path / "run" / "metrics.json").read_text(encoding="utf-8")
    assert json.loads(run)["training"]["epochs"] == 3
    lines = (tmp_path / "run" / "history.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["sequences"] for line in lines] == [3 * 32, 3 * 32, 4 * 32]


@pytest.mark.slow
def test_run_by_steps_and_series_resumes_in_the_same_bits(tmp_path):
    frames = [table(rows).assign(unique_id=name) for name, rows in (("long", 150), ("short", 80))]
    frame = pd.concat(frames).rename(columns={"date": "ds"})
    settings = with_training(config(tmp_path, frame, sampling="series"), epochs=3, steps=20)
    whole = bilstm_nlp.train(settings, tmp_path / "whole")
    with pytest.raises(Paused):
        list(train.train_epochs(settings, tmp_path / "paused", stopping=Asked(11)))
    paused = bilstm_nlp.train(settings, tmp_path / "paused", resume=True)
    weights = [run.predictor.network.model.state_dict() for run in (whole, paused)]
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])


@pytest.mark.parametrize("counts", [[300, 5, 40], [1, 0, 7, 500]])
def test_series_are_drawn_alike_and_their_windows_too(counts):
    counts, total = np.array(counts), 30_000
    numbers = by_series(counts, total, np.random.default_rng(1))
    ends = np.cumsum(counts)
    series = np.searchsorted(ends, numbers, side="right")
    shares = np.bincount(series, minlength=len(counts)) / total
    np.testing.assert_allclose(shares, (counts > 0) / (counts > 0).sum(), atol=0.02)
    small = 1 if counts[1] else 2
    within = np.bincount(numbers[series == small] - (ends[small] - counts[small]), minlength=counts[small])
    np.testing.assert_allclose(within / within.sum(), 1 / counts[small], atol=0.02)


def test_series_sampling_draws_as_many_windows_as_a_pass(tmp_path):
    frames = [table(rows).assign(unique_id=name) for name, rows in (("long", 300), ("short", 80))]
    frame = pd.concat(frames).rename(columns={"date": "ds"})
    prepared, *_ = fitted(tmp_path, frame, sampling="series")
    drawn = np.concatenate(prepared.batches(1).plan)
    long, short = (int(0.7 * rows) - LOOK_BACK - HORIZON + 1 for rows in (300, 80))
    assert len(drawn) == long + short
    assert abs((drawn >= long).mean() - 0.5) < 0.1


def test_fewer_steps_than_epochs_are_refused():
    values = {"data": {"train": "a.conll", "dev": "b.conll"}, "training": {"epochs": 5, "steps": 4}}
    with pytest.raises(
        ConfigError, match=r"training\.steps: expected at least as many steps as training\.epochs, 5, found 4"
    ):
        parse(values, "a test")


# --- mirrored windows ---


@pytest.mark.parametrize("normalisation", ["none", "last", "standard", "theta"])
def test_mirrored_window_has_the_negative_targets(tmp_path, normalisation):
    settings = config(tmp_path, known=["holiday"])
    inputs = settings.input.model_copy(update={"normalisation": normalisation})
    prepared = forecasting(settings.model_copy(update={"input": inputs})).prepare()
    codec, windows = prepared.codec.series, prepared.windows.training
    plain, mirrored = (training_batch(codec, windows, np.array(numbers), [1, 1, 0]) for numbers in ([3, 5], [3, ~5]))
    for name in ("past", "level", "future", "scale"):
        before, after = getattr(plain, name), getattr(mirrored, name)
        np.testing.assert_array_equal(after[0], before[0])
    targets = len(codec.columns.targets)
    np.testing.assert_allclose(mirrored.past[1, :, :targets], -plain.past[1, :, :targets], atol=1e-5)
    np.testing.assert_array_equal(mirrored.past[1, :, targets:], plain.past[1, :, targets:])
    np.testing.assert_allclose(mirrored.level[1], -plain.level[1], atol=1e-5)
    np.testing.assert_allclose(mirrored.scale[1], plain.scale[1], rtol=1e-5)
    np.testing.assert_array_equal(mirrored.future[1], -plain.future[1])


def test_share_of_mirrored_windows_is_their_probability(tmp_path):
    settings = config(tmp_path)
    training = settings.training.model_copy(update={"mirror": 0.25, "batch_size": 8})
    settings = settings.model_copy(update={"training": training})
    prepared = forecasting(settings).prepare()
    plan = np.concatenate(prepared.batches(1).plan)
    assert (plan < 0).mean() == pytest.approx(0.25, abs=0.1)
    numbers = np.sort(np.where(plan < 0, ~plan, plan))
    assert numbers.tolist() == list(range(len(prepared.windows.training)))
    assert np.concatenate(prepared.batches(1).plan).tolist() == plan.tolist()
    assert np.concatenate(prepared.batches(2).plan).tolist() != plan.tolist()
