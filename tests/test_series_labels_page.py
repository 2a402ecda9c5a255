"""docs/series-labels.md: its examples are read as the page says."""

from __future__ import annotations

import re
from pathlib import Path

from bilstm_nlp.config import parse
from bilstm_nlp.config.classification import SeriesClassificationConfig
from bilstm_nlp.config.reading import values_of
from bilstm_nlp.data.labelled.sequence import SequenceFormat
from bilstm_nlp.data.labelled.sequence_roles import ID_NAMES, LABEL_NAMES, STEP_NAMES
from bilstm_nlp.data.labelled.sequences import read_sequences

PAGE = (Path(__file__).parent.parent / "docs" / "series-labels.md").read_text(encoding="utf-8")


def block(start: str) -> str:
    """Return the indented block of the page that begins so."""
    lines = PAGE[PAGE.index(f"    {start}") :].splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("    "))
    return "".join(line.removeprefix("    ") + "\n" for line in lines[:end])


def test_table_is_read_as_the_page_says(tmp_path):
    (tmp_path / "table.csv").write_text(block("recording,minute"))
    roles = read_sequences(str(tmp_path / "table.csv"), SequenceFormat("steps")).roles
    assert (roles.id, roles.step, roles.label) == ("recording", "minute", "state")
    assert roles.values == ("temperature", "vibration", "current")


def test_file_of_the_archives_is_read_as_the_page_says(tmp_path):
    (tmp_path / "toy.ts").write_text(block("@dimensions"))
    sequences = read_sequences(str(tmp_path / "toy.ts"), SequenceFormat("class")).sequences
    assert [(each.class_name, len(each)) for each in sequences] == [("up", 3), ("down", 2)]


def test_names_of_columns_are_those_that_are_known():
    cells = {line.split("|")[1].split()[0]: line.split("|")[2] for line in PAGE.splitlines() if line.startswith("| ")}
    for kind, known in (("name", ID_NAMES), ("number", STEP_NAMES), ("label", LABEL_NAMES)):
        names = re.findall(r"`(\w+)`", cells[kind])
        assert len(names) > 5
        assert set(names) <= set(known)


def test_config_of_the_page_is_that_of_a_classifier_of_series():
    text = PAGE.partition("```toml\n")[2].partition("```")[0]
    assert isinstance(parse(values_of(text), "the page"), SeriesClassificationConfig)
