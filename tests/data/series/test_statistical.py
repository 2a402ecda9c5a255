"""Methods of statistics: their names, their package, and the forecast that takes the place of a failed fit."""

from __future__ import annotations

import sys
from statistics import NormalDist

import numpy as np
import pytest

from bilstm_nlp.data.series.method_forecasts import Methods
from bilstm_nlp.data.series.statistical import method_names, repeated_season
from bilstm_nlp.errors import InputError


def test_a_repeated_season_has_textbook_intervals():
    past = np.array([1.0, 5.0, 2.0, 7.0, 4.0])
    point, lower, upper = repeated_season(past, 2, 3, [0.9])
    deviation = np.sqrt(np.mean([1.0, 4.0, 4.0]))
    widths = NormalDist().inv_cdf(0.95) * deviation * np.sqrt([1, 1, 2])
    assert point.tolist() == [7, 4, 7]
    assert lower.tolist() == pytest.approx(point - widths)
    assert upper.tolist() == pytest.approx(point + widths)
    assert repeated_season(past[:1], 2, 2, [0.9]).tolist() == [[1, 1], [1, 1], [1, 1]]


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    message = (
        r"^baselines: expected the package statsforecast for ets, theta, found none; "
        r"pip install 'bilstm-nlp\[baselines\]'$"
    )
    with pytest.raises(InputError, match=message):
        Methods(("ets", "theta")).fitter(3, 4)
    assert Methods().fitter(3, 4).total == 0


@pytest.mark.parametrize("names", ["foo", ["ets", "ARIMA"], [""], [3]])
def test_other_methods_are_refused(names):
    with pytest.raises(InputError, match=r"^baselines \(--baselines\): expected some of ets, theta, arima, found "):
        method_names(names)
