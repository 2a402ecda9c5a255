"""Configs that come with the package, and starter configs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bilstm_nlp.config import flat, load, parse, to_json
from bilstm_nlp.config.shipped import STARTERS, config_file, default_out, folder, is_shipped, shipped_configs
from bilstm_nlp.errors import ConfigError

DATA = {"ner": {"train": "train.conll", "dev": "dev.conll"}, "forecasting": {"file": "series.csv"}}


def test_every_file_in_configs_has_a_name():
    paths = {path.relative_to(folder()).as_posix() for path in folder().rglob("*.toml")}
    names = shipped_configs()
    assert {path.relative_to(folder()).as_posix() for path in names.values()} == paths
    assert names["ner"].name == "sample.toml"
    assert {"ner", "forecasting", "compare", "ner/conll2003", "forecasting/etth1-96"} <= names.keys()


@pytest.mark.parametrize("name", ["ner", "forecasting"])
def test_a_name_loads_what_the_file_holds(name):
    assert load(Path(f"sample:{name}")) == load(shipped_configs()[name])


@pytest.mark.parametrize(("name", "hint"), [("nre", "did you mean sample:ner?"), ("", "no name"), ("../x", "compare")])
def test_an_unknown_name_lists_all_names(name, hint):
    with pytest.raises(
        ConfigError,
        match="expected one of chunks, classification, compare, forecasting, labelling, ner, pos",
    ) as caught:
        load(Path(f"sample:{name}"))
    assert hint in caught.value.problems[0]


def test_a_name_of_data_is_not_a_config():
    assert not is_shipped("sample:energy.csv")
    with pytest.raises(ConfigError, match="expected one of chunks, classification, compare"):
        config_file("sample:energy.csv")


def test_results_go_to_a_folder_of_the_configs_name():
    assert default_out(Path("a/b.toml")) == Path("runs/b")
    assert default_out("sample:ner/conll2003", "compare-") == Path("runs/compare-sample-ner-conll2003")


@pytest.mark.parametrize("kind", sorted(DATA))
def test_a_starter_is_a_valid_config(kind):
    config = load(STARTERS / f"{kind}.toml")
    assert {Path(source).name for source in config.sources} == set(DATA[kind].values())


@pytest.mark.parametrize("kind", sorted(DATA))
def test_a_starters_commented_keys_are_valid_and_show_defaults(kind):
    text = (STARTERS / f"{kind}.toml").read_text(encoding="utf-8")
    whole = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    task = tomllib.loads(text)["task"]
    config = flat(to_json(parse(tomllib.loads(whole), "all keys")))
    defaults = flat(to_json(parse({"task": task, "data": DATA[kind]}, "defaults")))
    # A default that is not set can't be shown, and context is there for its other kind.
    others = {"data.test", "data.date_column", "data.targets", "data.frequency", "embeddings.file", "training.patience"}
    commented = set(flat(tomllib.loads(whole))) - set(flat(tomllib.loads(text))) - others
    commented = {key for key in commented if not key.startswith("context.")}
    assert len(commented) > 8
    assert {key: config[key] for key in commented} == {key: defaults[key] for key in commented}
