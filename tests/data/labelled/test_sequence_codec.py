"""The codec of sequences: scales, labels, batches, and its file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceFormat
from bilstm_nlp.data.labelled.sequence_codec import SequenceCodec
from bilstm_nlp.errors import RunError

ROLES = Roles("id", None, "state", ("speed", "heat"))


def sequence(values: list[list[float]], labels: tuple[str, ...] | None) -> LabelledSequence:
    return LabelledSequence("a", "a.csv", 2, np.array(values), labels, np.arange(len(values)) + 2)


LONG = sequence([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]], ("on", "off", "off"))
SHORT = sequence([[6.0, 5.0]], ("busy",))


def test_columns_are_scaled_over_all_steps_of_training():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "steps", "standard")
    deviation = np.std([1, 2, 3, 6])
    encoded = codec.encode([SHORT], with_labels=True)
    np.testing.assert_allclose(encoded.values, [[(6 - 3) / deviation, 0.0]], rtol=1e-6)
    assert encoded.values.dtype == np.float32
    assert codec.labels == ("busy", "off", "on")
    assert encoded.tags.tolist() == [0]


def test_scaler_of_sequences_scales_each_by_itself():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "steps", "sequence")
    ratio = np.sqrt(1.5)
    np.testing.assert_allclose(codec.encode([LONG]).values, [[-ratio, 0], [0, 0], [ratio, 0]], rtol=1e-6)
    np.testing.assert_allclose(codec.encode([SHORT]).values, [[0, 0]])


def test_no_scaler_leaves_the_numbers():
    codec = SequenceCodec.fit([LONG], ROLES, "steps", "none")
    np.testing.assert_array_equal(codec.encode([LONG]).values, LONG.values)


def test_constant_column_is_zero_whatever_its_size():
    values = [[0.1, 1e12]] * 7
    codec = SequenceCodec.fit([sequence(values, ("x",) * 7)], ROLES, "steps", "standard")
    np.testing.assert_allclose(codec.encode([sequence(values, None)]).values, 0, atol=1e-3)


def test_batch_pads_at_the_end():
    encoded = SequenceCodec.fit([LONG, SHORT], ROLES, "steps", "none").encode([LONG, SHORT], with_labels=True)
    batch = encoded.collate(np.array([1, 0]))
    assert batch.values.tolist() == [[[6, 5], [0, 0], [0, 0]], [[1, 5], [2, 5], [3, 5]]]
    assert batch.mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.lengths.tolist() == [1, 3]
    assert batch.tags.tolist() == [[0, 0, 0], [2, 1, 1]]


def test_classes_are_numbered_by_sequence():
    up, down = sequence([[1, 2], [3, 4]], ("up",)), sequence([[1, 2]], ("down",))
    codec = SequenceCodec.fit([up, down], ROLES, "class", "standard")
    encoded = codec.encode([up, down], with_labels=True)
    assert encoded.classes.tolist() == [1, 0]
    assert encoded.tags is None
    assert codec.encode([up]).classes is None


def test_unknown_label_is_refused():
    codec = SequenceCodec.fit([LONG], ROLES, "steps", "standard")
    with pytest.raises(ValueError, match=r"Labels must be those of training\. Got 'busy' instead."):
        codec.encode([SHORT], with_labels=True)


def test_codec_comes_back_from_its_json():
    codec = SequenceCodec.fit([LONG, SHORT], ROLES, "steps", "standard")
    again = SequenceCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert (again.roles, again.labels, again.reading, again.scaler) == (ROLES, codec.labels, "steps", "standard")
    np.testing.assert_array_equal(again.encode([LONG]).values, codec.encode([LONG]).values)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("mean", [0.0], "codec.json: expected as many columns, means and deviations, found 2, 1 and 2"),
        ("deviation", [1.0, 0.0], r"codec.json: deviation.1: expected greater than 0, found 0.0"),
        ("labels", ["b", "a"], r"codec.json: expected distinct labels in order, found \['b', 'a'\]"),
        ("labels", [], "codec.json: expected distinct labels in order"),
        ("scaler", "log", "codec.json: scaler: expected"),
        ("reading", "none", "codec.json: reading: expected"),
    ],
)
def test_damaged_codec_is_refused(key, value, message):
    damaged = SequenceCodec.fit([LONG], ROLES, "steps", "standard").to_json() | {key: value}
    with pytest.raises(RunError, match=message):
        SequenceCodec.from_json(damaged)


def test_format_of_further_files_has_the_columns_of_training():
    codec = SequenceCodec.fit([LONG], ROLES, "steps", "standard")
    format = codec.format(SequenceFormat("steps", missing="interpolate"), "none")
    assert (format.reading, format.id_column, format.label_column) == ("none", "id", "state")
    assert (format.values, format.missing) == (("speed", "heat"), "interpolate")
