"""The training data that a classifier needs, judged before it is made. Knows no torch."""

from __future__ import annotations

from typing import Any

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.classification.ends import Parts


def check(config: ClassificationConfig, data: Parts[Any], classes: tuple[str, ...]) -> None:
    """Raise `DataError` for training data from which nothing can be learnt, or that do not fit the head."""
    train = data.train
    if len(classes) < (2 if config.head.kind == "softmax" else 1):
        raise DataError(train.source, "sequences of at least two classes", f"{', '.join(classes) or 'no class'} alone")
    if config.head.kind == "softmax":
        for part in (data.train, data.dev, data.test):
            for example in () if part is None else part.examples:
                if len(example.classes) != 1:
                    expected = "one class (head.kind = sigmoid takes several)"
                    raise DataError(example.source, expected, ", ".join(example.classes) or "none", example.line)
