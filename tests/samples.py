"""The configs of the sample data, and overrides that train them in seconds."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import bilstm_nlp

CONFIGS = Path(__file__).parent.parent / "configs"
TAGGER = str(CONFIGS / "ner" / "sample.toml")
CLASSIFIER = CONFIGS / "classification" / "sample.toml"
FORECASTER = CONFIGS / "forecasting" / "sample.toml"
# A tagger that is made in seconds and finds something.
SMALL = ["--set", "training.epochs=4", "--set", "encoder.hidden=24", "--set", "embeddings.characters={kind='none'}"]
SERIES = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "energy.csv"


def repeats(times: int) -> int:
    """Return how often a simulation is repeated: an eighth with the profile "brief", under another Python.

    What it may show by chance must be computed from this number.
    """
    return times // 8 if os.environ.get("HYPOTHESIS_PROFILE") == "brief" else times


def sets(overrides: list[str]) -> list[str]:
    """Give each `KEY=VALUE` as a `--set` of the command line."""
    return [part for override in overrides for part in ("--set", override)]


def command(*arguments: str) -> list[str]:
    """Start the command line in a process of its own: the arguments of `subprocess.run`."""
    return [sys.executable, "-m", "bilstm_nlp", *map(str, arguments)]


BETWEEN = "----\n"
IN_TURN = f"""
import json, sys
from bilstm_nlp.cli.app import main
if __name__ == "__main__":
    for arguments in json.loads(sys.argv[1]):
        sys.argv = ["bilstm-nlp", *arguments]
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise
        print({BETWEEN!r}, end="", flush=True)
"""


def in_turn(*calls: Sequence[object]) -> list[str]:
    """Call the command line several times in a process that imports everything once: the arguments of `subprocess.run`.

    It prints `BETWEEN` after each call, and ends at the first that fails.
    """
    return [sys.executable, "-c", IN_TURN, json.dumps([[*map(str, arguments)] for arguments in calls])]
