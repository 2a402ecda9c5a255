"""The readings of entities without seqeval are seqeval's, on all sequences of up to five tags."""

from __future__ import annotations

from itertools import product

import pytest
from seqeval import scheme as seqeval_scheme
from seqeval.metrics.sequence_labeling import get_entities

from bilstm_nlp.metrics.entity_reading import conlleval_entities, strict_entities

SCHEMES = {
    "IOB1": (seqeval_scheme.IOB1, "BI"),
    "IOB2": (seqeval_scheme.IOB2, "BI"),
    "IOBES": (seqeval_scheme.IOBES, "BIES"),
}


def sequences(letters, longest):
    """Yield all sequences of up to `longest` tags of two types."""
    tags = ["O", *(f"{letter}-{kind}" for letter in letters for kind in ("PER", "LOC"))]
    for length in range(longest + 1):
        yield from map(list, product(tags, repeat=length))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_strict_entities_are_those_of_seqeval(scheme):
    reference, letters = SCHEMES[scheme]
    for tags in sequences(letters, 5 if len(letters) == 2 else 4):
        expected = [(each.start, each.end) for each in seqeval_scheme.Entities([tags], reference).entities[0]]
        assert strict_entities(tags, scheme) == expected, tags


@pytest.mark.parametrize(("letters", "longest"), [("BI", 5), ("BIES", 4)])
def test_entities_of_conlleval_are_those_of_seqeval(letters, longest):
    for tags in sequences(letters, longest):
        assert conlleval_entities(tags) == [(start, last + 1) for _, start, last in get_entities(tags)], tags


@pytest.mark.parametrize("kind", ["-_", "--", "-A-B", "-A--", "--A"])
def test_odd_types_are_read_like_seqeval_does(kind):
    for letters in product("BIES", repeat=3):
        tags = [f"{letter}{kind}" for letter in letters] + ["I-A"]
        assert conlleval_entities(tags) == [(start, last + 1) for _, start, last in get_entities(tags)]
        expected = seqeval_scheme.Entities([tags], seqeval_scheme.IOBES).entities[0]
        assert strict_entities(tags, "IOBES") == [(each.start, each.end) for each in expected]
