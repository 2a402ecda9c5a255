"""The codec of sequences: scales, batches, and its file."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceFormat
from bilstm_nlp.data.labelled.sequence_codec import SequenceCodec
from bilstm_nlp.errors import RunError

ROLES = Roles("id", None, "state", ("speed", "heat"))


def sequence(values: list[list[float]]) -> LabelledSequence:
    return LabelledSequence("a", "a.csv", 2, np.array(values), None, np.arange(len(values)) + 2)


LONG = sequence([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]])
SHORT = sequence([[6.0, 5.0]])


def test_columns_are_scaled_over_all_steps_of_training():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "standard")
    encoded = codec.encode([SHORT])
    np.testing.assert_allclose(encoded.values, [[(6 - 3) / np.std([1, 2, 3, 6]), 0.0]], rtol=1e-6)
    assert encoded.values.dtype == np.float32


def test_scaler_of_sequences_scales_each_by_itself():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "sequence")
    ratio = np.sqrt(1.5)
    np.testing.assert_allclose(codec.encode([LONG]).values, [[-ratio, 0], [0, 0], [ratio, 0]], rtol=1e-6)
    np.testing.assert_allclose(codec.encode([SHORT]).values, [[0, 0]])


def test_no_scaler_leaves_the_numbers():
    np.testing.assert_array_equal(SequenceCodec.fit([LONG], ROLES, "none").encode([LONG]).values, LONG.values)


def test_constant_column_is_zero_whatever_its_size():
    constant = sequence([[0.1, 1e12]] * 7)
    np.testing.assert_allclose(SequenceCodec.fit([constant], ROLES, "standard").encode([constant]).values, 0, atol=1e-3)


def test_batch_pads_at_the_end():
    encoded = SequenceCodec.fit([LONG, SHORT], ROLES, "none").encode([LONG, SHORT])
    batch = replace(encoded, tags=np.array([2, 1, 1, 3])).collate(np.array([1, 0]))
    assert batch.values.tolist() == [[[6, 5], [0, 0], [0, 0]], [[1, 5], [2, 5], [3, 5]]]
    assert batch.mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.lengths.tolist() == [1, 3]
    assert batch.tags.tolist() == [[3, 0, 0], [2, 1, 1]]
    assert encoded.collate(np.array([0])).tags is None


def test_codec_comes_back_from_its_json():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "standard")
    again = SequenceCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert (again.roles, again.scaler) == (ROLES, "standard")
    np.testing.assert_array_equal(again.encode([LONG]).values, codec.encode([LONG]).values)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("mean", [0.0], "codec.json: input: expected as many columns, means and deviations, found 2, 1 and 2"),
        ("deviation", [1.0, 0.0], r"codec.json: input: deviation.1: expected greater than 0, found 0.0"),
        ("mean", [0.0, "x"], "codec.json: input: mean.1: expected a valid number, found 'x'"),
        ("scaler", "log", "codec.json: input: scaler: expected"),
        ("roles", {"id": None, "step": None, "label": None}, "codec.json: input: roles.values: expected a value"),
    ],
)
def test_damaged_codec_is_refused(key, value, message):
    damaged = SequenceCodec.fit([LONG], ROLES, "standard").to_json() | {key: value}
    with pytest.raises(RunError, match=message):
        SequenceCodec.from_json(damaged)


def test_format_of_further_files_has_the_columns_of_training():
    codec = SequenceCodec.fit([LONG], ROLES, "standard")
    format = codec.format(SequenceFormat("steps", missing="interpolate"), "none")
    assert (format.reading, format.id_column, format.label_column) == ("none", "id", "state")
    assert (format.values, format.missing) == (("speed", "heat"), "interpolate")
