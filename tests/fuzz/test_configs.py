"""Configs, overrides and grids: any bytes and any values are a config or refused, and configs survive JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.config import load, parse, to_json
from bilstm_nlp.studies.compare import grid as grids
from tests.fuzz.configs import KEYS, VALUES, right, wrong
from tests.fuzz.files import files, result_or_refusal
from tests.fuzz.toml import document, toml

CONFIGS = Path(__file__).parent.parent.parent / "configs"
SHIPPED = [path.read_bytes() for path in sorted(CONFIGS.rglob("*.toml")) if path.parent.name != "compare"]
PIECES = [
    b"[data]\n",
    b"[encoder.x]\n",
    b"[[head]]\n",
    b"kind = ",
    b"task = ",
    b"1979-05-27",
    b"07:32:00",
    b"'''",
    b"inf",
]
PIECES += [b'"forecasting"', b"= 3\n", b"\n", b"{kind = 1}", b"a.b.c = 1\n", b'"\\u0000"', b"1e400", b"0b1"]


def check(config):
    """Check that a config survives writing and reading."""
    written = json.dumps(to_json(config), allow_nan=False)
    assert parse(json.loads(written), "again") == config
    assert not [value for value in json.loads(written).values() if isinstance(value, float) and math.isnan(value)]


@given(files(SHIPPED, PIECES))
def test_any_bytes_are_a_config_or_refused(folder, content):
    path = folder / "x.toml"
    path.write_bytes(content)
    config = result_or_refusal(lambda: load(path))
    if config is not None:
        check(config)


@given(right().flatmap(wrong))
def test_any_values_are_a_config_or_refused(folder, values):
    path = folder / "x.toml"
    path.write_text(document(values), encoding="utf-8")
    config = result_or_refusal(lambda: load(path))
    if config is not None:
        check(config)


@given(right())
def test_config_survives_json_and_toml(folder, values):
    config = result_or_refusal(lambda: parse(values, "a test"))
    if config is None:  # parts that don't go together: heads that don't divide the states, levels without a median
        return
    check(config)
    path = folder / "y.toml"
    path.write_text(document(values), encoding="utf-8")
    assert load(path) == config


DOTTED = st.lists(st.sampled_from(["encoder", "head", "data", "training", "optimizer", "cell", "a" * 60, *KEYS]))
OVERRIDES = st.one_of(
    st.tuples(DOTTED.map(".".join), st.sampled_from(VALUES).map(toml)).map("=".join),
    st.sampled_from([b"encoder.cell=gru", b"head={kind='crf'}", b"seed=3", b"data.test=x", b"seed='''"]).flatmap(
        lambda content: files([content], PIECES).map(lambda changed: changed.decode("utf-8", "surrogateescape"))
    ),
    st.text(),
)


@pytest.mark.parametrize("name", ["ner/sample.toml", "forecasting/sample.toml"])
@given(st.lists(OVERRIDES, max_size=3))
def test_any_overrides_are_taken_or_refused(name, overrides):
    config = result_or_refusal(lambda: load(CONFIGS / name, overrides))
    if config is not None:
        check(config)


@given(st.lists(OVERRIDES, max_size=2))
def test_any_overrides_of_a_grid_are_taken_or_refused(overrides):
    result_or_refusal(lambda: grids.read(CONFIGS / "compare" / "sample.toml", overrides))


GRIDS = [path.read_bytes() for path in sorted((CONFIGS / "compare").glob("*.toml"))]
GRID = {
    "base": "base.toml",
    "baseline": "a",
    "seeds": [1, 2],
    "fractions": [0.5, 1.0],
    "set": {"training": {"epochs": 2}},
    "variants": {"a": {}, "b": {"encoder": {"cell": "gru"}}, "c": {"head": {"kind": "softmax"}}},
    "axes": {"encoder.layers": [1, 2], "head": [{"kind": "crf"}, {"kind": "softmax", "constrained": False}]},
}
FORECASTS = {
    "base": "series.toml",
    "baseline": "a",
    "seeds": [1],
    "measure": "mae",
    "variants": {"a": {}, "b": {"data": {"scaler": "robust"}}},
    "axes": {"input": {"channels": ["joint", "independent"]}},
}
BASES = {
    "base.toml": '[data]\ntrain = "a"\ndev = "b"\n',
    "series.toml": 'task = "forecasting"\n[data]\nfile = "x"\nsplit = {kind = "dates", validation = 2020-01-01, '
    "test = 2020-02-01}\n",
}


@pytest.fixture(scope="module")
def compared(folder):
    for name, text in BASES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@given(files(GRIDS, [*PIECES, b"[variants.x]\n", b"seeds = [1]\n", b"[axes]\n", b"base = ", b"baseline = "]))
def test_any_bytes_are_a_grid_or_refused(compared, content):
    (compared / "grid.toml").write_bytes(content)
    check_grid(result_or_refusal(lambda: grids.read(compared / "grid.toml")))


@given(st.sampled_from([GRID, FORECASTS]).flatmap(wrong))
def test_any_values_are_a_grid_or_refused(compared, values):
    (compared / "grid.toml").write_text(document(values), encoding="utf-8")
    check_grid(result_or_refusal(lambda: grids.read(compared / "grid.toml")))


def check_grid(grid):
    if grid is None:
        return
    assert len(grid.runs) == len(grid.changes) * len(grid.seeds) * len(grid.fractions) > 0
    assert grid.baseline in grid.changes
    for run in grid.runs:
        check(run.config)
