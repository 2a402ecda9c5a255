"""The parts of a labeller's data: shares, folds, fractions, and labels that training lacks."""

from __future__ import annotations

import pytest

from bilstm_nlp.config.sequences import SequenceData
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.labelling.data import PartsLoader
from tests.tasks.labelling.machines import csv_of


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.csv").write_text(csv_of(1, (6,) * 10))
    (tmp_path / "dev.csv").write_text(csv_of(2, (6, 6), name="d").replace("low", "off"))
    return tmp_path


def loader(folder, **settings: object) -> PartsLoader:
    values = {"train": str(folder / "train.csv"), "dev": {"share": 0.3}}
    return PartsLoader(SequenceData.model_validate(values | settings), seed=5)


def names(part) -> set[str]:
    return {sequence.name for sequence in part.sequences}


def test_share_is_cut_off_the_training_part(folder):
    parts = loader(folder).load()
    assert len(parts.dev.sequences) == 3
    assert names(parts.train) | names(parts.dev) == {f"m{number}" for number in range(10)}
    assert not names(parts.train) & names(parts.dev)
    again = loader(folder)
    assert names(again.read(again.config.dev, parts.train.roles)) == names(parts.dev)


def test_folds_part_the_training_sequences(folder):
    kept = [
        names(loader(folder, dev=str(folder / "dev.csv"), held_out={"fold": fold, "folds": 3}).load().train)
        for fold in (1, 2, 3)
    ]
    out = [{f"m{number}" for number in range(10)} - fold for fold in kept]
    assert sorted(map(len, out)) == [3, 3, 4]
    assert set.union(*out) == {f"m{number}" for number in range(10)}


def test_fraction_keeps_whole_sequences(folder):
    parts = loader(folder, dev=str(folder / "dev.csv"), fraction=0.5).load()
    assert len(parts.train.sequences) == 5
    assert {len(sequence) for sequence in parts.train.sequences} == {6}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fraction": 0.05}, "expected at least one sequence in data.fraction, found 0.05 of 7"),
        ({"held_out": {"fold": 1, "folds": 9}}, "expected at least 9 sequences for as many folds, found 7"),
        ({"train": "nowhere.csv"}, "nowhere.csv: expected a file, found nothing there.*beside the config"),
    ],
)
def test_part_that_would_be_empty_is_refused(folder, settings, message):
    with pytest.raises(DataError, match=message):
        loader(folder, **settings).load()


def test_single_recording_has_no_share(folder):
    (folder / "train.csv").write_text(csv_of(1, (20,)))
    with pytest.raises(
        DataError, match=r"at least two sequences for data.dev.share, found 1; data.dev can name a file"
    ):
        loader(folder).load()


def test_labels_that_training_lacks_are_said(folder, caplog):
    loader(folder, dev=str(folder / "dev.csv")).load()
    assert "dev.csv:2: labels that training does not have, which count as wrong: off (6 steps)" in caplog.text
