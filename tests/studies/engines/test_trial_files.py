"""Trials: their units add up to the results of the run, and they are read as they were written."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.data.series.panel import Panel
from bilstm_nlp.data.series.series import Series
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import config_of
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.tasks.forecasting import measurement as forecasting_measurement
from bilstm_nlp.tasks.forecasting.forecasts import forecast
from bilstm_nlp.tasks.forecasting.torch_network import TorchNetwork
from bilstm_nlp.tasks.measurement import evenly_spaced
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging import measurement as tagging_measurement
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from tests.contract import model_of
from tests.studies.grids import write_base
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, config, fitted

RESOURCES = Resources(cores=4, jobs=2, threads=1)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    """A finished run of a tagger that errs here and there."""
    folder = tmp_path_factory.mktemp("tagger")
    write_base(folder)
    for _ in train.train_epochs(load(folder / "base.toml", ["training.epochs=5"]), folder / "run"):
        pass
    return folder / "run"


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory):
    """A finished run of a forecaster."""
    folder = tmp_path_factory.mktemp("forecaster")
    for _ in train.train_epochs(config(folder, known=["holiday"]), folder / "run"):
        pass
    return folder / "run"


def read(folder, measure, seed=1, fraction=1.0):
    """Read the trial of a run."""
    config = config_of(RunDirectory.open(folder))
    return trial_files.read(folder, PlannedRun("some variant", seed, fraction, config), measure)


def measured(folder, **data):
    """Return (measurement, data, codec, model) of a finished run, with some keys of its data changed."""
    trained = bilstm_nlp.load(folder)
    config = config_of(RunDirectory.open(folder))
    config = config.model_copy(update={"data": config.data.model_copy(update=data)})
    prepared = build(config).prepare(trained)
    return prepared.measure(), prepared.data, trained.codec, model_of(trained)


# --- taggers ---


def test_a_taggers_units_add_up_to_its_results(tagger):
    measurement, data, codec, model = measured(tagger)
    results = RunDirectory.open(tagger).read_json("metrics.json")["dev"]
    f1 = measurement.measures["f1"]
    assert 0 < results["f1"] < 1
    assert f1.numerator.sum() / f1.denominator.sum() == pytest.approx(results["f1"], abs=1e-15)
    assert f1.by_type == {kind: scores["f1"] for kind, scores in results["per_type"].items()}
    assert measurement.lag == 0
    assert measurement.speed > 0
    predicted = Evaluation(ModelDecoder(TorchStepNetwork(model), codec), data.dev).predicted
    for index, (gold, spans) in enumerate(zip(measurement.examples.gold, predicted, strict=True)):
        assert measurement.examples.tokens[index] == data.dev.sentences[index].tokens
        assert measurement.examples.found[index] == spans
        right = sum(span in gold for span in spans)
        assert (f1.numerator[index], f1.denominator[index]) == (2 * right, len(gold) + len(spans))


def test_a_large_corpus_keeps_evenly_spread_sentences(tagger, monkeypatch):
    monkeypatch.setattr(tagging_measurement, "EXAMPLES", 4)
    measurement, data, _, _ = measured(tagger)
    assert list(measurement.examples.tokens) == [data.dev.sentences[index].tokens for index in (0, 2, 5, 8)]
    assert len(measurement.measures["f1"].numerator) == 11


# --- forecasters ---


def test_a_forecasters_units_add_up_to_its_results(forecaster):
    measurement, _, codec, _ = measured(forecaster)
    results = RunDirectory.open(forecaster).read_json("metrics.json")["validation"]
    for name in ("mse", "mae"):
        ratio = measurement.measures[name]
        assert ratio.numerator.shape == (results["windows"],)
        assert ratio.numerator.sum() / ratio.denominator.sum() == pytest.approx(results[name], rel=1e-6)
        by_column = {column: scores[name] for column, scores in results["by_column"].items()}
        assert ratio.by_type == pytest.approx(by_column, rel=1e-6)
    assert measurement.lag == codec.horizon - 1 == HORIZON - 1


def test_windows_from_the_same_date_are_one_unit():
    def hourly(name: str, start: str) -> Series:
        dates = pd.date_range(start, periods=8, freq="h")
        return Series(name, dates, np.zeros((8, 1)), ("y",), np.arange(8))

    # The second one begins two hours before the first.
    series = [hourly("a", "2020-01-01 02:00"), hourly("b", "2020-01-01 00:00")]
    panel = Panel.stack([each.values for each in series], 1)
    windows = Windows.over(panel, [slice(0, 8)] * 2, look_back=3, horizon=2)
    # Origins: a at 05:00 to 08:00, b at 03:00 to 06:00.
    assert forecasting_measurement.date_numbers(series, windows).tolist() == [2, 3, 4, 5, 0, 1, 2, 3]


def test_windows_are_measured_one_by_one(forecaster, monkeypatch):
    monkeypatch.setattr(forecasting_measurement, "EXAMPLES", 13)
    measurement, data, codec, model = measured(forecaster)
    windows = codec.windows(data.series_set.series, data.rows("validation"))
    (series,) = data.series_set.series
    cells = [divmod(cell, 2) for cell in evenly_spaced(2 * len(windows), 13).tolist()]
    for number, origin in enumerate(windows.rows):
        point = forecast(TorchNetwork(model), codec.batch(windows, np.array([number]))).point[0]
        error = point - windows.gather(np.array([number])).future[0]
        assert measurement.measures["mse"].numerator[number] == pytest.approx(float((error**2).mean()), rel=1e-5)
        assert measurement.measures["mae"].numerator[number] == pytest.approx(float(np.abs(error).mean()), rel=1e-5)
        for column in {column for window, column in cells if window == number}:
            row = cells.index((number, column))
            examples = measurement.examples
            assert examples.series[row] == series.id
            assert examples.origins[row] == str(series.dates[origin])
            assert examples.columns[row] == codec.columns.targets[column]
            np.testing.assert_allclose(examples.forecast[row], point[:, column], rtol=1e-6)
            scaled = codec.scales[series.id].apply(series.select(codec.columns.all))[:, column]
            np.testing.assert_allclose(examples.past[row], scaled[origin - LOOK_BACK : origin], atol=1e-6)
            np.testing.assert_allclose(examples.actual[row], scaled[origin : origin + HORIZON], atol=1e-6)
            assert examples.errors["mae"][row] == pytest.approx(float(np.abs(error[:, column]).mean()), rel=1e-5)


def test_errors_do_not_depend_on_the_scaler(tmp_path):
    """Equal forecasts have equal errors, with other scalers and fractions too."""
    measurements = []
    for data in ({}, {"scaler": "robust"}, {"fraction": 0.5}):
        prepared, _, _, model = fitted(tmp_path, **data)
        with torch.no_grad():
            # Every forecast is the last value: no scaler plays a part in that.
            model.head.decoder.projection.weight.zero_()
            model.head.decoder.projection.bias.zero_()
        measurements.append(prepared.measure())
    first, *others = measurements
    for other in others:
        for name, ratio in first.measures.items():
            np.testing.assert_allclose(other.measures[name].numerator, ratio.numerator, rtol=1e-4)
        np.testing.assert_allclose(other.examples.actual, first.examples.actual, atol=1e-5)
        assert other.examples.origins == first.examples.origins


# --- files ---


def test_a_taggers_trial_comes_back(tagger, tmp_path):
    measurement, _, _, _ = measured(tagger)
    trial_files.save(tagger, "a key", RESOURCES, measurement)
    trial = read(tagger, "f1", seed=3, fraction=0.5)
    assert (trial.variant, trial.seed, trial.fraction, trial.lag) == ("some variant", 3, 0.5, 0)
    np.testing.assert_array_equal(trial.numerator, measurement.measures["f1"].numerator)
    np.testing.assert_array_equal(trial.denominator, measurement.measures["f1"].denominator)
    assert trial.per_type == measurement.measures["f1"].by_type
    examples = measurement.examples
    assert [tuple(tokens) for tokens in trial.examples.tokens] == list(examples.tokens)
    assert (trial.examples.gold, trial.examples.found) == (list(examples.gold), list(examples.found))
    training = RunDirectory.open(tagger).read_json("metrics.json")["training"]
    assert trial.cost.parameters == training["parameters"]
    assert trial.cost.training_speed == training["sequences_per_second"]
    assert trial.cost.prediction_speed == measurement.speed
    assert len(trial.losses) == len(trial.epoch_scores) == 5
    assert max(trial.epoch_scores) == RunDirectory.open(tagger).read_json("metrics.json")["dev"]["f1"]
    assert trial_files.key_of(tagger) == "a key"
    assert trial_files.resources_of(tagger) == RESOURCES


@pytest.mark.parametrize("measure", ["mse", "mae"])
def test_a_forecasters_trial_comes_back(forecaster, measure):
    measurement, _, _, _ = measured(forecaster)
    trial_files.save(forecaster, "a key", RESOURCES, measurement)
    trial = read(forecaster, measure)
    np.testing.assert_array_equal(trial.numerator, measurement.measures[measure].numerator)
    assert trial.per_type == measurement.measures[measure].by_type
    assert trial.lag == HORIZON - 1
    assert trial.examples.units == measurement.examples.units
    np.testing.assert_allclose(trial.examples.forecast, measurement.examples.forecast, rtol=1e-3)
    assert trial.examples.errors.keys() == {measure}
    np.testing.assert_array_equal(trial.examples.errors[measure], measurement.examples.errors[measure])


def test_a_trial_of_another_format_or_without_results_is_none(tagger, tmp_path):
    measurement, _, _, _ = measured(tagger)
    assert trial_files.key_of(tmp_path) is None
    trial_files.save(tmp_path, "a key", RESOURCES, measurement)
    assert trial_files.key_of(tmp_path) is None, "the run has no results"
    (tmp_path / "metrics.json").write_text("{}")
    assert trial_files.key_of(tmp_path) == "a key"
    # Format 1 had no checksum, and any other may have whatever it likes.
    for other in ({"format": 1, "key": 7}, {"format": 99}, {}):
        (tmp_path / "trial.json").write_text(json.dumps(other))
        assert trial_files.key_of(tmp_path) is None
    (tmp_path / "trial.json").write_text("{")
    with pytest.raises(RunError, match=r"trial\.json: expected what a comparison asks of a run, found: Invalid JSON"):
        trial_files.key_of(tmp_path)


@pytest.fixture
def measured_tagger(tagger, tmp_path):
    return with_trial(tagger, tmp_path / "tagger")


@pytest.fixture
def measured_forecaster(forecaster, tmp_path):
    return with_trial(forecaster, tmp_path / "forecaster")


def with_trial(run, copy):
    """Copy a run and measure the copy, which a test may damage."""
    trial_files.save(shutil.copytree(run, copy), "a key", RESOURCES, measured(run)[0])
    return RunDirectory.open(copy)


def test_changed_content_is_named(measured_tagger):
    for name in ("trial.json", "trial.safetensors", "metrics.json", "history.jsonl"):
        path = measured_tagger.path / name
        whole = path.read_bytes()
        path.write_bytes(whole + b" ")
        with pytest.raises(RunError, match=rf"{name}: expected what was written there, found another content"):
            read(measured_tagger.path, "f1")
        path.unlink()
        with pytest.raises(RunError, match=rf"{name}: expected a file of a run, found nothing there"):
            read(measured_tagger.path, "f1")
        path.write_bytes(whole)
    assert read(measured_tagger.path, "f1")


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("trial.json", {"lag": "3"}, "Input should be a valid integer in lag: '3'"),
        ("trial.json", {"lag": -1}, "Input should be greater than or equal to 0 in lag: -1"),
        ("trial.json", {"key": None}, "Input should be a valid string in key: None"),
        ("trial.json", {"speed": -0.5}, "Input should be greater than or equal to 0 in speed: -0.5"),
        ("trial.json", {"by_type": {"f1": [1]}}, r"Input should be an object in by_type.f1: \[1\]"),
        ("trial.json", {"resources": {"cores": 4, "jobs": 2, "threads": 1, "x": 1}}, ".* in resources.x: 1"),
        ("trial.json", {"resources": {"cores": 4, "jobs": 0, "threads": 1}}, ".* in resources.jobs: 0"),
        ("trial.json", {"more": 1}, "Extra inputs are not permitted in more: 1"),
        ("trial.json", {"sentences": []}, "List should have at least 1 item after validation, not 0 in sentences"),
        ("trial.json", {"sentences": [{"tokens": ["a"], "gold": []}]}, "Field required in sentences.0.found"),
        (
            "trial.json",
            {"sentences": [{"tokens": ["a"], "gold": [["PER", 0, 2]], "found": []}]},
            "Value error, expected entities of the sentence's 1 tokens, found one from 0 to 2 in sentences.0",
        ),
        ("metrics.json", {"training": None}, "Input should be an object in training: None"),
        ("metrics.json", {"training": {}}, "Field required in training.parameters"),
        ("run.json", {"versions": {"torch": 2}}, "Input should be a valid string in versions.torch: 2"),
    ],
)
def test_values_that_no_run_has_are_named(measured_tagger, name, change, problem):
    measured_tagger.write_json(name, measured_tagger.read_json(name) | change)
    message = rf"{name}: expected what a comparison asks of a run, found: {problem}"
    with pytest.raises(RunError, match=message):  # noqa: PT012
        trial_files.versions_of(measured_tagger.path)
        read(measured_tagger.path, "f1")


def test_figures_by_another_measure_are_named(measured_tagger):
    with pytest.raises(RunError, match=r"trial\.json: expected a run measured by mse, found one measured by f1"):
        read(measured_tagger.path, "mse")


def test_epochs_that_no_training_has_are_named(measured_tagger):
    lines = (measured_tagger.path / "history.jsonl").read_text().splitlines()
    measured_tagger.write_text("history.jsonl", "\n".join([lines[0], lines[1].replace('"loss"', '"lost"')]))
    with pytest.raises(RunError, match=r"history\.jsonl: expected epoch reports, found: Field required in loss"):
        read(measured_tagger.path, "f1")


def test_an_epoch_score_may_be_nan(measured_tagger):
    reports = measured_tagger.read_history()
    astray = replace(reports[-1], score=replace(reports[-1].score, value=math.nan))
    measured_tagger.write_history([*reports[:-1], astray])
    *scores, last = read(measured_tagger.path, "f1").epoch_scores
    assert scores == [report.score.value for report in reports[:-1]]
    assert math.isnan(last)


def test_tensors_that_no_measurement_has_are_named(measured_tagger, measured_forecaster):
    cases = [
        ("f1.numerator", lambda units: units[:3], r"f1.denominator as float64 \(3\), found float64 \(11,\)"),
        ("f1.numerator", lambda units: units[:0], r"f1.numerator as float64 \(any\), found float64 \(0,\)"),
        ("f1.numerator", lambda units: units[None], r"f1.numerator as float64 \(any\), found float64 \(1, 11\)"),
        ("f1.denominator", lambda units: units.astype(int), r"f1.denominator as float64 \(11\), found int64 \(11,\)"),
        ("f1.numerator", lambda units: units - 9, "nothing below 0 in f1.numerator, found -"),
        ("f1.denominator", lambda units: units / 0.0, "numbers in f1.denominator, found others"),
        ("f1.numerator", None, r"f1.numerator as float64 \(any\), found none"),
    ]
    check_tensors(measured_tagger, "f1", cases)
    examples = len(read(measured_forecaster.path, "mse").examples.units)
    shape = rf"float16 \({examples}, {HORIZON}\), found float16"
    cases = [
        ("past", lambda past: past[1:], rf"past as float16 \({examples}, any\), found float16 \({examples - 1}, "),
        ("forecast", lambda ahead: ahead[:, :1], rf"forecast as {shape} \({examples}, 1\)"),
        ("mse.example", lambda errors: -errors, "nothing below 0 in mse.example, found -"),
        ("mse.example", None, rf"mse.example as float64 \({examples}\), found none"),
    ]
    check_tensors(measured_forecaster, "mse", cases)


def check_tensors(run, measure, cases):
    """Check that each change of a tensor is named in the error."""
    arrays = load_file(run.path / "trial.safetensors")
    for name, change, problem in cases:
        changed = {key: value for key, value in arrays.items() if key != name}
        if change is not None:
            with np.errstate(all="ignore"):
                changed[name] = np.ascontiguousarray(change(arrays[name]))
        run.write("trial.safetensors", lambda path, changed=changed: save_file(changed, path))
        with pytest.raises(RunError, match=rf"trial\.safetensors: expected {problem}"):
            read(run.path, measure)


def test_a_file_that_is_not_safetensors_is_named(measured_tagger):
    bfloat = save({"f1.numerator": torch.zeros(11, dtype=torch.bfloat16)})
    for content, message in (
        (b"nothing", "a safetensors file, found damage: Error while deserializing"),
        (bfloat, "arrays that numpy can read, found 'f1.numerator' of type BF16"),
    ):
        measured_tagger.write("trial.safetensors", lambda path, content=content: path.write_bytes(content))
        with pytest.raises(RunError, match=rf"safetensors: expected {message}"):
            read(measured_tagger.path, "f1")


def test_a_finished_run_is_checked_with_its_trial_or_without(measured_tagger):
    files = measured_tagger.check()
    for name in ("trial.safetensors", "trial.json"):  # in the order in which a killed process leaves them out
        (measured_tagger.path / name).unlink()
    assert measured_tagger.check() == files - 2
    (measured_tagger.path / "trial.json").write_text("{}")
    with pytest.raises(RunError, match=r"trial\.json: expected what was written there"):
        measured_tagger.check()
