"""Measures of how unsure a classifier is of an answer. Knows no torch.

Three measures, each of the calibrated probabilities. Of one class an input, with P₁ ≥ P₂ the two largest probabilities:

- `least-certain`: 1 − P₁, the greatest first.
- `margin`: P₁ − P₂, the smallest first. P₂ is 0 if there is a single class.
- `errors`: the expected number of wrong classes, which is 1 − P₁ too.

Of several classes an input, q is the probability that the answer is right about a class, Q the product of all K:

- `least-certain`: 1 − Q^(1/K), the greatest first.
- `margin`: Q less the probability of the best answer that differs in one class, the smallest first.
- `errors`: Σ 1 − q, the greatest first.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.request import Measure


def uncertainty(answer: Classified, by: Measure, *, several: bool) -> float:
    """Return the score of an answer by a measure. `several`: an input may have any number of classes.

    >>> answer = Classified(("yes",), {"yes": 0.75, "no": 0.25})
    >>> [uncertainty(answer, by, several=False) for by in ("least-certain", "margin", "errors")]
    [0.25, 0.5, 0.25]
    """
    values = np.array(list(answer.probabilities.values()))
    if not several:
        return float(values[0] - values[1:].max(initial=0.0) if by == "margin" else 1 - values[0])
    chosen = np.array([name in answer.classes for name in answer.probabilities])
    right = np.where(chosen, values, 1 - values)
    match by:
        case "least-certain":
            return float(1 - right.prod() ** (1 / len(right)))
        case "margin":
            others = [np.delete(right, number).prod() * (1 - value) for number, value in enumerate(right)]
            return float(right.prod() - max(others))
        case "errors":
            return float((1 - right).sum())
        case _:
            assert_never(by)
