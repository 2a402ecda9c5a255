"""Rows that a training needs, against counts by hand. Settings that a message proposes are tried."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.config.reading import apply
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.runs import refitting, train
from bilstm_nlp.studies.compare import compare
from bilstm_nlp.tasks.forecasting import requirements
from bilstm_nlp.tasks.inspection import is_wrong
from bilstm_nlp.tasks.registry import forecasting
from tests.tasks.forecasting.test_task import config


def values(length: int) -> Series:
    dates = pd.date_range("2020-01-01", periods=length, freq="D")
    return Series("s", dates, np.arange(length, dtype=float)[:, None], ("y",), np.arange(length))


def tables(split: dict, look_back: int, horizon: int, interval: float, **data: object) -> dict:
    sizes = {"file": "s.csv", "split": split, "look_back": look_back, "horizon": horizon}
    return {"task": "forecasting", "data": sizes | data, "interval": interval}


def problems(lengths: tuple[int, ...], settings: dict) -> list[str]:
    """Return the problems of series of these lengths."""
    checked = parse(settings, "a test")
    data = SeriesSet("s.csv", [values(length) for length in lengths], ("y",), "D")
    return requirements.problems(checked, forecasting(checked).loader.split(data))


def windows(lengths: tuple[int, ...], split: dict, look_back: int, horizon: int) -> dict[str, int]:
    """Count windows by definition, origin by origin."""
    counts = {"train": 0, "validation": 0, "test": 0}
    for length in lengths:
        first_test = length - split["test"]
        first_validation = first_test - split["validation"]
        for origin in range(look_back, length - horizon + 1):
            last = origin + horizon - 1
            counts["train"] += last < first_validation
            counts["validation"] += first_validation <= origin and last < first_test
            counts["test"] += first_test <= origin
    return counts if split["test"] else {name: counts[name] for name in ("train", "validation")}


CASES = [
    (lengths, {"kind": "last", "validation": validation, "test": test}, look_back, horizon, interval)
    for lengths in ((12,), (30,), (12, 30), (16, 16, 16, 16))
    for validation, test in ((1, 1), (4, 3), (6, 0), (10, 1))
    for look_back, horizon in ((1, 1), (3, 2), (8, 4), (40, 13))
    for interval in (0.5, 0.9)
    if min(lengths) > validation + test
]


@pytest.mark.parametrize(("lengths", "split", "look_back", "horizon", "interval"), CASES)
def test_problems_are_parts_without_windows_or_too_few(lengths, split, look_back, horizon, interval):
    counts = windows(lengths, split, look_back, horizon)
    needed = {0.5: 1, 0.9: 9}[interval]
    complaints = problems(lengths, tables(split, look_back, horizon, interval))
    assert (complaints == []) == (min(counts.values()) > 0 and counts["validation"] * horizon >= needed)
    if complaints and horizon < max(lengths):
        without = [name for name, count in counts.items() if count == 0]
        assert [problem.partition(" part:")[0] for problem in complaints] == (without or ["validation"])


@pytest.mark.parametrize(("lengths", "split", "look_back", "horizon", "interval"), CASES)
def test_proposed_settings_work(lengths, split, look_back, horizon, interval):
    settings = tables(split, look_back, horizon, interval)
    complaints = problems(lengths, settings)
    if not complaints:
        return
    advice = complaints[-1].partition("; settings that work: ")[2]
    changes = re.findall(r"[\w.]+ = (?:\{.*?\}|[^,]+)", advice)
    assert changes
    for change in changes:
        assert apply(settings, change.replace(" = ", "=", 1)) is None
    assert problems(lengths, settings) == []


def test_horizon_beyond_every_series_is_named_first():
    complaints = problems((12, 20), tables({"kind": "last", "validation": 2, "test": 2}, 3, 24, 0.5))
    assert complaints[0].startswith(
        "data.horizon: expected less than the 20 rows of the longest series, found 24; settings"
    )


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_missing_values_do_not_calibrate(share):
    """Of ten validation windows of one step, half or none have a value in the file."""
    series = values(40)
    observed = np.ones((40, 1), dtype=bool)
    observed[25:30] = bool(share)
    data = SeriesSet("s.csv", [Series("s", series.dates, series.values, ("y",), series.rows, observed)], ("y",), "D")
    checked = parse(tables({"kind": "last", "validation": 10, "test": 5}, 3, 1, 0.9), "a test")
    complaints = requirements.problems(checked, forecasting(checked).loader.split(data))
    expected = "validation part: expected at least 9 values to calibrate intervals of 0.9, found 5 in all windows and"
    assert [problem[: len(expected)] for problem in complaints] == ([] if share else [expected])


def test_test_part_that_is_wanted_must_have_rows(tmp_path):
    settings = tables({"kind": "dates", "validation": "2020-01-20", "test": "2021-01-01"}, 3, 2, 0.5)
    assert problems((40,), settings)[0].startswith("test part: expected a part with 2 rows to forecast")


def test_validating_on_a_test_part_without_rows_is_refused():
    settings = tables({"kind": "last", "validation": 9, "test": 0}, 3, 2, 0.5, validate_on="test")
    assert problems((40,), settings) == [
        'data.validate_on: expected "validation", as there is no test part, found "test"'
    ]


FEW = {"kind": "last", "validation": 3, "test": 4}


def test_train_and_check_say_the_same_before_anything_is_written(tmp_path):
    settings = config(tmp_path, split=FEW)
    with pytest.raises(ConfigError) as caught:
        next(train.train_epochs(settings, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    inspection = forecasting(settings).inspect()
    assert is_wrong(inspection)
    assert [complaint.message for complaint in inspection.complaints if complaint.wrong] == caught.value.problems
    assert "validation = 4, test = 4" in str(caught.value)


def test_refit_at_an_origin_with_too_few_rows_trains_nothing(tmp_path, monkeypatch):
    settings = config(tmp_path, split={"kind": "last", "validation": 60, "test": 4})
    task = forecasting(settings)
    series_set = task.loader.load().series_set
    monkeypatch.setattr(refitting, "fit", None)
    cut = SeriesSet(series_set.source, [series_set.series[0][:80]], series_set.columns, series_set.frequency)
    with pytest.raises(InputError, match=r"train part: .* at most 20 rows"):
        refitting.refitted(task, cut)


def test_comparison_checks_every_variant_before_the_first_trains(tmp_path):
    config(tmp_path)
    (tmp_path / "base.toml").write_text(
        f'task = "forecasting"\n[data]\nfile = "{tmp_path / "table.csv"}"\nlook_back = 30\nhorizon = 4\n'
        "[training]\nepochs = 1\n"
    )
    (tmp_path / "grid.toml").write_text(
        'base = "base.toml"\nbaseline = "short"\nseeds = [1]\n[variants.short]\n[variants.long]\ndata.look_back = 290\n'
    )
    with pytest.raises(InputError, match=r"(?s)variant long.*train part: .* 290 rows before them"):
        compare.compare(tmp_path / "grid.toml", tmp_path / "out")
    assert not (tmp_path / "out").exists()
