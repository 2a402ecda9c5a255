"""The config of a labeller."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.errors import ConfigError

DATA = {"train": "sample:machine.train.csv", "dev": "sample:machine.dev.csv"}


def parsed(**tables: object) -> LabellingConfig:
    config = parse({"task": "labelling", "data": DATA, **tables}, "a test")
    assert isinstance(config, LabellingConfig)
    return config


def test_patches_are_refused_with_the_reason():
    expected = 'reader: expected { kind = "steps" }: a label for each step needs a state for each step'
    with pytest.raises(ConfigError, match=expected):
        parsed(reader={"kind": "patches", "length": 4})
    assert parsed(reader={"kind": "steps"}).reader.kind == "steps"


def test_head_of_a_tag_scheme_is_refused():
    with pytest.raises(ConfigError, match=r"head.constrained: unknown key"):
        parsed(head={"kind": "crf", "constrained": True})


def test_share_needs_a_seed_in_comparisons_of_seeds():
    data = {"train": DATA["train"], "dev": {"share": 0.2}}
    assert parsed(data=data).comparability.seed == "data.dev.seed"
    assert parsed(data=data | {"dev": {"share": 0.2, "seed": 1}}).comparability.seed is None
    assert "data.train" in parsed(data=data).comparability.common


def test_files_of_all_parts_are_sources():
    assert parsed(data=DATA | {"test": "sample:energy.csv"}).sources == (
        "sample:machine.train.csv",
        "sample:energy.csv",
        "sample:machine.dev.csv",
    )
