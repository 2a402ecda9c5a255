"""Columns known ahead that are constant in training: said, kept in their role, and read by no model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.series.codec_file import codec_json, codec_of
from bilstm_nlp.errors import RunError
from bilstm_nlp.tasks.registry import forecasting

ROWS, TRAINING = 60, 36


def table(law: object) -> pd.DataFrame:
    """Return months of a value beside a law."""
    generator = np.random.default_rng(0)
    dates = pd.date_range("2015-01-01", periods=ROWS, freq="MS").strftime("%Y-%m-%d")
    frame = pd.DataFrame({"date": dates, "y": generator.normal(size=ROWS).round(3), "price": generator.random(ROWS)})
    return frame.assign(law=law)


def prepared(folder, frame: pd.DataFrame, known: list[str], **inputs: object):
    path = folder / "months.csv"
    frame.to_csv(path, index=False)
    split = {"kind": "counts", "train": TRAINING, "validation": 12, "test": 12}
    names = {"id_column": "shop"} if "shop" in frame else {}
    config = parse(
        {
            "task": "forecasting",
            "data": {"file": str(path), "targets": ["y"], "known": known, "look_back": 6, "horizon": 3, "split": split}
            | names,
            "input": {"reader": {"kind": "steps"}, **inputs},
            "encoder": {"hidden": 4},
        },
        "a test",
    )
    return forecasting(config).prepare()


def points(forecaster, frame: pd.DataFrame) -> list[float]:
    """Forecast the last three rows of a table."""
    past, ahead = frame[:-3], frame[-3:].drop(columns="y")
    known = ahead if forecaster.codec.columns.known else None
    return forecaster.forecast(past, known)["forecast"].tolist()


LATER = np.arange(ROWS) >= TRAINING
LAWS = {
    "always 0": 0,
    "always 7.5": 7.5,
    "1 after training": LATER.astype(int),
    "one word": "none",
    "another word after training": np.where(LATER, "law", "none"),
}


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)
@pytest.mark.parametrize("effects", ["none", "linear"])
@pytest.mark.parametrize("others", [[], ["price"]], ids=["alone", "beside a price"])
def test_column_constant_in_training_changes_no_forecast(tmp_path, law, effects, others):
    frame = table(law)
    without = prepared(tmp_path, frame, others, effects=effects)
    given = prepared(tmp_path, frame, [*others, "law"], effects=effects)
    given.calibrate()
    without.calibrate()
    assert points(given.predictor(), frame) == points(without.predictor(), frame)
    assert given.scoring.results("test")["mse"] == without.scoring.results("test")["mse"]


@pytest.mark.parametrize(
    "law",
    [(np.arange(ROWS) >= TRAINING - 1).astype(int), np.where(np.arange(ROWS) == 5, "strike", "none")],
    ids=["1 in the last training row", "another word once"],
)
def test_column_that_changes_once_in_training_is_read(tmp_path, law, caplog):
    frame = table(law)
    fitted, without = (prepared(tmp_path, frame, known) for known in (["law"], []))
    assert fitted.codec.series.columns.idle == ()
    assert fitted.windows.training.panel.known == 1
    assert without.windows.training.panel.known == 0
    assert "no model reads it" not in caplog.text


def test_column_that_differs_between_series_alone_is_read(tmp_path):
    shops = [table(number).assign(shop=name) for number, name in enumerate("ab")]
    assert prepared(tmp_path, pd.concat(shops), ["law"]).codec.series.columns.idle == ()
    shops = [table(3).assign(shop=name) for name in "ab"]
    assert prepared(tmp_path, pd.concat(shops), ["law"]).codec.series.columns.idle == ("law",)


@pytest.mark.parametrize(
    ("law", "message"),
    [
        (0, "column 'law' is 0 in all training rows, so nothing can be learned from it: no model reads it"),
        (LATER * 2, "although it is 2 in its validation part, in series 'months' at 2018-01-01"),
        (np.where(np.arange(ROWS) < 50, "no", "yes"), "although it is 'yes' in its test part, in series 'months' at"),
    ],
)
def test_training_says_which_column_no_model_reads(tmp_path, caplog, law, message):
    prepared(tmp_path, table(law), ["law"])
    remarks = [record.getMessage() for record in caplog.records if "no model reads it" in record.getMessage()]
    assert len(remarks) == 1
    assert message in remarks[0]
    if law is LAWS["always 0"]:
        assert remarks[0].endswith("no model reads it")


def test_check_says_which_column_no_model_reads(tmp_path):
    task = forecasting(prepared(tmp_path, table(LATER.astype(int)), ["law"]).config)
    complaints = [complaint for complaint in task.inspect().complaints if "no model reads it" in complaint.message]
    assert [(complaint.wrong, complaint.kind) for complaint in complaints] == [(False, "columns not read")]
    assert "it is 1 in its validation part" in complaints[0].message


def test_codec_keeps_the_columns_that_no_model_reads(tmp_path):
    codec = prepared(tmp_path, table(0), ["price", "law"], effects="linear").codec.series
    values = codec_json(codec)
    assert values["idle"] == ["law"]
    loaded = codec_of(values)
    assert (loaded.columns, loaded.known, loaded.inputs) == (codec.columns, codec.known, codec.inputs)
    with pytest.raises(RunError, match="idle"):
        codec_of(values | {"idle": ["other"]})


def test_check_says_it_of_no_column_whose_numbers_can_not_be_read(tmp_path):
    """They stand as 0, which is no value of the column."""
    good = table(LATER.astype(int))
    task = forecasting(prepared(tmp_path, good, ["law"]).config)
    good.assign(law=good["law"].map("{},5".format)).to_csv(tmp_path / "months.csv", index=False)
    (complaint,) = task.inspect().complaints
    assert complaint.wrong
    assert "expected a number in column 'law', found '0,5'" in complaint.message
