"""Static columns and categories known ahead: read, learned from, and said if they are unknown or missing."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.errors import ConfigError, DataError, InputError
from bilstm_nlp.runs import backtest
from bilstm_nlp.runs.evaluate import evaluate
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.forecasting.batches import UNKNOWN, training_batch
from bilstm_nlp.tasks.forecasting.ensemble import Ensemble
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.registry import forecasting, load
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit

ROWS, LOOK_BACK, HORIZON, SERIES = 60, 8, 3, 8
REGIONS = {"north": 1, "south": -1}


def panel(rows: int = ROWS, first: int = 0) -> pd.DataFrame:
    """Make series that a promotion raises in the north and lowers in the south.

    A look-back of two rows seldom has a promotion.
    """
    blocks = []
    for number in range(SERIES):
        generator = np.random.default_rng(number)
        promo = np.where(generator.random(rows + 20) < 0.25, "promo", "")
        noise = generator.normal(scale=0.1, size=rows + 20)
        region = list(REGIONS)[number % 2]
        blocks.append(
            pd.DataFrame(
                {
                    "unique_id": f"s{number}",
                    "ds": pd.date_range("2024-01-01", periods=rows + 20),
                    "y": 10 + 5 * REGIONS[region] * (promo == "promo") + noise,
                    "event": promo,
                    "region": region,
                    "size": float(number),
                }
            )[first:rows]
        )
    return pd.concat(blocks, ignore_index=True)


def stores() -> pd.DataFrame:
    """Return the static columns, a row for each series."""
    return panel().drop_duplicates("unique_id")[["unique_id", "region", "size"]]


def config(folder: Path, frame: pd.DataFrame | None = None, *, epochs: int = 1, **data: object):
    path = folder / "panel.csv"
    (panel() if frame is None else frame).to_csv(path, index=False)
    split = {"kind": "last", "validation": 12, "test": 12}
    sizes = {"look_back": LOOK_BACK, "horizon": HORIZON, "split": split}
    values = {
        "task": "forecasting",
        "data": {"file": str(path), "targets": ["y"], "known": ["event"], **sizes, **data},
        "input": {"reader": {"kind": "steps"}, "normalisation": "none"},
        "encoder": {"hidden": 12, "dropout": 0.0},
        "training": {"epochs": epochs, "batch_size": 16, "optimizer": {"kind": "adam", "learning_rate": 0.01}},
    }
    return parse(values, "a test")


def prepared(folder: Path, frame: pd.DataFrame | None = None, **data: object):
    return forecasting(config(folder, frame, **data)).prepare()


def forecaster_of(folder: Path, frame: pd.DataFrame | None = None, **data: object) -> Forecaster:
    """Return an untrained forecaster: its forecasts differ if its inputs do."""
    fitted = prepared(folder, frame, **data)
    fitted.calibrate()
    return fitted.predictor()


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory) -> Forecaster:
    return forecaster_of(tmp_path_factory.mktemp("covariates"), static=["region", "size"])


AHEAD = panel(ROWS + HORIZON, ROWS)[["unique_id", "ds", "event"]]


def points(forecaster: Forecaster, frame: pd.DataFrame, known: pd.DataFrame = AHEAD, **options) -> list[float]:
    return forecaster.forecast(frame, known, **options)["forecast"].tolist()


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of series that training has not seen."""
    return frame.assign(unique_id="new " + frame["unique_id"])


# --- what is learned ---


@pytest.mark.slow
def test_a_static_category_decides_an_effect_that_the_past_hides(tmp_path):
    errors = {}
    for name, static in (("with", ["region"]), ("without", [])):
        chosen = config(tmp_path, epochs=20, static=static, look_back=2)
        fitted = forecasting(chosen).prepare()
        for _ in fit(fitted.model, fitted.batches, fitted.scorer(), settings(chosen)):
            pass
        results = fitted.finish()["test"]
        errors[name] = results["own_units"]["mae"]
        assert results["leakage"] == 0
    assert errors["with"] < 0.4 * errors["without"]


