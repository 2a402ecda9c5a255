"""Roles of columns that have one value within each series, chosen for a file with nothing set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks import registry
from bilstm_nlp.tasks.registry import forecasting

SHOPS, MONTHS = 4, 48
TWO = ["north", "south"] * 2


def panel(**columns: list[object]) -> pd.DataFrame:
    """Return months of sales of each shop, beside columns with a value for each shop."""
    generator = np.random.default_rng(0)
    dates = pd.date_range("2015-01-01", periods=MONTHS, freq="MS").strftime("%Y-%m-%d")
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{shop}", "ds": dates, "y": generator.normal(10, 1, MONTHS).round(3)}).assign(
            **{name: values[shop] for name, values in columns.items()}
        )
        for shop in range(SHOPS)
    )


def written(folder, frame: pd.DataFrame, name: str = "panel.csv") -> str:
    path = folder / name
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    ("columns", "static"),
    [
        ({"region": TWO}, ("region",)),
        ({"region": ["a", "b", "c", "d"], "size": [1, 2, 2, 3]}, ("region", "size")),
        ({"is_open": [True, False, True, True]}, ("is_open",)),
        ({"size": [3, 3, 3, 3]}, ()),
        ({}, ()),
    ],
    ids=["text", "text and numbers", "flags", "the same number everywhere", "no column"],
)
def test_columns_constant_within_each_series_are_static(tmp_path, caplog, columns, static):
    caplog.set_level("INFO")
    config = registry.load(written(tmp_path, panel(**columns)))
    assert config.data.static == static
    assert ("chose data.static = " in caplog.text) == bool(static)
    fitted = forecasting(config).prepare()
    assert fitted.codec.series.columns.static == static
    assert fitted.codec.series.columns.targets == ("y", *(name for name in columns if name not in static))
    assert (config.training.mirror == 0) == bool(static)


def test_static_value_reaches_the_codec_where_a_cell_is_empty(tmp_path):
    frame = panel(region=TWO).reset_index(drop=True)
    frame.loc[[5, MONTHS + 7], "region"] = ""
    codec = forecasting(registry.load(written(tmp_path, frame))).prepare().codec.series
    assert [codec.static.values[f"s{shop}"]["region"] for shop in range(SHOPS)] == [(region,) for region in TWO]


def test_static_text_of_parquet_is_chosen(tmp_path):
    frame = panel(region=TWO).astype({"region": "category"}).reset_index(drop=True)
    assert registry.load(written(tmp_path, frame, "panel.parquet")).data.static == ("region",)


@pytest.mark.parametrize("lone", [False, True], ids=["panel", "wide"])
def test_text_with_one_value_in_all_rows_is_left_out(tmp_path, caplog, lone):
    caplog.set_level("INFO")
    frame = panel(country=["DE"] * SHOPS)
    frame = frame[:MONTHS].drop(columns="unique_id").rename(columns={"ds": "date"}) if lone else frame
    config = registry.load(written(tmp_path, frame))
    assert (config.data.targets, config.data.static) == (("y",), ())
    assert 'chose data.targets = ["y"]: country with one value in all rows tells nothing, and is left out' in (
        caplog.messages
    )
    assert forecasting(config).prepare().codec.series.columns.all == ("y",)


def test_text_that_changes_within_a_series_stops_with_advice(tmp_path):
    frame = panel(region=TWO).reset_index(drop=True)
    frame["event"] = np.where(frame.index % 7 == 0, "sale", "none")
    with pytest.raises(DataError, match=r"column 'event', found 'sale'.*data\.known = \[\"event\"\]"):
        registry.load(written(tmp_path, frame))
    config = registry.load(written(tmp_path, frame), ['data.known=["event"]'])
    assert (config.data.static, config.data.known) == (("region",), ("event",))


@pytest.mark.parametrize("role", ["known", "observed", "static", "targets"])
def test_given_roles_stay(tmp_path, role):
    path = written(tmp_path, panel(size=[1, 2, 2, 3]))
    names = ["y", "size"] if role == "targets" else ["size"]
    data = registry.load(path, [f"data.{role}={names}".replace("'", '"')]).data
    assert getattr(data, role) == tuple(names)
    assert data.static == (("size",) if role == "static" else ())


def test_codes_that_look_like_other_numbers_are_no_text(tmp_path):
    with pytest.raises(DataError, match=r"data\.decimal"):
        registry.load(written(tmp_path, panel(size=["1,5", "2,5", "2,5", "3,5"])))


def test_only_constant_columns_are_left_to_forecast(tmp_path):
    frame = panel(y=[1, 2, 3, 4])
    assert registry.load(written(tmp_path, frame)).data.static == ()


def test_check_and_init_choose_the_same_roles(tmp_path):
    path = written(tmp_path, panel(region=TWO))
    assert registry.config_of_file(path, []).data.static == ("region",)
    assert 'static = ["region"]' in registry.starter("forecasting", path, [])
