"""The series of a config: roles of columns, parts of rows, and fractions of the training part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.series.series import Parts
from bilstm_nlp.data.series.tables import read
from bilstm_nlp.errors import ConfigError, DataError, InputError
from bilstm_nlp.tasks.registry import forecasting
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, ROWS, config, fitted, table


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ({"kind": "fractions", "train": 0.5, "validation": 0.25, "test": 0.25}, (150, 225, 300)),
        ({"kind": "counts", "train": 200, "validation": 50, "test": 40}, (200, 250, 290)),
        ({"kind": "last", "validation": 50, "test": 40}, (210, 260, 300)),
        ({"kind": "last", "validation": 50, "test": 0}, (250, 300, 300)),
        ({"kind": "counts", "train": 200, "validation": 50, "test": 0}, (200, 250, 250)),
        ({"kind": "fractions", "train": 0.5, "validation": 0.5, "test": 0}, (150, 300, 300)),
        ({"kind": "dates", "validation": "2024-03-06", "test": "2024-03-09", "end": "2024-03-11"}, (120, 192, 240)),
        ({"kind": "dates", "validation": "2024-03-06", "test": "2024-03-09"}, (120, 192, 300)),
    ],
)
def test_series_are_split_as_the_config_says(tmp_path, split, expected):
    data = forecasting(config(tmp_path, split=split)).loader.load()
    train, validation, test = expected
    assert data.parts == [Parts(slice(0, train), slice(train, validation), slice(validation, test))]
    assert data.rows("validation") == [slice(train, validation)]


def test_last_parts_end_with_each_series_whatever_its_length(tmp_path):
    lengths = {"long": 90, "short": 40}
    frames = [table(rows).assign(unique_id=name) for name, rows in lengths.items()]
    frame = pd.concat(frames).rename(columns={"date": "ds"})
    split = {"kind": "last", "validation": 6, "test": 4}
    data = forecasting(config(tmp_path, frame, split=split)).loader.load()
    assert {series.id: parts for series, parts in zip(data.series_set.series, data.parts, strict=True)} == {
        name: Parts(slice(0, rows - 10), slice(rows - 10, rows - 4), slice(rows - 4, rows))
        for name, rows in lengths.items()
    }


def test_last_parts_without_a_row_before_them_are_refused(tmp_path):
    split = {"kind": "last", "validation": 200, "test": 100}
    message = r"series 'table': split: expected more than 300 rows, as validation = 200 and test = 100 take, found 300$"
    with pytest.raises(InputError, match=message):
        forecasting(config(tmp_path, split=split)).loader.load()


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "last", "validation": 50, "test": 40},
        {"kind": "last", "validation": 50, "test": 200},
        {"kind": "counts", "train": 210, "validation": 50, "test": 40},
    ],
)
def test_a_refit_on_a_cut_series_has_the_counted_validation_rows(tmp_path, split):
    loader = forecasting(config(tmp_path, split=split)).loader
    series_set = read(str(tmp_path / "table.csv"), loader.format)
    cut = replace(series_set, series=[series_set.series[0][:250]])
    assert loader.without_test(cut).parts == [Parts(slice(0, 200), slice(200, 250), slice(250, 250))]


def test_columns_without_another_role_are_targets(tmp_path):
    columns = forecasting(config(tmp_path, known=["holiday"], observed=["wind"])).loader.load().columns
    assert (columns.targets, columns.observed, columns.known) == (("load",), ("wind",), ("holiday",))


def test_every_row_of_another_file_is_in_every_part(tmp_path):
    prepared, *_ = fitted(tmp_path)
    loader, inputs = forecasting(prepared.config).loader, prepared.predictor().inputs
    data = loader.whole(inputs.past(str(tmp_path / "table.csv")), prepared.codec.series)
    assert data.parts == [Parts(*[slice(0, ROWS)] * 3)]
    daily = table().assign(date=pd.date_range("2024-03-01", periods=ROWS, freq="D"))
    daily.to_csv(tmp_path / "daily.csv", index=False)
    with pytest.raises(DataError, match="expected series of frequency h, as in training, found D"):
        inputs.past(str(tmp_path / "daily.csv"))


def test_roles_must_leave_something_to_forecast(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.targets: expected a column to forecast, found none left"):
        fitted(tmp_path, observed=["load", "wind"], known=["holiday"])


def test_the_fraction_has_the_most_recent_training_rows(tmp_path):
    _, whole, _, _ = fitted(tmp_path)
    border = whole.parts[0].train.stop
    assert (whole.parts[0].train.start, border) == (0, int(0.7 * ROWS))
    for fraction, rows in ((0.5, border // 2), (0.29, int(0.29 * border))):
        prepared, parts, codec, _ = fitted(tmp_path, fraction=fraction)
        (own_parts,) = parts.parts
        assert (own_parts.train.start, own_parts.train.stop) == (border - rows, border)
        assert (own_parts.validation, own_parts.test) == (whole.parts[0].validation, whole.parts[0].test)
        windows = prepared.windows.of("train")
        # All windows that lie in the fraction, look-back included.
        assert windows.rows.min() - LOOK_BACK == own_parts.train.start
        assert windows.rows.max() + HORIZON == own_parts.train.stop
        assert len(windows) == rows - LOOK_BACK - HORIZON + 1
        series = parts.series_set.series[0]
        scale = Scale.fit("standard", series.select(codec.columns.all)[border - rows : border])
        np.testing.assert_array_equal(codec.scales[series.id].centre, scale.centre)


def test_rows_before_the_fraction_change_nothing(tmp_path):
    changed = table()
    first_prepared, parts, _, model = fitted(tmp_path, fraction=0.4)
    first = parts.parts[0].train.start
    changed.loc[: first - 1, ["load", "wind"]] += 1000
    second, _, _, same = fitted(tmp_path, changed, fraction=0.4)
    assert second.codec.to_json() == first_prepared.codec.to_json()
    batches = [list(prepared.batches(1)) for prepared in (first_prepared, second)]
    for first_batch, second_batch in zip(*batches, strict=True):
        assert np.array_equal(first_batch.past, second_batch.past)
        assert np.array_equal(first_batch.future, second_batch.future)
    for weights, same_weights in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.equal(weights, same_weights)
    changed.loc[first, "load"] += 1000
    assert fitted(tmp_path, changed, fraction=0.4)[0].codec.to_json() != first_prepared.codec.to_json()


def test_a_refit_takes_its_fraction_of_the_rows(tmp_path):
    loader = forecasting(config(tmp_path, fraction=0.5)).loader
    (parts,) = loader.without_test(loader.load().series_set).parts
    assert parts.train.stop == parts.validation.start
    assert parts.train.stop - parts.train.start == parts.train.stop // 2


def test_a_fraction_without_a_window_names_the_key(tmp_path):
    with pytest.raises(InputError, match=r"train part: .* at most 21 rows, as data\.fraction = 0\.1 leaves them"):
        fitted(tmp_path, fraction=0.1)
    with pytest.raises(InputError, match=r"series 'table': data\.fraction: expected a share with a row of the 210"):
        fitted(tmp_path, fraction=0.001)
    short = pd.concat([table()] * 1).iloc[:40]
    with pytest.raises(InputError, match=r"train part: .* at most 28 rows\n"):
        fitted(tmp_path, short)


# --- series that are too short ---


def lengths_of(**rows: int) -> pd.DataFrame:
    """Make hourly series of these lengths."""
    frames = [
        pd.DataFrame(
            {
                "unique_id": name,
                "ds": pd.date_range("2024-03-01", periods=count, freq="h"),
                "y": np.random.default_rng(count).normal(size=count).cumsum(),
            }
        )
        for name, count in rows.items()
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(
    "split",
    [
        {"kind": "fractions"},
        {"kind": "counts", "train": 200, "validation": 30, "test": 30},
        {"kind": "last", "validation": 20, "test": 20},
        {"kind": "dates", "validation": "2024-03-08", "test": "2024-03-10"},
    ],
    ids=lambda split: split["kind"],
)
def test_short_series_of_a_panel_are_left_out_by_name(tmp_path, caplog, split):
    """The codec, the model and all scores are those of a file without them."""
    frame = lengths_of(long=300, single=1, other=290)
    late = lengths_of(late=40).assign(ds=lambda rows: rows["ds"] + pd.Timedelta(days=10))
    frame = pd.concat([frame, late], ignore_index=True)
    prepared, parts, *_ = fitted(tmp_path, frame, split=split)
    trained = [series.id for series in parts.series_set.series]
    assert [name for name in trained if name in ("long", "other")] == ["long", "other"]
    # The single row lies before the dates; the late series begins after them.
    name, rows = ("late", 40) if split["kind"] == "dates" else ("single", 1)
    assert name not in trained
    assert f"left out: {name!r} ({rows} rows: " in caplog.text
    (tmp_path / "without").mkdir()
    alone = fitted(tmp_path / "without", frame[frame["unique_id"].isin(trained)], split=split)[0]
    assert alone.codec.to_json() == prepared.codec.to_json()


def test_panel_of_short_series_alone_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"series 'a': split: expected a training part"):
        fitted(tmp_path, lengths_of(a=1, b=1), frequency="h")
