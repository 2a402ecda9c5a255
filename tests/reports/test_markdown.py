"""Reports in Markdown."""

from __future__ import annotations

import pytest

from bilstm_nlp.reports.markdown import markdown, markdown_section, markdown_table
from bilstm_nlp.reports.sections import Picture, Section, Table, number

TRAINING = {
    "epochs": 12,
    "best_epoch": 9,
    "parameters": 12_345,
    "seconds": 61.4,
    "sequences_per_second": 1234.5,
    "threads": 2,
    "peak_memory_mb": 512.0,
}


def test_a_report_has_the_training_then_its_sections():
    report = markdown(TRAINING, [Section("dev", ["Good."]), Section("test", [Picture("plots/c.png", "Counts")])])
    headings = [line for line in report.splitlines() if line.startswith("#")]
    assert headings == ["# Training run", "## dev", "## test"]
    assert (
        "12 epochs, the best of them 9; 12,345 trained parameters; 61 s of training (1,234 sequences/s on 2" in report
    )
    assert "![Curves of the training](plots/curves.png)" in report
    assert report.endswith("## test\n\n![Counts](plots/c.png)\n")


def test_parts_of_a_section_stay_in_order():
    section = Section("test", ["First.", Table("Scores", ("", "F1"), [("PER", number(0.5))]), Picture("a.png", "A")])
    table = "**Scores**\n\n|  | F1 |\n| --- | ---: |\n| PER | 0.5000 |"
    assert markdown_section(section) == f"## test\n\nFirst.\n\n{table}\n\n![A](a.png)"


@pytest.mark.parametrize("cell", ["|", "a|b", "||"])
def test_a_bar_in_a_cell_does_not_split_it(cell):
    row = markdown_table(("", "x"), [(cell, "1")]).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 3


def test_undefined_figures_are_dashes():
    assert (number(None), number(0.0), number(1.23456, 2)) == ("–", "0.0000", "1.23")
