"""Calibration: do predictions of confidence p come true in a fraction p of cases?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bilstm_nlp.metrics.ratios import ratio


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram of M bins of equal width, (edges[m], edges[m + 1]]. The first bin includes 0."""

    edges: npt.NDArray[np.float64]
    """(M + 1,)"""
    counts: npt.NDArray[np.int64]
    """(M,)"""
    mean_confidence: npt.NDArray[np.float64]
    """(M,), NaN in an empty bin."""
    accuracy: npt.NDArray[np.float64]
    """(M,), NaN in an empty bin."""
    ece: float | None
    """Expected calibration error: the sum over bins of fraction · |accuracy − mean confidence|. None if N is 0."""


def reliability(confidences: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 15) -> Reliability:
    """Compare confidences (N,) with the correctness (N,) bool of predictions (Guo et al. 2017, section 2).

    Confidences may exceed 1 by 1e-4, as sums in single precision do. Raises `ValueError` for other numbers outside
    0 to 1, and for unequal shapes.

    >>> round(reliability([0.9, 0.9, 0.6, 0.6], [True, True, True, False], bins=10).ece, 3)
    0.1
    """
    confidence = np.asarray(confidences, dtype=np.float64)
    hit = np.asarray(correct, dtype=bool)
    if confidence.ndim != 1 or confidence.shape != hit.shape:
        raise ValueError(f"expected confidences (N,) and correct (N,), found {confidence.shape} and {hit.shape}")
    if not np.all((confidence >= -1e-4) & (confidence <= 1 + 1e-4)):
        raise ValueError("expected confidences from 0 to 1, found others")
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    confidence_sum = np.bincount(bin_of, weights=confidence, minlength=bins)
    hits = np.bincount(bin_of, weights=hit, minlength=bins)
    filled = counts > 0
    mean_confidence = np.divide(confidence_sum, counts, out=np.full(bins, np.nan), where=filled)
    accuracy = np.divide(hits, counts, out=np.full(bins, np.nan), where=filled)
    # fraction · |accuracy − confidence| = |hits − summed confidence| / N, which needs no care for empty bins.
    ece = ratio(float(np.abs(hits - confidence_sum).sum()), len(confidence))
    return Reliability(edges=edges, counts=counts, mean_confidence=mean_confidence, accuracy=accuracy, ece=ece)


THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Confidences below which predictions may be left out."""


@dataclass(frozen=True)
class Threshold:
    """The scores if predictions of less than a confidence are left out."""

    confidence: float
    predictions: int
    """Predictions that are kept."""
    precision: float | None
    recall: float | None
    f1: float | None


def scores_at(
    confidences: npt.ArrayLike, correct: npt.ArrayLike, gold: int, thresholds: Sequence[float] = THRESHOLDS
) -> list[Threshold]:
    """Score the predictions that have at least a confidence, for several thresholds.

    `confidences` (N,) and `correct` (N,) bool are those of all predictions, `gold` the number of annotated entities.

    >>> for scores in scores_at([0.9, 0.6], [True, False], gold=2, thresholds=[0.0, 0.7]):
    ...     print(scores.predictions, scores.precision, scores.recall)
    2 0.5 0.5
    1 1.0 0.5
    """
    confidence, hit = np.asarray(confidences, np.float64), np.asarray(correct, bool)
    scores = []
    for threshold in thresholds:
        kept = confidence >= threshold
        count, hits = int(kept.sum()), int(hit[kept].sum())
        scores.append(Threshold(threshold, count, ratio(hits, count), ratio(hits, gold), ratio(2 * hits, count + gold)))
    return scores
