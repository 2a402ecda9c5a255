"""Shipped configs: each trains a model for two steps, and docs/configs.md lists all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bilstm_nlp.config import Config, load, parse, to_json
from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.studies.compare import grid as grids
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit
from scripts import config_tables

ROOT = Path(__file__).parent.parent
SHIPPED = sorted((ROOT / "configs").rglob("*.toml"))
CONFIGS = [path for path in SHIPPED if path.parent.name != "compare"]
GRIDS = [path for path in SHIPPED if path.parent.name == "compare"]
HORIZONS = [96, 192, 336, 720]
ROWS = {"train": 1600, "validation": 1200, "test": 1200}
"""Rows of the parts of the made hourly table: enough for two batches of the longest windows."""


def variants(path: Path) -> list[tuple[str, Config]]:
    """The configs of a grid, one a variant, and one a share of the training data, with the first seed."""
    grid = grids.read(path)
    runs = [run for run in grid.runs if run.seed == grid.seeds[0]]
    chosen = [run for run in runs if run.variant == runs[0].variant or run.fraction == runs[-1].fraction]
    return [(f"{run.variant}-{run.fraction}", run.config) for run in chosen]


CASES = [
    *(pytest.param(load(path), id=f"{path.parent.name}/{path.stem}") for path in CONFIGS),
    *(pytest.param(config, id=f"{path.stem}/{name}") for path in GRIDS for name, config in variants(path)),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Make data of the public corpora's form: vectors of 100 dimensions, an hourly table, a panel of steps."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "vectors.txt").write_text(
        "".join(f"{word} {' '.join(['0.25'] * 100)}\n" for word in ("the", "of", "minister")), encoding="utf-8"
    )
    values = np.random.default_rng(0).normal(size=(sum(ROWS.values()), 7)).cumsum(0)
    table = pd.DataFrame(values, columns=["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"])
    table.insert(0, "date", pd.date_range("2016-07-01", periods=len(table), freq="h"))
    table.to_csv(folder / "ETTh1.csv", index=False)
    panel = [
        pd.DataFrame({"unique_id": f"N{number}", "step": np.arange(1, rows + 1), "y": np.exp(values[:rows, 0] / 50)})
        for number, rows in enumerate((40, 60, 160) * 4)
    ]
    pd.concat(panel).to_csv(folder / "m3.csv", index=False)
    return folder


def on_made_data(config: Config, folder: Path) -> Config:
    """Return the config with data that exist."""
    values = to_json(config)
    data = values["data"]
    if isinstance(config, TaggingConfig):
        # Corpora that are missing or large have this one in their place: in two steps, a tagger reads no more.
        if data["train"] == "sample:news.train.conll" or not data["train"].startswith("sample:"):
            data |= {"train": "sample:news.dev.conll", "dev": "sample:news.dev.conll"}
        if values["embeddings"]["file"]:
            values["embeddings"]["file"] = str(folder / "vectors.txt")
    elif isinstance(config, TextClassificationConfig):
        if not data["train"].startswith("sample:"):
            data |= {"train": "sample:messages.train.csv", "dev": "sample:messages.dev.csv", "label_names": []}
        if values["embeddings"]["file"]:
            values["embeddings"]["file"] = str(folder / "vectors.txt")
    elif isinstance(config, SeriesClassificationConfig):
        part = {"id": np.repeat(np.arange(30), 8), "label": np.repeat(np.arange(30) % 3, 8)}
        pd.DataFrame(part | {"x": np.random.default_rng(0).normal(size=240)}).to_csv(
            folder / "classes.csv", index=False
        )
        data |= {"train": str(folder / "classes.csv"), "test": None}
    elif isinstance(config, LabellingConfig):
        pass  # there is only the sample
    elif not data["file"].startswith("sample:"):
        data["file"] = str(folder / ("m3.csv" if "m3-" in data["file"] else "ETTh1.csv"))
        if data["split"]["kind"] == "counts":
            data["split"] |= ROWS
    return parse(values, "a test")


class TwoSteps:
    """An epoch that has only its first two batches: a decoder that starts at 0 gives its encoder no gradient before."""

    def __init__(self, batches) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return min(2, len(self.batches))

    def __getitem__(self, part: slice):
        return self.batches[:2][part]


@pytest.mark.slow
@pytest.mark.parametrize("config", CASES)
def test_every_shipped_config_is_built_and_trained_for_two_steps(config, made, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    config = on_made_data(config, made)
    prepared = build(config).prepare()
    if isinstance(config, ForecastingConfig):
        validation = prepared.windows.validation
        vars(prepared.windows)["validation"] = replace(validation, origins=validation.origins[:64])
    model = prepared.model
    before = {name: value.detach().clone() for name, value in model.named_parameters() if value.requires_grad}
    epochs = fit(model, lambda number: TwoSteps(prepared.batches(number)), prepared.scorer(), settings(config))
    epoch = next(epochs)
    assert np.isfinite(epoch.report.loss)
    assert np.isfinite(epoch.report.score.value)
    still = [name for name, value in model.named_parameters() if name in before and torch.equal(value, before[name])]
    assert not still


def test_the_page_of_configs_is_made_from_the_shipped_files():
    page = (ROOT / "docs" / "configs.md").read_text(encoding="utf-8")
    assert config_tables.page() == page, "python scripts/config_tables.py writes the page"
    assert all(f"[{name}](../{name})" in page for name in (path.relative_to(ROOT).as_posix() for path in SHIPPED))


def test_etth1_has_one_recipe_for_all_horizons():
    recipes = {horizon: to_json(load(ROOT / f"configs/forecasting/etth1-{horizon}.toml")) for horizon in HORIZONS}
    assert [recipe["data"].pop("horizon") for recipe in recipes.values()] == HORIZONS
    assert all(recipe == recipes[96] for recipe in recipes.values())
