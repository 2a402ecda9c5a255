"""Complaints about data: as text, as JSON, and as sections of limited length."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.inspection import Complaint, as_json, complaint_sections, is_wrong

REMARK = Complaint("x", None, "a remark", wrong=False)
ERROR = Complaint("x", 3, "an error", wrong=True, kind="errors")


@dataclass
class Figures:
    """An inspection with no figures but a count."""

    complaints: list[Complaint] = field(default_factory=list)

    def sections(self):
        return []

    def figures(self):
        return {"sentences": 2}


def test_a_data_error_becomes_a_complaint_with_its_line():
    complaint = Complaint.of(DataError("a.conll", "2 columns", "3", line=7))
    assert complaint == Complaint("a.conll", 7, "expected 2 columns, found 3", True, "what can't be read")
    assert str(complaint) == "a.conll:7: expected 2 columns, found 3"
    assert str(REMARK) == "x: a remark"


@pytest.mark.parametrize(
    ("complaints", "wrong"), [([], False), ([REMARK], False), ([ERROR], True), ([REMARK, ERROR], True)]
)
def test_data_are_wrong_with_an_error_not_with_remarks(complaints, wrong):
    assert is_wrong(Figures(complaints)) == wrong


def test_json_has_figures_and_every_complaint():
    values = as_json(Figures([REMARK, ERROR]))
    remark = {"source": "x", "line": None, "message": "a remark", "wrong": False, "kind": "other"}
    error = {"source": "x", "line": 3, "message": "an error", "wrong": True, "kind": "errors"}
    assert values == {"sentences": 2, "wrong": True, "complaints": [remark, error]}


@pytest.mark.parametrize("most", [0, 1, 3, 1234])
def test_first_complaints_are_shown_and_others_counted(most):
    many = [Complaint("x", line, f"message {line}", wrong=False, kind="many") for line in range(1, 1235)]
    few = [Complaint("y", None, "away", wrong=True, kind="few"), Complaint("z", 3, "other", wrong=False)]
    wrong, remarks = complaint_sections([*many, *few], most)
    assert (wrong.title, remarks.title) == ("Wrong", "Remarks")
    lines = "\n".join([*wrong.parts, *remarks.parts]).split("\n")
    assert lines[0] == "few: 1"
    assert "many: 1,234" in lines
    assert sum(line.startswith("  x:") for line in lines) == most
    assert [f"  … and {1234 - most:,} more; --json lists all" in lines] == [most < 1234]
    assert ("  y: away" in lines) == ("  z:3: other" in lines) == (most > 0)


def test_no_complaints_give_no_sections():
    assert complaint_sections([], 5) == []
