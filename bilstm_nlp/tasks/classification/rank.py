"""The texts of an input that a classifier is least sure of, for whoever annotates next. Knows no torch.

Three measures, each of the calibrated probabilities. Of one class a text, with P₁ ≥ P₂ the two largest probabilities:

- `least-certain`: 1 − P₁, the greatest first.
- `margin`: P₁ − P₂, the smallest first.
- `errors`: the expected number of wrong classes, which is 1 − P₁ too.

Of several classes a text, q is the probability that the answer is right about a class, Q the product of all K:

- `least-certain`: 1 − Q^(1/K), the greatest first.
- `margin`: Q less the probability of the best answer that differs in one class, the smallest first.
- `errors`: Σ 1 − q, the greatest first.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, assert_never

import numpy as np

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.classification.text_classifier import TextClassifier, choices_of
from bilstm_nlp.tasks.classification.text_output import names_of, writer_of
from bilstm_nlp.tasks.classification.text_stream import TextReading
from bilstm_nlp.tasks.request import Measure, Ranking, Request

logger = logging.getLogger(__name__)

PLACE = ("rank", "line", "score")
"""Columns of CSV with the place of a text."""


class Scored(NamedTuple):
    """A text with its answer, and its score by a measure."""

    score: float
    text: LabelledText
    answer: Classified


def ranked(classifier: TextClassifier, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Classify a file, or standard input, and write the texts that the classifier is least sure of, the first first.

    Only as many texts as are asked for are kept; texts without tokens are left out. Raises `InputError` for a faulty
    line, without output.
    """
    reading, kind = classifier.reading(request), classifier.format_of(request)
    sign = 1 if ranking.by == "margin" else -1
    scored = _scored(classifier, reading, ranking.by)
    chosen = heapq.nsmallest(ranking.top, scored, key=lambda each: sign * each.score)  # ties keep the input's order
    columns = tuple(dict.fromkeys(name for each in chosen for name in map(str, each.text.other)))
    choices = choices_of(request)
    write = writer_of(kind, choices, (*PLACE, *columns))
    yield reading.header.encode()
    if kind == "csv":
        yield names_of(choices, (*PLACE, *columns)).encode()
    for rank, (score, text, answer) in enumerate(chosen, 1):
        place = {"rank": rank, "line": text.line, "score": score}
        own = place if kind == "csv" else {"ranking": {**place, "by": ranking.by}}
        line = write(rank, replace(text, other={**text.other, **own}), answer)
        yield (f"{score:.6f}\t{text.line}\t{line}" if kind == "text" else line).encode()
    yield reading.footer.encode()
    for message in classifier.take_tally().messages():
        logger.warning("%s", message)


def _scored(classifier: TextClassifier, reading: TextReading, by: Measure) -> Iterator[Scored]:
    """Yield the texts of an input that have tokens, with their scores."""
    several = classifier.threshold is not None
    for chunk in reading.chunks():
        filled = [text for text in chunk.texts if text.tokens]
        classifier.count(chunk)
        for text, answer in zip(filled, classifier.answer(filled), strict=True):
            yield Scored(uncertainty(answer, by, several=several), text, answer)
        return_freed_memory()


def uncertainty(answer: Classified, by: Measure, *, several: bool) -> float:
    """Return the score of an answer by a measure. `several`: a text may have any number of classes.

    >>> answer = Classified(("yes",), {"yes": 0.75, "no": 0.25})
    >>> [uncertainty(answer, by, several=False) for by in ("least-certain", "margin", "errors")]
    [0.25, 0.5, 0.25]
    """
    values = np.array(list(answer.probabilities.values()))
    if not several:
        return float(values[0] - values[1] if by == "margin" else 1 - values[0])
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
