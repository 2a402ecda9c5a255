"""Settings chosen for a file of series: they can be trained with, whatever the length, the frequency and the number."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import load as load_config
from bilstm_nlp.config.reading import flat
from bilstm_nlp.data.series.frequencies import grid
from bilstm_nlp.data.series.series import Series, SeriesSet
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.tasks import registry
from bilstm_nlp.tasks.forecasting import defaults, file_config, requirements
from bilstm_nlp.tasks.forecasting.facts import Facts
from bilstm_nlp.tasks.registry import forecasting

FREQUENCIES = ["YS", "QS", "MS", "W", "D", "B", "h", "30min", "15min", "min", "step"]


def settings_for(lengths: list[int], frequency: str, **given: object):
    keys = {key.replace("__", "."): value for key, value in given.items()}
    choices = defaults.choose(Facts(frequency, lengths), keys)
    return file_config.with_choices("s.csv", keys, choices)


def problems(lengths: list[int], settings, frequency: str) -> list[str]:
    series = [
        Series(f"s{number}", pd.RangeIndex(length), np.ones((length, 1)), ("y",), np.arange(length))
        for number, length in enumerate(lengths)
    ]
    data = forecasting(settings).loader.split(SeriesSet("s.csv", series, ("y",), frequency))
    return requirements.problems(settings, data)


@pytest.mark.slow
@pytest.mark.parametrize("frequency", FREQUENCIES)
@pytest.mark.parametrize("count", [1, 2, 30])
def test_any_length_from_ten_rows_can_be_trained_on(frequency, count):
    for length in (*range(10, 80), 144, 500, 4032, 20_000 // count):
        lengths = [length + 3 * number for number in range(count)]
        assert problems(lengths, settings_for(lengths, frequency), frequency) == [], (frequency, length)


@pytest.mark.parametrize("horizon", [1, 5, 24])
def test_given_horizon_is_kept_or_the_least_rows_are_said(horizon):
    for length in range(10, 120):
        if length < least_rows(horizon):
            with pytest.raises(
                InputError, match=f"at least {least_rows(horizon)} rows .* {horizon}, found {length} in"
            ):
                settings_for([length], "D", data__horizon=horizon)
        else:
            settings = settings_for([length], "D", data__horizon=horizon)
            assert settings.data.horizon == horizon
            assert problems([length], settings, "D") == []


def least_rows(horizon: int) -> int:
    """Three horizons, one for each part, and a row to forecast from."""
    return 3 * horizon + 1


@pytest.mark.parametrize("interval", [0.5, 0.95])
def test_given_level_and_look_back_are_kept(interval):
    settings = settings_for([200], "MS", interval=interval, data__look_back=5)
    assert (settings.interval, settings.data.look_back) == (interval, 5)
    assert problems([200], settings, "MS") == []


@pytest.mark.parametrize(
    ("frequency", "horizon", "look_back"),
    [("MS", 12, 108), ("QS", 8, 36), ("YS", 6, 24), ("D", 14, 63), ("h", 24, 168)],
)
def test_long_series_get_seasons_of_their_frequency(frequency, horizon, look_back):
    data = settings_for([5000], frequency).data
    assert (data.horizon, data.look_back) == (horizon, look_back)


def test_shorter_series_than_ten_rows_are_refused():
    with pytest.raises(InputError, match="expected a series of at least 10 rows, found 9 in the longest"):
        defaults.choose(Facts("D", [3, 9]), {})


def test_unequal_series_are_drawn_alike_and_gaps_filled():
    chosen = {choice.key: choice.value for choice in defaults.choose(Facts("D", [40, 80], filled=3), {})}
    assert (chosen["data.sampling"], chosen["data.missing"]) == ("series", "interpolate")
    alike = {choice.key for choice in defaults.choose(Facts("D", [40, 79]), {})}
    assert not alike & {"data.sampling", "data.missing"}


def chosen_for(values: np.ndarray, frequency: str, **given: object) -> dict[str, Any]:
    """Choose settings for a single column, and return them by key."""
    keys = {key.replace("__", "."): value for key, value in given.items()}
    choices = defaults.choose(Facts(frequency, [len(values)], values=[values[:, None]]), keys)
    return {choice.key: choice.value for choice in choices}


ROWS = np.arange(400)
NOISE = np.random.default_rng(1).normal(size=400)


def test_values_that_grow_by_percentages_get_logarithms_and_trend():
    chosen = chosen_for(100 * np.exp(0.02 * ROWS[:200] + 0.01 * NOISE[:200]), "MS")
    assert (chosen["data.transform"], chosen["data.lower"], chosen["input.damping"]) == ("log1p", 0.0, 1.0)


def test_negative_value_of_any_part_forbids_logarithms():
    values = 100 * np.exp(0.02 * ROWS[:200])
    values[-1] = -1.0
    assert not {"data.transform", "data.lower"} & chosen_for(values, "MS").keys()


def test_values_near_each_other_keep_their_units():
    assert "data.transform" not in chosen_for(100 + NOISE, "MS")


@pytest.mark.parametrize("seed", range(1, 5))
def test_random_walk_of_days_begins_at_its_last_value(seed):
    steps = np.random.default_rng(seed).normal(size=1500)
    chosen = chosen_for(np.cumsum(steps), "D")
    assert (chosen["input.damping"], chosen["input.trend_smoothing"]) == (0.0, 0.0)


def test_weeks_of_hours_have_a_week_as_season():
    hours = np.arange(24 * 7 * 8)
    days = np.sin(hours / 24 * 2 * np.pi)
    weeks = np.where(hours // 24 % 7 >= 5, 3.0, 0.0)
    chosen = chosen_for(days + weeks, "h")
    assert (chosen["data.season"], chosen["data.horizon"], chosen["data.look_back"]) == (168, 24, 504)
    assert (chosen["input.rows"], chosen["head.bypass"]) == (192, {"kind": "linear"})
    assert not {"data.season", "head.bypass"} & chosen_for(days, "h").keys()
    assert "data.season" not in chosen_for(days + weeks, "h", data__season=24)


@pytest.mark.parametrize("period", [4, 7, 12, 24])
def test_numbered_rows_have_the_season_of_their_values(period):
    chosen = chosen_for(5 * np.sin(ROWS / period * 2 * np.pi) + NOISE, "step")
    assert chosen["data.season"] == period


def test_numbered_rows_of_noise_have_no_season():
    assert "data.season" not in chosen_for(NOISE, "step")
    assert "data.season" not in chosen_for(np.cumsum(NOISE), "step")


def test_another_normalisation_has_no_trend_to_begin_at():
    chosen = chosen_for(NOISE, "D", input__normalisation="last")
    assert not {"input.normalisation", "input.damping", "input.trend_smoothing"} & chosen.keys()
    settings = settings_for([400], "D", input__normalisation="last")
    assert problems([400], settings, "D") == []


def test_columns_known_ahead_have_linear_effects():
    assert chosen_for(NOISE, "D", data__known=["price"])["input.effects"] == "linear"
    assert "input.effects" not in chosen_for(NOISE, "D", data__known=[])


def test_windows_are_not_mirrored_beside_observed_columns():
    assert chosen_for(NOISE, "step")["training.mirror"] == 0.5
    assert "training.mirror" not in chosen_for(NOISE, "step", data__observed=["price"])


def test_more_training_rows_get_more_steps_and_a_larger_encoder():
    small, large = settings_for([60], "MS"), settings_for([200] * 100, "MS")
    assert small.training.steps < large.training.steps
    assert small.encoder.hidden < large.encoder.hidden


def test_batch_of_many_columns_has_fewer_windows():
    sizes = [
        {choice.key: choice.value for choice in defaults.choose(Facts("MS", [200], columns), {})}["training.batch_size"]
        for columns in (1, 4, 400)
    ]
    assert sizes == [32, 8, 4]


def test_lone_series_validates_on_twice_its_test_part():
    split = settings_for([120], "MS").data.split
    assert (split.validation, split.test) == (24, 12)
    longer = settings_for([500], "MS").data.split
    assert (longer.validation, longer.test) == (100, 50)
    panel = settings_for([120] * 10, "MS").data.split
    assert (panel.validation, panel.test) == (12, 12)


def business_days(tmp_path, absent: list[int]) -> str:
    """Write 300 business days but those with these numbers."""
    dates = pd.date_range("2024-01-01", periods=300, freq="B").delete(absent)
    path = tmp_path / "shares.csv"
    pd.DataFrame({"date": dates, "y": np.cumsum(NOISE[: len(dates)])}).to_csv(path, index=False)
    return str(path)


def test_business_days_with_holidays_have_the_days_of_the_file(tmp_path):
    source = business_days(tmp_path, [0, 64, 110, 111, 260])
    choices = {choice.key: choice for choice in file_config.chosen(source)[1]}
    assert choices["data.frequency"].value == "observed"
    assert choices["data.frequency"].reason == "4 business days have no row, as holidays have none"
    assert "data.missing" not in choices
    assert len(forecasting(registry.load(source)).loader.load().series_set.series[0]) == 295


@pytest.mark.parametrize("absent", [[], list(range(100, 106)), list(range(20, 280, 5))])
def test_long_or_many_gaps_are_no_holidays(tmp_path, absent):
    choices = {choice.key for choice in file_config.chosen(business_days(tmp_path, absent))[1]}
    assert "data.frequency" not in choices
    assert ("data.missing" in choices) == bool(absent)


def test_value_out_of_proportion_gets_a_robust_scaler(sales):
    path = Path(sales)
    lines = path.read_text().splitlines()
    lines[20] = lines[20].split(",")[0] + ",5000000,3"
    path.write_text("\n".join(lines))
    choices = {choice.key: choice for choice in file_config.chosen(sales)[1]}
    assert choices["data.scaler"].value == "robust"
    assert "column 'sales' of series 'sales' is 5e+06 at 2016-08-01 00:00:00 (line or row 21)" in str(
        choices["data.scaler"]
    )


@pytest.fixture
def sales(tmp_path):
    """Write 60 months of two columns."""
    dates = grid(pd.date_range("2015-01-01", periods=60, freq="MS"), "MS")
    path = tmp_path / "sales.csv"
    frame = pd.DataFrame({"date": dates, "sales": np.sin(np.arange(60)) + 5, "price": np.arange(60.0)})
    frame.to_csv(path, index=False)
    return str(path)


def test_file_written_for_a_file_means_the_same_as_the_choice(sales, tmp_path):
    overrides = ['data.known=["price"]', "encoder.cell=gru", "data.horizon=6"]
    text = defaults.as_file(sales, *file_config.chosen(sales, overrides))
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    assert load_config(tmp_path / "own.toml") == registry.load(sales, overrides)
    lines = text.splitlines()
    chosen = [choice.key for choice in file_config.chosen(sales, overrides)[1]]
    assert "data.horizon" not in chosen
    values = tomllib.loads(text)
    assert values["data"]["known"] == ["price"]
    assert sum(line.startswith("# ") for line in lines) == 1 + len(chosen)
    assert set(chosen) <= set(flat(values)) | {"data.split", "input.reader", "head.bypass", "head.objective"} | {
        "training.optimizer",
        "training.schedule",
    }


def test_few_given_steps_are_as_many_epochs(sales):
    training = registry.load(sales, ["training.steps=4"]).training
    assert (training.steps, training.epochs) == (4, 4)


@pytest.mark.parametrize(("epochs", "steps"), [(1, 20), (3, 60), (20, 400)])
def test_given_epochs_have_the_steps_of_chosen_ones(sales, epochs, steps):
    usual = registry.load(sales).training
    assert (usual.epochs, usual.steps) == (10, 200)
    training = registry.load(sales, [f"training.epochs={epochs}"]).training
    assert (training.epochs, training.steps) == (epochs, steps)


def test_given_rows_of_the_encoder_are_bounded_by_the_chosen_look_back(sales):
    assert registry.load(sales, ["input.rows=20"]).input.rows == 20
    with pytest.raises(ConfigError, match=r"input: expected rows of at most data.look_back, [1-5]?[0-9], found .*200"):
        registry.load(sales, ["input.rows=200"])


def test_part_of_a_table_that_is_given_replaces_the_choice(sales):
    config = registry.load(sales, ["input.reader.kind=patches", "input.reader.length=6"])
    assert (config.input.reader.kind, config.input.reader.length) == ("patches", 6)


def test_choice_for_a_file_with_gaps_interpolates(sales):
    path = Path(sales)
    lines = path.read_text().splitlines()
    lines[10] = lines[10].rpartition(",")[0] + ","
    path.write_text("\n".join(lines))
    assert registry.load(sales).data.missing == "interpolate"
    assert registry.load(sales, ["data.missing=ffill"]).data.missing == "ffill"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["task=tagging"], "task: expected forecasting for a file of series"),
        (["data.horizn=3"], "did you mean data.horizon"),
        (["data.horizon=0"], "data.horizon: expected"),
        (["horizon"], "expected KEY=VALUE"),
    ],
)
def test_wrong_overrides_are_named_before_the_file_is_read(overrides, message):
    with pytest.raises(ConfigError) as caught:
        registry.load("not-there.csv", overrides)
    assert message in str(caught.value)


def test_choice_is_a_line_with_its_reason(sales, caplog):
    caplog.set_level("INFO")
    registry.load(sales)
    assert "chose data.horizon = 10: a sixth of the shortest series, 60 rows" in caplog.messages
