"""The configs of the sample data, and overrides that train them in seconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import bilstm_nlp

CONFIGS = Path(__file__).parent.parent / "configs"
TAGGER = str(CONFIGS / "ner" / "sample.toml")
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
