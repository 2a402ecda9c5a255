"""The sample configs give the weights, predictions and metrics that they gave at the commit named in the references.

The six variants of the comparison are trained in brief; the profile "nightly" trains them as their config says.
The reference of the forecaster was made again when its intervals were calibrated by series: weights, points and their
scores are those of the commit of the others. Token accuracy counts the tags of the file since then: `ner.json` and
`compare-brief.json` have these figures, `compare.json` has none.
"""

from __future__ import annotations

import json
import os

import pytest

from tests.same_bits import NAMES, REFERENCES, ROOT, differences, fingerprint

LONG = () if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else ("compare",)
"""What takes minutes of processor time, and is left to the night."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_sample_config_gives_the_bits_of_its_reference(name, tmp_path):
    """On another processor, or with other releases of torch, numpy or numba, the headline figures within 10 percent."""
    reference = json.loads((REFERENCES / f"{name}.json").read_text(encoding="utf-8"))
    commit = reference.pop("commit")
    made = fingerprint(name, ROOT, tmp_path)
    same_machine = made.pop("machine") == reference.pop("machine")
    assert not differences(reference, made, same_machine=same_machine), commit


def test_changed_digest_is_a_difference_on_the_same_machine_only():
    assert differences({"w": {"sha256": "a"}}, {"w": {"sha256": "b"}}, same_machine=True) == [
        "/w/sha256: expected 'a', found 'b'"
    ]
    assert differences({"w": {"sha256": "a"}}, {"w": {"sha256": "b"}}, same_machine=False) == []


def test_headline_figure_outside_its_tolerance_is_a_difference():
    assert differences({"f1": 0.8}, {"f1": 0.85}, same_machine=False) == []
    assert differences({"f1": 0.8}, {"f1": 0.65}, same_machine=False) == ["/f1: expected 0.8, found 0.65"]
    assert differences({"f1": 0.8}, {"f1": 0.8000001}, same_machine=True) != []


def test_missing_key_is_a_difference():
    assert differences({"a": 1, "b": 2}, {"a": 1}, same_machine=True) == [": expected the keys ['b'], found none"]
    assert differences({"a": 1}, {"a": 1, "b": 2}, same_machine=True) == []
