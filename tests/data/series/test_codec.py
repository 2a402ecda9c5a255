"""The forecasting codec on disk: wrong values are named and refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.data.series.normalisation import Theta
from bilstm_nlp.data.series.series import Columns, Parts, Series, SeriesSet, split_counts
from bilstm_nlp.errors import InputError, RunError

ROWS, PARTS = 20, [Parts.from_borders(16, 18, 20)]


def a_series_set() -> SeriesSet:
    values = np.random.default_rng(0).normal(size=(ROWS, 2))
    series = Series("s", pd.date_range("2020-01-01", periods=ROWS), values, ("a", "b"), np.arange(1, ROWS + 1))
    return SeriesSet("x", [series], ("a", "b"), "D")


def a_codec(look_back: int = 3) -> SeriesCodec:
    return SeriesCodec.fit(
        a_series_set(),
        PARTS,
        Columns(("a",), ("b",)),
        calendar="none",
        normalisation="last",
        scaler="standard",
        look_back=look_back,
        horizon=2,
        levels=(0.9,),
        transform="none",
        lower=None,
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("targets", [], r"targets: expected List .* at least 1 item .*, found \[\]"),
        ("targets", ["b"], "expected columns that differ, found b, b"),
        ("observed", [[]], r"observed\.0: expected a valid string, found \[\]"),
        ("calendar", "lunar", "calendar: expected 'none', 'scaled' or 'cyclic', found 'lunar'"),
        ("normalisation", [], r"normalisation: expected 'none', 'last', 'standard' or 'theta', found \[\]"),
        ("look_back", 0, "look_back: expected greater than 0, found 0"),
        ("look_back", None, "look_back: expected a valid integer, found None"),
        ("horizon", True, "horizon: expected a valid integer, found True"),
        ("frequency", 3, "frequency: expected a valid string, found 3"),
        ("scalers", {}, "scalers: expected Dictionary .* at least 1 item .*, found {}"),
        (
            "scalers",
            {"s": {"kind": "standard", "centre": [1.0], "scale": [1.0]}},
            "of 2, 2 and 1 columns for series 's'",
        ),
        (
            "scalers",
            {"s": {"kind": "odd", "centre": [1.0], "scale": [1.0]}},
            r"scalers\.s\.kind: expected .* found 'odd'",
        ),
        (
            "scalers",
            {"s": {"kind": "none", "centre": [0], "scale": [0]}},
            r"scale\.0: expected greater than 0, found 0",
        ),
        ("scalers", {"s": {"centre": [0.0], "scale": [1.0]}}, r"scalers\.s\.kind: expected a value, found none"),
        ("deviations", {"s": [10**400]}, r"deviations\.s\.0: expected a valid number, found 10000"),
        ("deviations", {"t": [1.0]}, "expected deviations of the series that have scalers, found others"),
    ],
)
def test_a_wrong_value_in_codec_json_is_named(key, value, message):
    codec = a_codec()
    assert codec_of(codec_json(codec)).columns == codec.columns
    with pytest.raises(RunError, match=rf"^codec\.json: .*{message}"):
        codec_of(codec_json(codec) | {key: value})


def test_an_unknown_frequency_in_codec_json_is_refused():
    codec = a_codec()
    with pytest.raises(InputError, match="expected a frequency such as"):
        codec_of(codec_json(codec) | {"frequency": "hourly"})


def test_known_columns_have_one_scale_over_all_series(caplog):
    """A price that is constant in one series keeps its level; a flag of 0 and 1 stays as it is."""
    dates = pd.date_range("2024-01-01", periods=20, freq="D")
    prices = {"a": np.full(20, 3.0), "b": np.full(20, 5.0)}
    flag = np.arange(20.0) % 2
    series = [
        Series(name, dates, np.stack([np.arange(20.0), price, flag], axis=1), ("y", "price", "promo"), np.arange(2, 22))
        for name, price in prices.items()
    ]
    data = SeriesSet("a test", series, ("y", "price", "promo"), "D")
    codec = SeriesCodec.fit(
        data,
        [split_counts(20, (16, 2, 2))] * 2,
        Columns(("y",), known=("price", "promo")),
        calendar="none",
        normalisation="none",
        scaler="standard",
        look_back=3,
        horizon=2,
        levels=(0.9,),
        transform="none",
        lower=None,
    )
    known = codec.windows_at(series, [np.array([5]), np.array([5])]).gather(np.arange(2)).known
    assert known[..., 0].tolist() == [[-1, -1], [1, 1]]
    assert known[..., 1].tolist() == [[1, 0], [1, 0]]


def test_flat_quartiles_are_named(caplog):
    dates = pd.date_range("2024-01-01", periods=20, freq="D")
    values = np.where(np.arange(20) % 7 == 0, 4.0, 0.0)[:, None]
    data = SeriesSet("a test", [Series("rare", dates, values, ("y",), np.arange(2, 22))], ("y",), "D")
    codec = SeriesCodec.fit(
        data,
        [split_counts(20, (16, 2, 2))],
        Columns(("y",)),
        calendar="none",
        normalisation="none",
        scaler="robust",
        look_back=3,
        horizon=2,
        levels=(0.9,),
        transform="none",
        lower=None,
    )
    assert codec.scales["rare"].size == pytest.approx(values[:16].std())
    assert "column 'y' has an interquartile range of 0 in 1 series ('rare')" in caplog.text


def test_settings_of_theta_survive_the_disk():
    codec = replace(a_codec(), normalisation="theta", theta=Theta(4, 0.75, 0.25))
    values = json.loads(json.dumps(codec_json(codec)))
    assert codec_of(values).theta == Theta(4, 0.75, 0.25)
    del values["theta"]["trend_smoothing"]  # a run before it
    assert codec_of(values).theta == Theta(4, 0.75)
