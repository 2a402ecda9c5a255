"""The files of sequences in a config."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bilstm_nlp.config.sequences import SequenceData, SequenceShare


def test_share_of_the_training_sequences_is_read(tmp_path):
    data = SequenceData.model_validate({"train": str(tmp_path / "a.csv"), "dev": {"share": 0.2, "seed": 7}})
    assert data.dev == SequenceShare(share=0.2, seed=7)
    assert data.sources == (str(tmp_path / "a.csv"),)


def test_pattern_becomes_its_files(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).touch()
    data = SequenceData(train=str(tmp_path / "*.csv"), dev="sample:machine.dev.csv")
    assert data.train == (str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert data.sources == (*data.train, "sample:machine.dev.csv")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dev", {"share": 1.0}),
        ("held_out", {"fold": 3, "folds": 2}),
        ("scaler", "robust"),
        ("values", []),
        ("missing", "ffill"),
    ],
)
def test_setting_out_of_range_is_refused(key, value):
    with pytest.raises(ValidationError, match=key):
        SequenceData.model_validate({"train": "a.csv", "dev": "b.csv"} | {key: value})
