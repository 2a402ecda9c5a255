"""Random spans and annotated sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st

from bilstm_nlp.tags import Span

thorough = settings(max_examples=60, deadline=None)

TYPES = ("PER", "LOC", "X-Y")


@st.composite
def span_lists(draw: st.DrawFn, lengths: Sequence[int]) -> list[list[Span]]:
    """Draw spans that do not overlap, in sentences of these lengths."""
    sentences: list[list[Span]] = []
    for length in lengths:
        borders = sorted(draw(st.sets(st.integers(0, length), max_size=6)))
        sentences.append([Span(draw(st.sampled_from(TYPES)), *at) for at in pairwise(borders) if draw(st.booleans())])
    return sentences


@st.composite
def annotated(draw: st.DrawFn) -> tuple[list[list[Span]], list[list[Span]], list[list[str]]]:
    """Draw gold spans, predicted spans and tokens."""
    tokens = draw(st.lists(st.lists(st.sampled_from("abc"), max_size=8), max_size=5))
    lengths = [len(words) for words in tokens]
    gold = draw(span_lists(lengths))
    predicted = [
        entities if draw(st.booleans()) else others
        for entities, others in zip(gold, draw(span_lists(lengths)), strict=True)
    ]
    return gold, predicted, tokens
