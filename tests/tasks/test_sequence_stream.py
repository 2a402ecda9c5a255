"""Chunks of whole series, in the order of their rows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.data.labelled.sequence import LabelledSequence, SequenceFormat
from bilstm_nlp.tasks.sequence_stream import SequenceReading, chunks_of


def sequences_of(rows: list[list[int]]) -> list[LabelledSequence]:
    """Series with these rows, and no numbers."""
    return [LabelledSequence(str(own), "x", own[0], np.zeros((len(own), 1)), None, np.array(own)) for own in rows]


@st.composite
def files(draw):
    """Rows of series: each row of a file belongs to one of a few series near it."""
    owners = [draw(st.integers(row // 4, row // 4 + 1)) for row in range(draw(st.integers(1, 40)))]
    return [[row for row, own in enumerate(owners) if own == name] for name in sorted(set(owners), key=owners.index)]


@given(files(), st.integers(1, 4), st.integers(1, 12))
def test_chunks_have_all_series_and_their_rows_never_take_turns(rows, most, steps):
    sequences = sequences_of(rows)
    chunks = list(chunks_of(sequences, most, steps))
    assert [sequence for chunk in chunks for sequence in chunk.sequences] == sequences
    counts = np.cumsum([0, *(len(chunk.sequences) for chunk in chunks)])
    assert [chunk.first for chunk in chunks] == (counts[:-1] + 1).tolist()
    for chunk, following in pairwise(chunks):
        last, first = (
            [row for sequence in each.sequences for row in sequence.rows.tolist()] for each in (chunk, following)
        )
        assert max(last) < min(first)
        assert len(chunk.sequences) >= most or len(last) >= steps


def test_series_one_after_another_fill_chunks():
    sequences = sequences_of([[2 * row, 2 * row + 1] for row in range(7)])
    assert [len(chunk.sequences) for chunk in chunks_of(sequences, 3, 100)] == [3, 3, 1]
    assert [len(chunk.sequences) for chunk in chunks_of(sequences, 100, 4)] == [2, 2, 2, 1]
    assert list(chunks_of([])) == []


def test_reading_of_a_file_has_its_series():
    reading = SequenceReading("sample:machine.dev.csv", SequenceFormat("none"))
    (chunk,) = reading.chunks()
    assert [sequence.name for sequence in chunk.sequences] == ["dev1", "dev2", "dev3", "dev4"]
    assert (reading.header, reading.footer, reading.may_be_slow) == ("", "", False)