def test_training_makes_some_categories_and_static_values_unknown(tmp_path):
    fitted = prepared(tmp_path, static=["region", "size"])
    codec, windows = fitted.codec.series, fitted.windows.training
    numbers = np.arange(len(windows))
    whole, batch = codec.batch(windows, numbers), training_batch(codec, windows, numbers, [1, 1, 0])
    flags = batch.facts[:, 0, 1]
    assert set(np.unique(flags)) == {0, 1}
    assert (batch.facts[flags == 1, 0, 0] == 0).all()
    assert np.array_equal(batch.facts[flags == 0], whole.facts[flags == 0])
    for dropped in (flags == 1, batch.static_codes[:, 0, 0] == 0):
        assert 0.2 * UNKNOWN < dropped.mean() < 3 * UNKNOWN
    changed = batch.known_codes != whole.known_codes
    assert 0.2 * UNKNOWN < changed.any(axis=(1, 2)).mean() < 4 * UNKNOWN
    assert (batch.known_codes[changed] == 0).all()
    assert (whole.known_codes > 0).all()
    # a label is unknown in all rows of its window
    for before, after in ((whole.past_codes, batch.past_codes), (whole.known_codes, batch.known_codes)):
        for label in (1, 2):
            lost = ((before == label) & (after == 0)).any(axis=(1, 2))
            assert not ((after == label).any(axis=(1, 2)) & lost).any()
    again = training_batch(codec, windows, numbers, [1, 1, 0])
    assert np.array_equal(again.known_codes, batch.known_codes)


def test_mirrored_windows_beside_categories_are_warned_of(tmp_path, caplog):
    chosen = config(tmp_path, static=["region"])
    forecasting(chosen).prepare()
    assert "training.mirror" not in caplog.text
    training = chosen.training.model_copy(update={"mirror": 0.5})
    forecasting(chosen.model_copy(update={"training": training})).prepare()
    assert "training.mirror = 0.5: mirrored windows have the effects of region, event mirrored too" in caplog.text


def test_settings_chosen_for_categories_do_not_mirror(tmp_path):
    plain, full = panel()[["unique_id", "ds", "y"]], panel()
    for frame, overrides, mirror in (
        (plain, [], 0.5),
        (plain.assign(event=full["event"]), ["data.known=['event']"], 0.0),
        (plain.assign(region=full["region"]), ["data.static=['region']"], 0.0),
    ):
        frame.to_csv(tmp_path / "panel.csv", index=False)
        assert load(str(tmp_path / "panel.csv"), overrides).training.mirror == mirror


# --- what a forecast depends on ---


def test_forecasts_depend_on_static_columns_and_known_categories(forecaster):
    plain = points(forecaster, panel())
    swapped = panel().assign(region=lambda rows: rows["region"].map({"north": "south", "south": "north"}))
    assert points(forecaster, swapped) != plain
    assert points(forecaster, panel().assign(size=lambda rows: rows["size"] + 1)) != plain
    assert points(forecaster, panel(), AHEAD.assign(event="promo")) != plain


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"input": {"channels": "joint"}},
        {"input": {"normalisation": "theta", "rows": 4}},
        {"input": {"reader": {"kind": "patches", "length": 4, "stride": 4, "size": 8}}},
        {"head": {"objective": {"kind": "quantile"}}},
        {"data": {"min_past": 3, "calendar": "cyclic", "scaler": "min-max"}},
    ],
    ids=["joint", "theta", "patches", "quantile", "padded"],
)
def test_every_model_reads_its_covariates(tmp_path, changed):
    values = config(tmp_path, static=["region", "size"]).model_dump()
    for section, keys in changed.items():
        values[section] |= keys
    fitted = forecasting(parse(values, "a test")).prepare()
    torch.nn.init.normal_(fitted.model.head.decoder.projection.weight)  # theta begins at 0
    fitted.calibrate()
    forecaster, short = fitted.predictor(), panel().groupby("unique_id").tail(LOOK_BACK)
    plain = forecaster.forecast(short, AHEAD)
    assert np.isfinite(plain[["forecast", "lower", "upper"]]).all(axis=None)
    for other in (short.assign(region="south"), short.assign(size=3.0)):
        assert (forecaster.forecast(other, AHEAD)["forecast"] != plain["forecast"]).any()
    assert (forecaster.forecast(short, AHEAD.assign(event="promo"))["forecast"] != plain["forecast"]).any()
    # inputs of a run's replay, alone and together
    inputs = json.loads(json.dumps(fitted.examples()))
    together = [answer.numbers for answer in forecaster.answers(inputs)]
    alone = [forecaster.answers([each])[0].numbers for each in inputs]
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_orders_of_rows_and_columns_change_nothing(forecaster, tmp_path):
    plain = points(forecaster, panel())
    mixed = panel()[["size", "event", "y", "region", "ds", "unique_id"]].sort_values("ds", kind="stable")
    mixed.to_csv(tmp_path / "mixed.csv", index=False)
    for table in (mixed, tmp_path / "mixed.csv"):
        given = forecaster.forecast(table, AHEAD[::-1].sort_values("ds", kind="stable"))
        assert given.sort_values(["unique_id", "step"])["forecast"].tolist() == plain


