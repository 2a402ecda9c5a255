"""The sample data's configs, and how they are trained in seconds, for tests that share a run of the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import bilstm_nlp

CONFIGS = Path(__file__).parent.parent / "configs"
TAGGER = str(CONFIGS / "ner" / "sample.toml")
FORECASTER = CONFIGS / "forecasting" / "sample.toml"
# A tagger that is made in seconds and finds something.
SMALL = ["--set", "training.epochs=4", "--set", "encoder.hidden=24", "--set", "embeddings.characters={kind='none'}"]
SERIES = Path(bilstm_nlp.__file__).parent / "data" / "samples" / "energy.csv"


def command(*arguments: str) -> list[str]:
    """A process's arguments."""
    return [sys.executable, "-m", "bilstm_nlp", *map(str, arguments)]
