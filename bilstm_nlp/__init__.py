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
    from bilstm_nlp.comparison.compare import compare as compare
    from bilstm_nlp.experiment import train as train
    from bilstm_nlp.prediction import load as load

__all__ = ["compare", "load", "train"]

HOMES = {
    "compare": "bilstm_nlp.comparison.compare",
    "load": "bilstm_nlp.prediction",
    "train": "bilstm_nlp.experiment",
}
"""The module that each name is imported from."""


def __getattr__(name: str) -> object:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)