def test_labels_of_other_files_mean_the_same(forecaster):
    """The rows to forecast have one category alone, and the past may lack it."""
    calm = panel().assign(event="")
    expected = points(forecaster, calm, AHEAD.assign(event="promo"))
    both = pd.concat([calm, AHEAD.assign(event="promo", y=np.nan)]).sort_values(["unique_id", "ds"])
    both[["region", "size"]] = both.groupby("unique_id")[["region", "size"]].ffill()
    assert forecaster.forecast(both)["forecast"].tolist() == expected
    both.loc[both["y"].isna(), ["region", "size"]] = None
    assert forecaster.forecast(both)["forecast"].tolist() == expected
    categorical = calm.astype({"event": "category", "region": "category"})
    assert points(forecaster, categorical, AHEAD.assign(event="promo")) == expected


def test_backtest_equals_the_forecast_of_the_rows_before(forecaster):
    for frame in (panel(), renamed(panel())):
        past = forecaster.backtest(frame, windows=1)
        cut = frame[frame["ds"] < past["ds"].min()]
        ahead = forecaster.forecast(cut, frame[frame["ds"] >= past["ds"].min()][["unique_id", "ds", "event"]])
        assert past["forecast"].tolist() == ahead["forecast"].tolist()
        assert past["upper"].tolist() == ahead["upper"].tolist()


@pytest.mark.parametrize("horizon", [2, 7])
def test_other_horizons_read_the_categories_of_their_rows(forecaster, horizon):
    known = panel(ROWS + max(horizon, HORIZON), ROWS)[["unique_id", "ds", "event"]]
    plain = points(forecaster, panel(), known, horizon=horizon)
    assert len(plain) == SERIES * horizon
    assert points(forecaster, panel(), known.assign(event="promo"), horizon=horizon) != plain


# --- where static values come from ---


def test_known_series_have_the_static_values_of_training(forecaster):
    bare = panel().drop(columns=["region", "size"])
    assert points(forecaster, bare) == points(forecaster, panel())


def test_new_series_take_static_values_from_columns_or_a_table(forecaster, tmp_path):
    new, ahead = renamed(panel()), renamed(AHEAD)
    bare, table = new.drop(columns=["region", "size"]), renamed(stores())
    expected = points(forecaster, new, ahead)
    table.sample(frac=1, random_state=1).to_csv(tmp_path / "stores.csv", index=False)
    other = table.rename(columns={"unique_id": "store"})
    for given in (table, tmp_path / "stores.csv", table.set_index("unique_id"), other):
        assert points(forecaster, bare, ahead, static=given) == expected
    with pytest.raises(InputError, match=r"static \(--static\): expected a column 'region' of frame, or a frame"):
        forecaster.forecast(bare, ahead)


def test_unknown_values_are_counted_and_named(forecaster, caplog):
    new, ahead = renamed(panel()), renamed(AHEAD)
    new.loc[new["unique_id"] == "new s3", "region"] = "west"
    ahead.loc[ahead["unique_id"] == "new s1", "event"] = "festival"
    table = renamed(stores())[["unique_id", "size"]][:6]
    forecaster.codec.said.clear()
    forecaster.forecast(new.drop(columns="size"), ahead, static=table)
    for message in (
        "static column 'region' is 'west', which no training row has: read as unknown, in 1 series: 'new s3'",
        "static column 'size' has no value, and is read as unknown, in 2 series: 'new s6', 'new s7'",
        "column 'event' has 'festival', which no training row has: read as unknown, in 1 series: 'new s1' (3 rows, "
        "the first at 2024-03-01 00:00:00)",
    ):
        assert caplog.text.count(message) == 1


def test_unknown_values_are_forecast_alike(forecaster):
    """No label means another's vector, and no missing number is 0."""
    west, east = (panel().assign(region=name) for name in ("west", "east"))
    assert points(forecaster, west) == points(forecaster, east)
    assert points(forecaster, west) not in [points(forecaster, panel().assign(region=name)) for name in REGIONS]
    new, ahead = renamed(panel()), renamed(AHEAD)
    without = points(forecaster, new.drop(columns="size").assign(size=np.nan), ahead)
    mean = stores()["size"].mean()
    assert without not in [points(forecaster, new.assign(size=size), ahead) for size in (0, mean)]


