"""Codecs and forecasts are the same after they were written and read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields
from datetime import datetime

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.codec_file import codec_of
from bilstm_nlp.data.series.series import Columns, Parts, Series, SeriesSet
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.system.json_values import json_text, value_of
from bilstm_nlp.tags import SCHEMES
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec
from bilstm_nlp.tasks.forecasting.output import as_file

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
TAGGED = st.lists(st.tuples(WORDS, st.sampled_from(["O", "B-X", "I-X", "B-Y\u2028-"])), min_size=1, max_size=6)


@given(st.lists(TAGGED, min_size=1, max_size=4), st.lists(WORDS, unique=True), st.sampled_from(SCHEMES[1:]), st.data())
def test_codec_of_a_tagger_survives_its_files(pairs, frozen, scheme, data):
    sentences = [Sentence(tuple(t for t, _ in each), tuple(tag for _, tag in each), 1) for each in pairs]
    kinds = {token: 1 for sentence in sentences for token in sentence.tokens}
    words = WordTable.build(kinds, None)
    words = WordTable((), words.learnt, tuple(word for word in frozen if word not in words.learnt))
    codec = TaggingCodec.fit(
        sentences,
        words,
        np.ones((len(words.frozen), 3), np.float16),
        scheme=scheme,
        file_scheme="IOB2",
        with_pairs=data.draw(st.booleans()),
        with_lexicon=data.draw(st.booleans()),
        with_usage=data.draw(st.booleans()),
        context=data.draw(st.integers(0, 9)),
    )
    again = TaggingCodec.from_json(value_of(json_text(codec.to_json())), codec.tensors())
    for field in fields(codec):
        before, after = getattr(codec, field.name), getattr(again, field.name)
        if field.name == "lexicon":
            assert (before and before.types) == (after and after.types)
        else:
            assert np.array_equal(before, after) if isinstance(before, np.ndarray) else before == after
    first, second = codec.encode(sentences), again.encode(sentences)
    assert all(np.array_equal(getattr(first, each.name), getattr(second, each.name)) for each in fields(first))


NUMBERS = st.floats(-1e12, 1e12)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.just(0), min_size=1, max_size=3), st.data()
)
def test_codec_of_a_forecaster_survives_its_files(names, data):
    values = st.lists(st.tuples(NUMBERS, NUMBERS), min_size=12, max_size=12)
    dates = pd.date_range("2020-01-01", periods=12)
    series = [Series(name, dates, np.array(data.draw(values)), ("a", "b"), np.arange(1, 13)) for name in names]
    data_set, parts = SeriesSet("x", series, ("a", "b"), "D"), [Parts.from_borders(10, 11, 12)] * len(series)
    codec = SeriesCodec.fit(
        data_set,
        parts,
        data.draw(st.sampled_from([Columns(("a", "b")), Columns(("b",), ("a",)), Columns(("a",), (), ("b",))])),
        calendar=data.draw(st.sampled_from(["none", "scaled", "cyclic"])),
        normalisation=data.draw(st.sampled_from(["none", "last", "standard"])),
        scaler=data.draw(st.sampled_from(["standard", "robust", "min-max", "none"])),
        look_back=3,
        horizon=2,
        levels=(0.9,),
        transform="none",
        lower=None,
    )
    fitted = ForecastingCodec(codec, Baselines.fit(codec, data_set, parts, 2))
    values = value_of(json_text(fitted.to_json()))
    again = codec_of(values)
    for field in fields(codec):
        assert same(getattr(codec, field.name), getattr(again, field.name)), field.name
    assert same(fitted.baselines, Baselines.from_json(values, fitted.tensors(), again))


def same(before: object, after: object) -> bool:
    """Compare two values; arrays must have the same bits."""
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(same(before[name], after[name]) for name in before)
    if isinstance(before, np.ndarray):
        return np.array_equal(before, after) and before.dtype == after.dtype
    if type(before).__name__ in ("Scale", "Curve", "LinearMap", "Baselines"):
        return same(vars(before), vars(after))
    return before == after


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4) | st.sampled_from(["NA", "1", "a\nb", "\r", '"'])
VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32)
STARTS = st.datetimes(datetime(1960, 1, 1), datetime(2200, 1, 1)).map(lambda start: start.replace(microsecond=0))


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a table of forecasts, ordered by series and step."""
    horizon, tables = draw(st.integers(1, 3)), []
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        origin = pd.Timestamp(draw(STARTS), tz=draw(st.sampled_from([None, "UTC", "Asia/Tokyo"]))).as_unit("us")
        table = {"unique_id": name, "origin": origin, "ds": pd.date_range(origin, periods=horizon + 1, freq="h")[1:]}
        table |= {"step": range(1, horizon + 1), "column": draw(NAMES)}
        for figure in ("forecast", "lower", "upper"):
            table[figure] = draw(st.lists(VALUES, min_size=horizon, max_size=horizon))
        tables.append(pd.DataFrame(table))
        if tables[0].dtypes["ds"] != tables[-1].dtypes["ds"]:  # of one file, all are of one zone
            tables.pop()
    return pd.concat(tables, ignore_index=True)


@given(tables())
def test_forecasts_are_the_same_in_every_format(table):
    """Parquet keeps every bit, CSV and JSON every digit."""
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(as_file(table, "parquet"))), table)
    rows = list(csv.reader(io.StringIO(as_file(table, "csv").decode(), newline="")))
    again = pd.DataFrame(rows[1:], columns=rows[0]).astype(table.dtypes.to_dict())
    pd.testing.assert_frame_equal(again, table, check_exact=True)
    again = pd.DataFrame(json.loads(as_file(table, "json"))).astype(table.dtypes.to_dict())
    pd.testing.assert_frame_equal(again, table, rtol=1e-9, atol=1e-9)
