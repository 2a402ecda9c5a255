"""Imports of the command line's processes: a prediction imports nothing that only training or scoring needs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.samples import SERIES

CALL = """
import json, sys
from bilstm_nlp.cli.app import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""
TRAINING_AND_SCORING = {"accelerate", "datasets", "matplotlib", "numba", "rich", "scipy", "seqeval", "sklearn"}
TABLES = {"pandas", "pyarrow"}


def imported(*arguments: object) -> tuple[set[str], str]:
    """The libraries that a call of the command line imports in a process of its own, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", CALL, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}, done.stdout


@pytest.mark.slow
def test_a_taggers_prediction_imports_nothing_for_training_scoring_or_tables(tagger_run, tmp_path):
    (tmp_path / "one.txt").write_text("Maria Keller visited Basel.\n")
    libraries, printed = imported("predict", tagger_run, tmp_path / "one.txt", "--format", "jsonl", "--confidence")
    assert json.loads(printed)["text"] == "Maria Keller visited Basel."
    assert "torch" in libraries
    assert not libraries & (TRAINING_AND_SCORING | TABLES)


@pytest.mark.slow
def test_a_forecasters_prediction_imports_nothing_for_training_or_scoring(forecaster_run):
    libraries, printed = imported("predict", forecaster_run, SERIES)
    assert len(printed.splitlines()) == 1 + 24 * 3
    assert "torch" in libraries
    assert not libraries & TRAINING_AND_SCORING


def test_help_imports_no_library_of_numbers():
    libraries, printed = imported("--help")
    for name in ("train", "evaluate", "predict", "check", "info"):
        assert name in printed
    assert not libraries & {"numpy", "pydantic", "torch", *TRAINING_AND_SCORING, *TABLES}
