"""Bi-LSTM sequence labelling, classification and forecasting: a shared encoder, heads chosen by config, honest numbers.

    import bilstm_nlp
    run = bilstm_nlp.train("configs/ner/sample.toml", "runs/sample")
    tagger = bilstm_nlp.load_tagger("runs/sample")
    tagger.tag(["EU rejects German call"])
    classifier = bilstm_nlp.load_classifier("runs/messages")
    classifier.classify("Where is my parcel ?").classes
    forecaster = bilstm_nlp.load_forecaster("runs/energy")
    forecaster.forecast(frame)
    bilstm_nlp.compare("configs/compare/sample.toml")

The names of `__all__` are imported when they are first used, so that `import bilstm_nlp` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bilstm_nlp.runs.ensemble import load_ensemble as load_ensemble
    from bilstm_nlp.runs.load import load as load
    from bilstm_nlp.runs.load import load_classifier as load_classifier
    from bilstm_nlp.runs.load import load_forecaster as load_forecaster
    from bilstm_nlp.runs.load import load_labeller as load_labeller
    from bilstm_nlp.runs.load import load_tagger as load_tagger
    from bilstm_nlp.runs.train import train as train
    from bilstm_nlp.runs.train import train_epochs as train_epochs
    from bilstm_nlp.studies.compare.compare import compare as compare

__version__ = "0.1.0"


__all__ = [
    "__version__",
    "compare",
    "load",
    "load_classifier",
    "load_ensemble",
    "load_forecaster",
    "load_labeller",
    "load_tagger",
    "train",
    "train_epochs",
]

_HOMES = {
    "compare": "bilstm_nlp.studies.compare.compare",
    "load": "bilstm_nlp.runs.load",
    "load_classifier": "bilstm_nlp.runs.load",
    "load_ensemble": "bilstm_nlp.runs.ensemble",
    "load_forecaster": "bilstm_nlp.runs.load",
    "load_labeller": "bilstm_nlp.runs.load",
    "load_tagger": "bilstm_nlp.runs.load",
    "train": "bilstm_nlp.runs.train",
    "train_epochs": "bilstm_nlp.runs.train",
}
"""The module that each name is imported from."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
