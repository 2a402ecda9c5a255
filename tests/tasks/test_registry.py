"""The table of tasks: each config has its task, its predictor and its examples."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, RunError
from bilstm_nlp.tasks import registry
from bilstm_nlp.tasks.forecasting.comparison import WindowExamples
from bilstm_nlp.tasks.forecasting.task import ForecastingTask
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples
from bilstm_nlp.tasks.tagging.task import TaggingTask

TAGGING = parse({"data": {"train": "x", "dev": "y"}}, "a test")
FORECASTING = parse({"task": "forecasting", "data": {"file": "x.csv"}}, "a test")


def test_a_config_builds_its_own_task():
    assert isinstance(registry.build(TAGGING), TaggingTask)
    assert isinstance(registry.build(FORECASTING), ForecastingTask)


def test_a_config_of_another_task_is_refused():
    with pytest.raises(ConfigError, match="task: expected tagging, found forecasting"):
        registry.tagging(FORECASTING)
    with pytest.raises(ConfigError, match=r"^my\.toml: 1 problem.*\n  task: expected forecasting, found tagging"):
        registry.forecasting(TAGGING, "my.toml")


def test_a_config_has_the_examples_of_its_task():
    assert registry.examples_of(TAGGING) is SentenceExamples
    assert registry.examples_of(FORECASTING) is WindowExamples


@pytest.mark.parametrize("config", [TAGGING, FORECASTING])
def test_an_empty_codec_is_a_damaged_run(config):
    with pytest.raises(RunError, match=r"^codec\.json: .*expected .*, found none"):
        registry.restored(config, {}, {})


@pytest.mark.parametrize(
    ("path", "overrides", "task"),
    [
        ("/a.csv", [], "forecasting"),
        ("/a.csv.gz", [], "forecasting"),
        ("/a.parquet", ["task=forecasting"], "forecasting"),
        ("/a.conll", [], "tagging"),
        ("/a.csv", ["task=tagging"], "tagging"),
    ],
)
def test_a_file_is_read_by_the_task_of_its_name(path, overrides, task):
    config = registry.config_of_file(path, overrides)
    assert config.task == task
    assert (config.data.file if task == "forecasting" else config.data.train) == path


def test_problems_of_overrides_name_the_file():
    with pytest.raises(ConfigError, match=r"^a\.csv: .*\n.*data\.horizon: expected"):
        registry.config_of_file("a.csv", ["data.horizon=0"])


def test_settings_are_chosen_despite_cells_that_cant_be_read(tmp_path):
    """So `check` judges the parts that a training of the mended file has."""
    table = tmp_path / "sales.csv"
    rows = [
        f"{year}-{month:02}-01,{'?' if year == 2020 else month}" for year in range(2015, 2023) for month in range(1, 13)
    ]
    table.write_text("\n".join(["date,sales", *rows]))
    config = registry.config_of_file(str(table), [])
    assert (config.data.horizon, config.data.split.kind) == (12, "last")
