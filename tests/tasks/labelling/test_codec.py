"""The codec of a labeller: labels in order, and its file."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.data.labelled.sequence import Roles
from bilstm_nlp.errors import RunError
from bilstm_nlp.tasks.labelling.codec import LabellingCodec
from tests.tasks.labelling.machines import a_sequence

ROLES = Roles("id", "step", "state", ("speed",))
SEQUENCES = [a_sequence([[1], [2], [3]], "bca"), a_sequence([[4]], "c")]


def test_labels_of_training_are_numbered_in_order():
    codec = LabellingCodec.fit(SEQUENCES, ROLES, "none")
    assert codec.labels == ("a", "b", "c")
    assert codec.encode_with_labels(SEQUENCES).tags.tolist() == [1, 2, 0, 2]
    assert codec.encode(SEQUENCES).tags is None


def test_codec_comes_back_from_its_json():
    codec = LabellingCodec.fit(SEQUENCES, ROLES, "standard")
    again = LabellingCodec.from_json(json.loads(json.dumps(codec.to_json())))
    assert again.labels == codec.labels
    assert again.inputs.roles == ROLES
    assert again.encode(SEQUENCES).values.tolist() == codec.encode(SEQUENCES).values.tolist()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": []}, r"codec.json: expected labels, each once, found \[\]"),
        ({"labels": ["a", "a"]}, r"codec.json: expected labels, each once, found \['a', 'a'\]"),
        ({"labels": [1]}, r"codec.json: labels.0: expected a valid string, found 1"),
        ({"input": None}, r"codec.json: input: expected"),
    ],
)
def test_damaged_codec_is_refused(changed, message):
    with pytest.raises(RunError, match=message):
        LabellingCodec.from_json(LabellingCodec.fit(SEQUENCES, ROLES, "standard").to_json() | changed)
