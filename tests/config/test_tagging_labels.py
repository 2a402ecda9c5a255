"""Settings of labels: maps and formats of tags, and the measure of comparisons."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse, to_json
from bilstm_nlp.config.toml import toml
from bilstm_nlp.errors import ConfigError


def config(**data):
    return parse({"data": {"train": "a.conll", "dev": "b.conll", **data}}, "a test")


@pytest.mark.parametrize("entries", [{"B_*": "B-"}, {"B_": "B-*"}, {"*_*": "*-*"}, {"": "O"}, {"0": ""}])
def test_entry_of_a_map_has_a_star_on_both_sides_or_none(entries):
    with pytest.raises(ConfigError) as error:
        config(tag_map=entries)
    assert error.value.problems[0].startswith('data.tag_map: expected entries such as "B_*" = "B-*"')


def test_format_of_tags_excludes_another_scheme():
    with pytest.raises(ConfigError) as error:
        config(tag_format="IOE2", file_scheme="IOBES")
    assert error.value.problems == [
        "data.file_scheme: expected auto or IOB2 beside data.tag_format, found IOBES",
    ]
    assert config(tag_format="IOE2", file_scheme="IOB2").data.tag_format == "IOE2"


def test_map_is_written_as_toml_and_json_that_read_back():
    made = config(tag_map={"B_*": "B-*", "0": "O"})
    assert toml(made.data.tag_map) == '{ "B_*" = "B-*", 0 = "O" }'
    assert parse(to_json(made), "again") == made


def test_plain_labels_are_compared_by_accuracy():
    measures = {scheme: config(file_scheme=scheme).comparability.measures[0] for scheme in ("plain", "auto", "IOB2")}
    assert [measure.name for measure in measures.values()] == ["accuracy", "f1", "f1"]
    assert [measure.title for measure in measures.values()] == ["accuracy", "F1", "F1"]
