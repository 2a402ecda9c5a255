"""The forecaster in Python: tables and files in, tables out, and a refusal for everything else."""

from __future__ import annotations

import doctest
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.pipes import standard_input_as_pipe
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.runs.load import load
from bilstm_nlp.tasks.forecasting import predictor
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.registry import forecasting, restored
from bilstm_nlp.tasks.request import Request
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, ROWS, config, fitted, table


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("forecaster")


@pytest.fixture(scope="module")
def forecaster(folder) -> Forecaster:
    """An untrained forecaster of two targets, with a column known ahead."""
    return fitted(folder, targets=["load", "wind"], known=["holiday"])[0].predictor()


def test_examples_in_docstrings_run(folder):
    names = {"forecaster": fitted(folder, targets=["load", "wind"], known=["holiday"])[0].predictor()}
    names |= {"frame": table(), "ahead": table(ROWS + HORIZON)[ROWS:]}
    result = doctest.testmod(predictor, extraglobs=names)
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize("kind", ["frame", "text", "path", "gzip", "parquet"])
def test_frames_and_files_give_the_same_tables(forecaster, tmp_path, kind):
    frame, known = table(), table(ROWS + HORIZON)[ROWS:]

    def given(rows: pd.DataFrame, name: str) -> pd.DataFrame | str | Path:
        path = tmp_path / f"{name}{'.parquet' if kind == 'parquet' else '.csv.gz' if kind == 'gzip' else '.csv'}"
        rows.to_parquet(path) if kind == "parquet" else rows.to_csv(path, index=False)
        return rows if kind == "frame" else str(path) if kind == "text" else path

    def renamed(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(unique_id="x", ds=rows["ds"].astype("datetime64[us]"))

    ahead = forecaster.forecast(given(frame, "past"), given(known, "known"))
    pd.testing.assert_frame_equal(renamed(ahead), renamed(forecaster.forecast(frame, known)))
    past = forecaster.backtest(given(frame, "past"), windows=2, step=3)
    pd.testing.assert_frame_equal(renamed(past), renamed(forecaster.backtest(frame, windows=2, step=3)))


@pytest.mark.parametrize("value", [48, None, [1.0], b"past.csv", {"y": [1]}, np.zeros((3, 2)), pd.Series([1.0])])
def test_other_values_are_refused_with_what_can_be_taken(forecaster, value):
    rule = r"frame: expected a frame, or the path of a \.csv, \.csv\.gz or \.parquet file, found "
    for call in (forecaster.forecast, forecaster.backtest):
        with pytest.raises(InputError, match=rf"^{rule}{type(value).__name__}"):
            call(value)


def test_a_horizon_in_the_place_of_known_is_refused(forecaster):
    message = (
        r"^known: expected a frame or file with the columns known ahead \(holiday\); for another horizon than the "
        r"training's 4 steps, give horizon \(--horizon\), found int 48$"
    )
    with pytest.raises(InputError, match=message):
        forecaster.forecast(table(), 48)


def test_missing_columns_known_ahead_are_named_as_argument_and_option(forecaster):
    message = r"^known \(--known\): expected a frame or file with holiday for the rows to forecast, found none$"
    with pytest.raises(InputError, match=message):
        forecaster.forecast(table())


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (table(HORIZON), "a frame of 4 rows"),
        ("ahead.csv", "ahead.csv"),
        (Path("ahead.csv"), "ahead.csv"),
        (48, "int 48"),
        ([0.5] * 30, f"list [{'0.5, ' * 11}0.5,…"),
    ],
)
def test_a_model_without_columns_known_ahead_refuses_known(tmp_path, value, described):
    forecaster = fitted(tmp_path)[0].predictor()
    with pytest.raises(InputError) as caught:
        forecaster.forecast(table(), known=value)
    assert str(caught.value) == (
        "known (--known): expected none, as the model was trained without columns known ahead; "
        f"for another horizon than the training's 4 steps, give horizon (--horizon), found {described}"
    )


def test_predict_refuses_known_without_columns_known_ahead(tmp_path):
    table().to_csv(tmp_path / "past.csv", index=False)
    request = Request(str(tmp_path / "past.csv"), known=str(tmp_path / "past.csv"))
    with pytest.raises(InputError, match=r"^known \(--known\): expected none, as the model was trained without"):
        list(fitted(tmp_path)[0].predictor().predictions(request))


