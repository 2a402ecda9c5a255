"""Tests of the recognition of what a training has seen."""

import pandas as pd

from bilstm_nlp.data.series.recognition import Ends


def test_parts_of_zoned_dates_follow_the_clock():
    ends = Ends("2024-03-30T23:00:00", "2024-03-31T02:30:00", None)  # Berlin's clocks never show the second
    dates = pd.to_datetime(["2024-03-30 23:00", "2024-03-31 01:00", "2024-03-31 03:00"]).tz_localize("Europe/Berlin")
    assert [ends.part_of(date) for date in dates] == ["train", "validation", "after"]
