"""Bi-LSTM sequence labelling and forecasting: a shared encoder, heads chosen by config, honest numbers.

    import bilstm_nlp
    tagger = bilstm_nlp.load("runs/conll2003")
    tagger.tag(["EU rejects German call"])
    forecaster = bilstm_nlp.load("runs/energy")
    forecaster.forecast(frame)
    bilstm_nlp.compare("configs/compare/sample.toml")

The names below are imported when they are first used, so that `import bilstm_nlp` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bilstm_nlp.runs.load import load as load
    from bilstm_nlp.runs.train import train as train
    from bilstm_nlp.studies.compare.compare import compare as compare

__version__ = "0.1.0"

__all__ = ["compare", "load", "train"]

HOMES = {
    "compare": "bilstm_nlp.studies.compare.compare",
    "load": "bilstm_nlp.runs.load",
    "train": "bilstm_nlp.runs.train",
}
"""The module that each name is imported from."""


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
