"""The setup of a comparison."""

from __future__ import annotations

from tests.studies.trials import question


def test_variants_are_compared_at_the_largest_fraction():
    assert question("crf", fractions=(0.1, 1.0, 0.5)).largest == 1.0