def test_a_missing_file_is_named(forecaster, tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv: expected a file, found nothing there"):
        forecaster.backtest(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("sizes", [{"windows": 0}, {"step": 0}, {"windows": -1}])
def test_a_backtest_of_impossible_sizes_is_refused(forecaster, sizes):
    with pytest.raises(InputError, match="expected sizes of at least 1, found horizon 4, windows"):
        forecaster.backtest(table(), **sizes)


def test_repr_tells_columns_sizes_and_scores(forecaster):
    expected = "targets load, wind; known holiday; 4 steps of h ahead from 30 rows; 80% intervals"
    assert repr(forecaster) == f"<Forecaster: {expected}>"
    scored = Forecaster(
        *(forecaster.network, forecaster.codec, forecaster.format, 0.995, forecaster.baselines),
        scores={"validation": 0.51234, "test": 0.25},
    )
    expected = expected.replace("80%", "99.5%")
    assert repr(scored) == f"<Forecaster: {expected}; validation MSE 0.5123; test MSE 0.25>"


def test_a_new_series_is_scaled_by_its_past_alone(tmp_path):
    """A backtest forecasts such a series as if its table ended at the origin."""
    long = pd.concat([table().rename(columns={"date": "ds"}).assign(unique_id=name) for name in ("a", "b")])
    forecaster = fitted(tmp_path, long)[0].predictor()
    new = table().rename(columns={"date": "ds"}).assign(unique_id="c", load=lambda rows: 3 * rows["load"])
    new.loc[ROWS - HORIZON :, ["load", "wind"]] += 1000
    past = forecaster.backtest(new, windows=1)
    ahead = forecaster.forecast(new[: ROWS - HORIZON])
    pd.testing.assert_frame_equal(past.drop(columns=["part", "y"]), ahead)
    assert set(past["part"]) == {"unseen"}
    assert past["forecast"].max() < 1000


def test_names_of_a_single_series_need_not_agree(forecaster, tmp_path):
    frame, known = table(), table(ROWS + HORIZON)[ROWS:]
    expected = forecaster.forecast(frame, known)["forecast"].tolist()
    frame.to_csv(tmp_path / "a.csv", index=False)
    known.to_csv(tmp_path / "b.csv", index=False)
    assert forecaster.forecast(tmp_path / "a.csv", tmp_path / "b.csv")["forecast"].tolist() == expected


# --- reading ---


@pytest.fixture(scope="module")
def plain(folder) -> Forecaster:
    """An untrained forecaster of one target."""
    return fitted(folder, targets=["load"])[0].predictor()


def test_a_table_of_exactly_the_look_back_is_enough(plain):
    last = table()[-LOOK_BACK:]
    expected = plain.forecast(table().assign(load=table()["load"]))
    assert plain.forecast(last)[["ds", "step"]].equals(expected[["ds", "step"]])
    with pytest.raises(InputError, match=rf"expected at least {LOOK_BACK} rows of a series"):
        plain.forecast(last[1:])


@pytest.mark.parametrize("rows", [1, 2])
def test_look_backs_too_short_to_tell_a_frequency_are_read(tmp_path, rows):
    forecaster = fitted(tmp_path, targets=["load"], look_back=rows)[0].predictor()
    hours = pd.date_range("2024-03-13 12:00", periods=HORIZON, freq="h")
    assert forecaster.forecast(table()[-rows:])["ds"].tolist() == list(hours)


def test_tables_of_another_frequency_are_refused_with_the_row(plain):
    daily = table().assign(date=pd.date_range("2024-03-01", periods=ROWS, freq="D"))
    for call in (plain.forecast, plain.backtest):
        with pytest.raises(
            InputError, match=r"^frame: expected series of frequency h, as in training, found D: .* in row 2$"
        ):
            call(daily)


def test_frames_may_have_dates_in_their_index(plain):
    expected = plain.forecast(table())["forecast"].tolist()
    indexed = table().set_index("date")[["load"]]
    for frame in (indexed, indexed.rename_axis(None), indexed.to_period("h"), indexed["load"], pyarrow.table(table())):
        assert plain.forecast(frame)["forecast"].tolist() == expected


def test_the_same_remark_is_given_once(folder, caplog):
    forecaster = fitted(folder, targets=["load"])[0].predictor()
    renamed = table().rename(columns={"date": "when"})
    for _ in range(3):
        forecaster.forecast(renamed)
    assert [record.message for record in caplog.records].count("frame: column 'when' is read as the date") == 1


def test_standard_input_is_forecast_as_a_file_is(plain, tmp_path, monkeypatch):
    table().to_csv(tmp_path / "x.csv", index=False)
    with open(tmp_path / "x.csv", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        (given,) = plain.predictions(Request("-"))
    (expected,) = plain.predictions(Request(str(tmp_path / "x.csv")))
    assert given.replace(b"series,", b"x,") == expected


def test_standard_input_through_a_pipe_is_forecast_as_a_file_is(plain, tmp_path, monkeypatch):
    table().to_csv(tmp_path / "x.csv", index=False)
    read, write = os.pipe()
    os.write(write, (tmp_path / "x.csv").read_bytes())
    os.close(write)
    with open(read, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        with standard_input_as_pipe():  # as the command line reads it
            (given,) = plain.predictions(Request("-"))
    (expected,) = plain.predictions(Request(str(tmp_path / "x.csv")))
    assert given.replace(b"series,", b"x,") == expected


def test_numbered_rows_are_forecast_with_numbers(tmp_path):
    numbered = table().rename(columns={"date": "step"}).assign(step=range(1, ROWS + 1))[["step", "load"]]
    forecaster = fitted(tmp_path, numbered)[0].predictor()
    assert forecaster.forecast(numbered)["ds"].tolist() == list(range(ROWS + 1, ROWS + HORIZON + 1))
    assert forecaster.forecast(numbered[-LOOK_BACK:])["origin"].tolist() == [ROWS] * HORIZON
    back = forecaster.backtest(numbered, windows=2)
    assert back["ds"].tolist() == [*range(ROWS - 4, ROWS), *range(ROWS - 3, ROWS + 1)]
    assert back["y"].tolist() == [numbered["load"][step - 1] for step in back["ds"]]


def test_known_columns_must_begin_with_the_horizon(forecaster):
    ahead = table(ROWS + HORIZON)[ROWS:].assign(holiday=[np.nan, 1, 1, 1])
    with pytest.raises(InputError, match="expected a number in column 'holiday', found nothing in row 1"):
        forecaster.forecast(table(), ahead)


# --- a saved run ---

SAVED = Path(__file__).parent.parent.parent / "runs" / "0.1.0" / "forecaster"


def test_repr_of_a_saved_run_tells_its_scores():
    results = json.loads((SAVED / "metrics.json").read_text())
    expected = [f"{part} MSE {results[part]['mse']:.4g}" for part in ("validation", "test")]
    assert repr(load(SAVED)).removesuffix(">").split("; ")[-2:] == expected


def test_prediction_does_not_read_baselines_but_evaluation_does():
    config = parse(json.loads((SAVED / "config.json").read_text()), "config.json")
    codec = json.loads((SAVED / "codec.json").read_text()) | {"naive_errors": None, "season": None}
    forecaster = restored(config, codec, {}).predictor
    assert isinstance(forecaster, Forecaster)
    with pytest.raises(RunError, match=r"codec\.json: season: expected a valid integer, found None"):
        forecaster.baselines()


def test_a_codec_of_other_sizes_than_the_config_is_refused():
    config = parse(json.loads((SAVED / "config.json").read_text()), "config.json")
    codec = json.loads((SAVED / "codec.json").read_text())
    with pytest.raises(RunError, match=r"codec\.json: expected look_back and horizon .* as in config\.json, found"):
        restored(config, codec | {"look_back": codec["look_back"] + 1}, {})


# --- time zones ---


def in_berlin() -> pd.DataFrame:
    """Make a table over the change to summer time, with the zone in its dates."""
    return table().assign(date=pd.date_range("2024-03-25", periods=ROWS, freq="h", tz="Europe/Berlin"))


def zoned_forecaster(folder: Path, frame: pd.DataFrame):
    """Return a calibrated forecaster with features of the calendar, and the forecasts of its own file."""
    settings = config(folder, calendar="cyclic")
    file = folder / "zoned.parquet"
    frame.to_parquet(file, index=False)
    settings = settings.model_copy(update={"data": settings.data.model_copy(update={"file": str(file)})})
    prepared = forecasting(settings).prepare()
    prepared.calibrate()
    return prepared.predictor(), prepared.predictor().forecast(file)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "+05:30"])
def test_input_of_another_zone_is_converted_to_that_of_training(tmp_path, zone):
    forecaster, expected = zoned_forecaster(tmp_path, in_berlin())
    other = in_berlin().assign(date=in_berlin()["date"].dt.tz_convert(zone))
    pd.testing.assert_frame_equal(
        forecaster.forecast(other).drop(columns="unique_id"), expected.drop(columns="unique_id")
    )
    assert str(expected["ds"].dt.tz) == "Europe/Berlin"


def test_input_without_a_zone_is_taken_to_be_of_that_of_training(tmp_path, caplog):
    forecaster, expected = zoned_forecaster(tmp_path, in_berlin())
    naive = in_berlin()[200:].assign(date=lambda rows: rows["date"].dt.tz_localize(None))
    assert forecaster.forecast(naive)["ds"].tolist() == expected["ds"].tolist()
    assert "dates have no time zone: they are taken to be of Europe/Berlin, that of training" in caplog.text


def test_zone_after_a_training_without_any_is_said(tmp_path, caplog):
    forecaster, _ = zoned_forecaster(tmp_path, table())
    forecaster.forecast(in_berlin())
    assert "dates are in Europe/Berlin, but those of training had no time zone" in caplog.text
