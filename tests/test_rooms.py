"""The rooms of the package and their imports: the contracts of import-linter in pyproject.toml, and a survey."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("grimp", reason="needs import-linter")

import grimp

from scripts.rooms import circles_of, floors_of, folder_of, survey

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_imports_keep_the_contracts():
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_rooms_are_few_and_their_imports_lead_down():
    plan = survey()
    assert plan.circles == []
    assert plan.upward == []
    assert len(plan.rooms) <= 25
    assert max(plan.floors.values()) <= 9
    assert {"cli", "nn/crf", "data/text", "data/text/formats", "contracts"} <= plan.rooms.keys()


def test_what_encodes_sentences_imports_no_format_of_files():
    graph = grimp.build_graph("bilstm_nlp", cache_dir=None)
    formats = graph.find_descendants("bilstm_nlp.data.text.formats")
    importers = {name for module in formats for name in graph.find_modules_that_directly_import(module)}
    assert "bilstm_nlp.tasks.tagging.data" in importers
    assert not [name for name in importers - formats if folder_of(name) in ("data", "data/text", "data/series")]


def test_script_prints_the_rooms_and_their_number():
    command = [sys.executable, str(ROOT / "scripts" / "rooms.py")]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1].endswith("0 circles, 0 upward imports")


def test_circle_of_imports_is_found():
    imports = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert circles_of(imports) == [["b", "c"]]


def test_floor_is_one_more_than_the_highest_room_below():
    assert floors_of({"cli": {"nn", "tasks"}, "tasks": {"nn"}, "nn": set()}) == {"nn": 1, "tasks": 2, "cli": 3}
