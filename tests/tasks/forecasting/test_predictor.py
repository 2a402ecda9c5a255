"""How tables of forecasts are written."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from bilstm_nlp.tasks.forecasting.predictor import as_csv


@pytest.mark.parametrize("name", ["a", "a\rb", "\r", 'a"\r\n,', ""])
def test_names_survive_csv(name):
    table = pd.DataFrame({"unique_id": [name], "column": ["y"], "forecast": [0.5]})
    rows = list(csv.reader(io.StringIO(as_csv(table).decode(), newline="")))
    assert rows == [["unique_id", "column", "forecast"], [name, "y", "0.5"]]


def test_only_what_needs_quotes_has_them():
    table = pd.DataFrame({"unique_id": ["a,b", "c"], "column": ["y", "y"], "forecast": [0.5, 1.0]})
    assert as_csv(table) == b'unique_id,column,forecast\n"a,b",y,0.5\nc,y,1.0\n'