def test_other_static_values_than_in_training_are_said(forecaster, caplog):
    frame = panel()
    frame.loc[frame["unique_id"] == "s0", "region"] = "south"
    forecaster.codec.said.clear()
    forecaster.forecast(frame, AHEAD)
    assert "static column 'region' is 'south', not 'north' as in training, in 1 series: 's0'" in caplog.text


def test_static_numbers_have_one_scale_and_flags_stay(tmp_path):
    frame = panel().assign(open=lambda rows: (rows["size"] > 2).astype(int))
    fitted = prepared(tmp_path, frame, static=["size", "open"])
    facts = fitted.windows.validation.panel.facts
    sizes = np.arange(SERIES)
    assert np.allclose(facts[:, 0, 0], (sizes - sizes.mean()) / sizes.std())
    assert facts[:, 0, 1].tolist() == (sizes > 2).tolist()
    assert (facts[:, 0, 2:] == 0).all()


def test_names_of_series_can_be_a_static_category(tmp_path):
    forecaster = forecaster_of(tmp_path, static=["unique_id"])
    same = panel()[panel()["unique_id"] == "s0"]
    both = pd.concat([same, same.assign(unique_id="s1")])
    ahead = AHEAD[AHEAD["unique_id"] == "s0"]
    values = points(forecaster, both, pd.concat([ahead, ahead.assign(unique_id="s1")]))
    assert values[:HORIZON] != values[HORIZON:]


# --- a second file of training ---


@pytest.mark.slow
def test_a_second_file_equals_columns_of_the_first(tmp_path):
    stores().to_csv(tmp_path / "stores.csv", index=False)
    columns = forecaster_of(tmp_path, static=["region", "size"])
    bare = panel().drop(columns=["region", "size"])
    for static in ([], ["region", "size"]):
        second = forecaster_of(tmp_path, bare, static=static, static_file=str(tmp_path / "stores.csv"))
        assert second.codec.columns.static == ("region", "size")
        assert points(second, bare) == points(columns, panel())
        assert codec_json(second.codec) == codec_json(columns.codec)


@pytest.mark.parametrize("rows", ["drop", "empty"])
def test_a_missing_static_value_is_an_error_or_unknown(tmp_path, caplog, rows):
    table = stores()
    table = table[table["unique_id"] != "s4"] if rows == "drop" else table.replace({"size": {4.0: np.nan}})
    table.to_csv(tmp_path / "stores.csv", index=False)
    bare, second = panel().drop(columns=["region", "size"]), str(tmp_path / "stores.csv")
    message = r"stores.csv: expected a value of static column '.*' for every series, found none for 1: 's4'; data"
    with pytest.raises(DataError, match=message):
        prepared(tmp_path, bare, static_file=second)
    fitted = prepared(tmp_path, bare, static_file=second, missing="ffill")
    assert "static column 'size' has no value in 1 series, read as unknown: 's4'" in caplog.text
    assert fitted.windows.validation.panel.facts[:, 0, 1].tolist() == [float(number == 4) for number in range(SERIES)]


