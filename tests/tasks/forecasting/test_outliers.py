"""The warning of a value out of all proportion before training: where it is, and which setting helps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bilstm_nlp.config.reading import parse
from bilstm_nlp.tasks.forecasting import outliers
from bilstm_nlp.tasks.registry import forecasting


def messages(tmp_path, caplog, values: np.ndarray, **settings: object) -> list[str]:
    """Return what is said before a training on these values, of which the last 40 of 140 are for other parts."""
    path = tmp_path / "s.csv"
    pd.DataFrame({"date": pd.date_range("2024-01-01", periods=140, freq="D"), "y": values}).to_csv(path, index=False)
    split = {"kind": "last", "validation": 20, "test": 20}
    config = parse({"task": "forecasting", "data": {"file": str(path), "split": split, **settings}}, "test")
    data = forecasting(config).loader.load()
    caplog.clear()
    outliers.remark(config.data, data)
    return caplog.messages


def with_outlier(value: float, row: int = 30) -> np.ndarray:
    values = 20 + np.random.default_rng(1).normal(size=140)
    values[row] = value
    return values


def test_outlier_in_training_is_said_with_line_and_setting(tmp_path, caplog):
    (message,) = messages(tmp_path, caplog, with_outlier(1e6))
    assert message.startswith(f"{tmp_path / 's.csv'}: column 'y' of series 's' is 1e+06 at 2024-01-31 00:00:00 (line ")
    assert "(line or row 32), all else lies in 17" in message
    assert message.endswith(
        'data.scaler = "robust" leaves the scale to the others, and so does data.transform = "log1p"'
    )


def test_negative_outlier_has_no_logarithm_as_advice(tmp_path, caplog):
    (message,) = messages(tmp_path, caplog, with_outlier(-9999.0))
    assert message.endswith('data.scaler = "robust" leaves the scale to the others')


@pytest.mark.parametrize(
    "settings", [{"scaler": "robust"}, {"scaler": "none"}, {"transform": "ratio"}, {"transform": "log1p"}]
)
def test_setting_that_helps_silences_the_warning(tmp_path, caplog, settings):
    assert messages(tmp_path, caplog, with_outlier(1000.0), **settings) == []


def test_outlier_after_training_decides_no_scale(tmp_path, caplog):
    assert messages(tmp_path, caplog, with_outlier(1e6, row=120)) == []


def test_ordinary_rows_say_nothing(tmp_path, caplog):
    assert messages(tmp_path, caplog, with_outlier(26.0)) == []
