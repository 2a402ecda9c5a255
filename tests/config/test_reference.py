"""docs/configuration.md: every key of a config, as the schema has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bilstm_nlp.config import dotted_keys
from bilstm_nlp.config.reference import markdown

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_what_the_schema_gives():
    assert PAGE.read_text(encoding="utf-8") == markdown(), "bilstm-nlp schema --markdown > docs/configuration.md"


@pytest.mark.parametrize("task", ["tagging", "forecasting"])
def test_the_page_has_every_key_of_a_task(task):
    chapter = markdown().partition(f'## task = "{task}"')[2].partition("\n## ")[0]
    first, *others = chapter.split("\n### [")
    sections = {"": first}
    for section in others:  # kinds of a table have a section each
        table = section.partition("]")[0].removeprefix("[")
        sections[table] = sections.get(table, "") + section
    keys = set(dotted_keys(task))
    assert len(keys) > 60
    for key in keys:
        table, _, name = key.rpartition(".")
        assert name == "kind" or f"| `{name}` |" in sections[table], key


def test_every_row_has_a_type_a_default_and_a_meaning():
    rows = [line.strip("| ").split(" | ") for line in markdown().splitlines() if line.startswith("| `")]
    assert len(rows) > 130
    for row in rows:
        assert len(row) == 4
        assert row[1]
        assert row[3].endswith((".", ")"))
        assert row[2] or row[1].startswith("table")


def test_types_and_ranges_are_written_out():
    page = markdown()
    for row in (
        '| `cell` | `"lstm"` or `"gru"` | `"lstm"` | The recurrent cell. |',
        "| `seed` | integer, at least 0, below 4294967296 | `1` |",
        "| `hidden` | integer, at least 1 | `256` |",
        "| `dropout` | number, at least 0, below 1 | `0.5` |",
        "| `betas` | list of 2: number, at least 0, below 1 | `[0.9, 0.999]` |",
        "| `targets` | list of text, not empty | not set |",
        "| `train` | text or list of text, not empty | required |",
        "| `dev` | text or list of text, not empty or table | required |",
        "| `validation` | date and time or date | required |",
        '| `head` | table of kind `"crf"` or `"softmax"` | `kind = "crf"` |',
    ):
        assert row in page