def test_wide_files_have_static_columns_of_their_targets(tmp_path):
    wide = panel().pivot(index="ds", columns="unique_id", values="y").rename_axis(columns=None)
    wide = wide.reset_index(names="date")
    stores().to_csv(tmp_path / "stores.csv", index=False)
    targets = [f"s{number}" for number in range(SERIES)]
    fitted = prepared(tmp_path, wide, targets=targets, known=[], static_file=str(tmp_path / "stores.csv"))
    facts = fitted.windows.validation.panel.facts
    assert facts.shape == (1, SERIES, 3)
    assert facts[0, :, 2].tolist() == [1.0, 2.0] * (SERIES // 2)
    fitted.calibrate()
    forecaster = fitted.predictor()
    plain, swapped = forecaster.forecast(wide), forecaster.forecast(wide, static=stores().assign(region="north"))
    changed = (plain["forecast"] != swapped["forecast"]).groupby(plain["column"]).any()
    assert changed.to_dict() == {name: number % 2 == 1 for number, name in enumerate(targets)}


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ({"static": ["colour"]}, ConfigError, r"data.static: expected columns of .*panel.csv, found 'colour'"),
        (
            {"static": ["region"], "categorical": ["size"]},
            ConfigError,
            "data.categorical: expected columns of data.known",
        ),
        ({"static": ["event"]}, ConfigError, "data: expected each column in one role, found 'event' in two"),
        ({"static_file": "nowhere.csv"}, DataError, "nowhere.csv: expected a file, found nothing there"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, data, error, message):
    with pytest.raises(error, match=message):
        prepared(tmp_path, **data)


def test_constant_static_columns_are_said(tmp_path, caplog):
    prepared(tmp_path, panel().assign(region="north"), static=["region"])
    assert "static column 'region' has one value in all series: nothing can be learned from it" in caplog.text


def test_check_tells_of_static_columns_that_are_wrong(tmp_path):
    frame = panel()
    frame.loc[5, "region"] = "south"
    complaints = forecasting(config(tmp_path, frame, static=["region"])).inspect().complaints
    told = [complaint.message for complaint in complaints if complaint.wrong]
    assert len(told) == 1
    assert "expected one value of static column 'region' of series 's0', 'north' as in line 2, found 'south'" in told[0]
    assert complaints[0].line == 7
    (tmp_path / "stores.csv").write_text("unique_id,region\ns0,north\n")
    second = config(tmp_path, panel(), static=["region"], static_file=str(tmp_path / "stores.csv"))
    assert not [complaint for complaint in forecasting(second).inspect().complaints if complaint.wrong]


# --- saved, loaded, combined ---


def test_codec_json_keeps_labels_units_and_static_values(forecaster):
    values = json.loads(json.dumps(codec_json(forecaster.codec)))
    again = codec_of(values)
    assert codec_json(again) == values
    assert again.columns == forecaster.codec.columns
    frame = renamed(panel())
    series = forecaster.inputs.past(frame).series
    assert np.array_equal(again.panel(series).facts, forecaster.codec.panel(series).facts)


@pytest.mark.slow
def test_members_may_differ_in_their_covariates(tmp_path, caplog):
    members = [forecaster_of(tmp_path, static=["region"]), forecaster_of(tmp_path), forecaster_of(tmp_path, known=[])]
    ensemble = Ensemble(members)
    single = [points(member, panel()) for member in members[:2]] + [members[2].forecast(panel())["forecast"]]
    single = np.mean(single, axis=0)
    assert ensemble.forecast(panel(), AHEAD)["forecast"].to_numpy() == pytest.approx(single)
    numbers = panel().assign(event=lambda rows: (rows["event"] == "promo").astype(int))
    other = forecaster_of(tmp_path, numbers)
    with pytest.raises(InputError, match="column 'event' as categories, as forecaster 1 has it, found numbers"):
        Ensemble([members[1], other])


@pytest.mark.slow
def test_runs_carry_static_columns_through_every_command(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    stores().to_csv(tmp_path / "stores.csv", index=False)
    bare = panel().drop(columns=["region", "size"])
    chosen = config(tmp_path, bare, static_file=str(tmp_path / "stores.csv"))
    run = bilstm_nlp.train(chosen, tmp_path / "run")
    assert set(run.directory.origin()["data"]) == {chosen.data.file, chosen.data.static_file}
    loaded = bilstm_nlp.load_forecaster(tmp_path / "run")
    assert points(loaded, bare) == points(run.predictor, bare)
    assert verify(tmp_path / "run").same
    table = b"".join(backtest.backtest([tmp_path / "run"], None, windows=1, step=1, refit=True)).decode()
    assert len(table.splitlines()) == 1 + SERIES * HORIZON
    renamed(bare).to_csv(tmp_path / "new.csv", index=False)
    renamed(stores()).to_csv(tmp_path / "new-stores.csv", index=False)
    new = b"".join(
        backtest.backtest(
            [tmp_path / "run"],
            str(tmp_path / "new.csv"),
            windows=1,
            step=1,
            refit=False,
            static=str(tmp_path / "new-stores.csv"),
        )
    )
    assert len(new.decode().splitlines()) == 1 + SERIES * HORIZON
    scores = evaluate(run, str(tmp_path / "new.csv"), static=str(tmp_path / "new-stores.csv"))
    full = renamed(panel())
    assert scores["own_units"] == loaded.evaluate(full)["own_units"]
    assert scores["own_units"] == loaded.evaluate(renamed(bare), static=renamed(stores()))["own_units"]
    with pytest.raises(InputError, match=r"expected a column 'region' of .*new.csv, or a frame or file with it"):
        evaluate(run, str(tmp_path / "new.csv"))
    with pytest.raises(InputError, match=r"static \(--static\): expected --data beside it, found none"):
        evaluate(run, static=str(tmp_path / "new-stores.csv"))
    (tmp_path / "stores.csv").write_text("unique_id,region,size\n")
    with pytest.raises(InputError):
        bilstm_nlp.train(chosen, tmp_path / "run", force=True)
    assert verify(tmp_path / "run").same
