"""JSON that is read within limits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.system.json_values import depth, levels

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
)


@settings(max_examples=200, deadline=None)
@given(values, st.integers(1, 6))
def test_depth_counts_the_levels(value, limit):
    assert depth(value, limit) == len(list(levels(value, limit)))
