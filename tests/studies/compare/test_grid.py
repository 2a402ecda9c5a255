"""Grids: what is to be run, and every problem at once."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.config import flat, load, parse, to_json
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.studies.compare.grid import merged, read
from tests.studies.grids import write_base, write_grid

GRIDS = sorted((Path(__file__).parent.parent.parent.parent / "configs" / "compare").glob("*.toml"))


@pytest.fixture
def folder(tmp_path):
    write_base(tmp_path)
    return tmp_path


def problems(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(path)
    return caught.value.problems


# --- what is planned ---


def test_every_variant_is_planned_with_every_seed_and_fraction(folder):
    grid = read(write_grid(folder, seeds=[3, 1], fractions=[0.5, 1], set={"encoder": {"hidden": 6}}))
    assert [(run.variant, run.seed, run.fraction) for run in grid.runs] == [
        (variant, seed, fraction) for seed, fraction, variant in product([3, 1], [0.5, 1.0], ["crf", "gru"])
    ]
    base = flat(to_json(load(folder / "base.toml")))
    for run in grid.runs:
        keys = flat(to_json(run.config))
        assert {key: keys[key] for key in keys if keys[key] != base.get(key)} == {
            "encoder.hidden": 6,
            **({"encoder.cell": "gru"} if run.variant == "gru" else {}),
            **({"seed": run.seed} if run.seed != 1 else {}),
            **({"data.fraction": run.fraction} if run.fraction != 1 else {}),
        }
    assert grid.changes == {"crf": {}, "gru": {"encoder.cell": "gru"}}
    assert (grid.name, grid.task, grid.measure.name, grid.measure.part) == ("grid", "tagging", "f1", "dev")


def test_axes_cross_every_variant(folder):
    axes = {"encoder.layers": [1, 2], "embeddings": {"characters": [{"kind": "none"}, {"kind": "lstm", "hidden": 2}]}}
    grid = read(write_grid(folder, axes=axes, seeds=[1], baseline="crf, encoder.layers=1, embeddings.characters=none"))
    combinations = list(product(["crf", "gru"], [1, 2], ["none", "lstm"]))
    names = [f"{name}, encoder.layers={layers}, embeddings.characters={kind}" for name, layers, kind in combinations]
    assert list(grid.changes) == names
    configs = [
        (run.config.encoder.cell, run.config.encoder.layers, run.config.embeddings.characters.kind) for run in grid.runs
    ]
    assert configs == [("gru" if name == "gru" else "lstm", layers, kind) for name, layers, kind in combinations]
    assert grid.changes[names[-1]] == {
        "encoder.cell": "gru",
        "encoder.layers": 2,
        "embeddings.characters.kind": "lstm",
        "embeddings.characters.hidden": 2,
    }


def test_dates_name_a_variant(folder):
    base = folder / "series.toml"
    base.write_text('task = "forecasting"\ndata.file = "sample:energy.csv"\n')
    text = 'base = "series.toml"\nbaseline = "a"\nseeds = [1]\n[variants.a]\n[axes]\ndata.date_column = [2020-01-01]\n'
    (folder / "grid.toml").write_text(text)
    assert sorted(problems(folder / "grid.toml")) == [
        "axes.data.date_column: expected a valid string, found datetime.date(2020, 1, 1)",
        "baseline: expected the name of a variant, such as 'a, data.date_column=\"2020-01-01\"', found 'a'",
    ]


def test_a_table_of_another_kind_replaces_the_old_one(folder):
    head = {"crf": {"head": {"kind": "crf", "constrained": False}}, "softmax": {"head": {"kind": "softmax"}}}
    grid = read(write_grid(folder, variants=head, set={"head": {"constrain_training": False}}))
    of = {run.variant: run.config.head for run in grid.runs}
    assert (of["crf"].kind, of["crf"].constrained, of["crf"].constrain_training) == ("crf", False, False)
    assert of["softmax"].model_dump() == {"kind": "softmax", "constrained": True, "class_weights": None}


TABLES = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8
)


@given(st.dictionaries(st.sampled_from("abc"), TABLES), st.dictionaries(st.sampled_from("abc"), TABLES))
def test_merged_tables_have_the_overrides_and_else_the_base(base, overrides):
    keys, wanted = flat(merged(base, overrides)), flat(overrides)
    assert {key: keys[key] for key in wanted} == wanted
    for key, value in keys.items():
        assert key in wanted or flat(base)[key] == value
    assert merged(base, {}) == base
    assert merged(merged(base, overrides), overrides) == merged(base, overrides)


@pytest.mark.parametrize("path", GRIDS, ids=lambda path: path.stem)
def test_every_shipped_grid_is_good(path):
    grid = read(path)
    assert grid.baseline in grid.changes
    assert len(grid.runs) == len(grid.changes) * len(grid.seeds) * len(grid.fractions)
    for run in grid.runs:
        assert parse(to_json(run.config), "again") == run.config


# --- what is wrong ---


def test_bad_variants_are_all_reported_at_once(folder):
    variants = {
        "crf": {},
        "typo": {"encoder": {"cel": "gru", "hidden": 0}},
        "kind": {"head": {"kind": "crff"}},
        "dev": {"data": {"dev": str(folder / "train.conll")}},
        "seed": {"seed": 4, "data": {"fraction": 0.5}},
        "task": {"task": "forecasting"},
        "same": {"encoder": {"cell": "lstm"}},
    }
    complaints = problems(
        write_grid(
            folder,
            baseline="crf",
            seeds=[1, 2, 1],
            measure="mse",
            variants=variants,
            set={"encoder": {"dropuot": 0.1}},
            axes={"encoder.layers": [1, 0], "training.epochs": 3},
        )
    )
    assert sorted(complaints) == [
        "axes.encoder.layers: expected greater than or equal to 1, found 0",
        "axes.training.epochs: expected a list of values, found 3",
        "baseline: expected the name of a variant, such as 'crf, encoder.layers=1' or 'crf, encoder.layers=0', "
        "found 'crf'",
        "measure: expected f1 for the task tagging, found 'mse'",
        "seeds: expected each value once, found 1 more than once",
        "set.encoder.dropuot: unknown key; did you mean encoder.dropout?",
        f"variants.dev.data.dev: expected '{folder}/dev.conll', as in the base, found '{folder}/train.conll': "
        "variants with other development parts can't be compared",
        "variants.kind.head.kind: expected one of crf, softmax, found 'crff'",
        "variants.seed.data.fraction: the grid's own key fractions sets it for each run",
        "variants.seed.seed: the grid's own key seeds sets it for each run",
        "variants.task.task: expected tagging, as in the base, found 'forecasting'",
        "variants.typo.encoder.cel: unknown key; did you mean encoder.cell?",
        "variants.typo.encoder.hidden: expected greater than or equal to 1, found 0",
    ]
    assert problems(write_grid(folder, variants={"crf": {}, "same": variants["same"]})) == [
        "variants.same: expected variants that differ, found the same as 'crf'"
    ]


def test_overrides_of_the_command_line_win_for_all_variants(folder):
    path = write_grid(folder, set={"training": {"epochs": 3}, "encoder": {"hidden": 6}})
    grid = read(path, ["training.epochs=7", "data.dev=elsewhere.conll"])
    assert {run.config.training.epochs for run in grid.runs} == {7}
    assert {run.config.encoder.hidden for run in grid.runs} == {6}
    assert {run.config.data.dev for run in grid.runs} == {str(Path("elsewhere.conll").absolute())}
    with pytest.raises(ConfigError) as caught:
        read(path, ["training.epochs", "encoder.hiden=3"])
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0].startswith("--set training.epochs: expected KEY=VALUE")
    assert caught.value.problems[1] == "set.encoder.hiden: unknown key; did you mean encoder.hidden?"


def test_keys_of_the_grid_are_checked(folder):
    complaints = problems(write_grid(folder, seed=[1], seeds=["x"], fractions=[0.0, 1.5], variants={"a": 3}))
    assert complaints == [
        "seeds.0: expected a valid integer, unable to parse string as an integer, found 'x'",
        "fractions.0: expected greater than 0, found 0.0",
        "fractions.1: expected less than or equal to 1, found 1.5",
        "variants.a: expected a valid dictionary, found 3",
        "seed: unknown key; did you mean seeds?",
    ]
    assert problems(write_grid(folder, baseline="cfr", seeds=[], fractions=[0.5, 0.5])) == [
        "baseline: expected the name of a variant, such as 'crf', found 'cfr'",
        "seeds: expected at least one, found none",
        "fractions: expected each value once, found 0.5 more than once",
    ]
    assert problems(write_grid(folder, variants={})) == ["variants: expected at least one, found none"]
    with pytest.raises(ConfigError, match=r"bose\.toml: 1 problem .*\n.*nothing there; did you mean base\.toml"):
        read(write_grid(folder, base="bose.toml"))


def test_forecasters_of_other_windows_are_refused(folder):
    base = folder / "series.toml"
    base.write_text('task = "forecasting"\ndata.file = "sample:energy.csv"\ndata.horizon = 12\n')
    variants = {
        "crf": {},
        "far": {"data": {"horizon": 24}},
        "split": {"data": {"split": {"kind": "fractions", "train": 0.6}}},
        "scaler": {"data": {"scaler": "robust", "look_back": 48}},
    }
    complaints = problems(write_grid(folder, base="series.toml", variants=variants))
    assert [line.partition(",")[0] for line in complaints] == [
        "variants.far.data.horizon: expected 12",
        "variants.split.data.split.train: expected 0.7",
    ]
    grid = read(write_grid(folder, base="series.toml", measure="mae", variants={"crf": {}, "s": variants["scaler"]}))
    assert (grid.task, grid.measure.name, grid.measure.part) == ("forecasting", "mae", "validation")
    assert read(write_grid(folder, base="series.toml", variants={"crf": {}})).measure.name == "mse"


def test_a_share_of_training_is_drawn_alike_in_all_runs(folder):
    share = {"data": {"dev": {"share": 0.2}}}
    assert problems(write_grid(folder, set=share)) == [
        "data.dev.seed: required for several seeds, so that all runs have one development part"
    ]
    assert len(read(write_grid(folder, set=share, seeds=[1])).runs) == 2
    share["data"]["dev"]["seed"] = 1
    assert len(read(write_grid(folder, set=share)).runs) == 4
    other = {"crf": {}, "other": {"data": {"train": "other.conll"}}}
    (complaint,) = problems(write_grid(folder, set=share, variants=other))
    assert complaint.startswith("variants.other.data.train: expected ")


def test_files_of_variants_are_looked_for_beside_the_grid(folder, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for name in ("vectors.txt", "here.txt", "all.txt"):
        (folder / name).write_text("the 1 2\n")
    (tmp_path / "elsewhere" / "here.txt").write_text("the 1 2\n")
    (folder / "base.toml").write_text('[data]\ntrain = "sample:news.train.conll"\ndev = "sample:news.dev.conll"\n')
    (folder / "grid.toml").write_text(
        'base = "base.toml"\nbaseline = "a, embeddings.gazetteers.x=all.txt"\nseeds = [1]\n'
        '[set]\nembeddings.gazetteers.y = "all.txt"\n'
        '[variants.a]\nembeddings.file = "vectors.txt"\n[variants.b]\nembeddings.file = "here.txt"\n'
        '[axes]\nembeddings.gazetteers.x = ["all.txt"]\n'
    )
    planned = read(folder / "grid.toml")
    embeddings = [run.config.embeddings for run in planned.runs]
    assert [each.file for each in embeddings] == [
        str(folder / "vectors.txt"),
        str(tmp_path / "elsewhere" / "here.txt"),
    ]
    assert all(each.gazetteers == {"x": str(folder / "all.txt"), "y": str(folder / "all.txt")} for each in embeddings)
