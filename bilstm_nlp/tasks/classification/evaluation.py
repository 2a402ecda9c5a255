"""A classifier's predictions on a part of the data, and all figures of them. Knows no torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.metrics.classes import ClassScores, class_scores
from bilstm_nlp.metrics.reliability import reliability
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tasks.classification.codec import ClassificationCodec
from bilstm_nlp.tasks.classification.decoding import chosen_classes, decode
from bilstm_nlp.tasks.classification.ends import Encoded, InputEnd, Part
from bilstm_nlp.tasks.classification.network import ClassificationNetwork
from bilstm_nlp.tasks.temperature import Calibration, cross_fitted, fit_temperature


@dataclass(frozen=True)
class Evaluation:
    """A classifier on a part of the data."""

    network: ClassificationNetwork
    codec: ClassificationCodec[Any]
    end: InputEnd[Any]
    part: Part[Any]
    threshold: float | None
    """Least probability of a class that is predicted; None where a sequence has one class."""

    @cached_property
    def gold(self) -> NDArray[np.bool_]:
        """(N, K) the classes of the sequences."""
        return self.codec.gold(self.part)

    @cached_property
    def scores(self) -> NDArray[np.float32]:
        """(N, K) the scores of the classes."""
        return decode(self.network, self._encoded).scores

    @cached_property
    def _encoded(self) -> Encoded:
        return self.codec.inputs.encode(self.part.inputs)

    def probabilities(self, temperature: float | None = None) -> NDArray[np.float64]:
        """Return the (N, K) probabilities, by default at the calibrated temperature."""
        return self.network.probabilities(self.scores, temperature)

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """(N, K) the predicted classes."""
        return chosen_classes(self.probabilities(), self.threshold)

    def confidences(self, temperature: float | None = None) -> NDArray[np.float64]:
        """Return probabilities that come true or not: of the predicted class (N,), or of every class (N · K,)."""
        values = self.probabilities(temperature)
        return values.max(1) if self.threshold is None else values.ravel()

    @cached_property
    def correct(self) -> NDArray[np.bool_]:
        """Tell for each of the `confidences` whether it came true. A temperature changes no order of classes."""
        if self.threshold is not None:
            return self.gold.ravel()
        best = self.scores.argmax(1)
        flags: NDArray[np.bool_] = self.gold[np.arange(len(best)), best]
        return flags

    @property
    def figures(self) -> ClassScores:
        """The scores of the classes."""
        several = self.threshold is not None
        return class_scores(self.codec.classes, self.gold, self.predicted, self.probabilities(), several=several)

    def best_temperature(self) -> float:
        """Return the temperature that fits this part best."""
        return fit_temperature(self.confidences, self.correct)

    def results(self) -> dict[str, Any]:
        """Return all figures, as metrics.json has them."""
        values, several = self.probabilities(), self.threshold is not None
        figures = self.figures
        half = np.arange(len(self.gold)) % 2 == 0
        if several:
            half = np.repeat(half, len(self.codec.classes))
        calibration = Calibration(
            temperature=self.network.temperature,
            before=reliability(self.confidences(1.0), self.correct),
            after=reliability(self.confidences(), self.correct),
            ece_cross_fitted=cross_fitted(self.confidences, self.correct, half)[1],
        )
        return {
            "source": self.part.source,
            "input": self.end.units,
            "sequences": len(self.gold),
            "steps": int(self._encoded.lengths.sum()),
            **_headline(figures, several=several),
            "log_loss": log_loss(values, self.gold, several=several),
            "majority": figures.majority,
            "per_class": as_json(figures.per_class),
            "confusion": as_json(figures.confusion),
            "calibration": as_json(calibration),
        }


def _headline(figures: ClassScores, *, several: bool) -> dict[str, float | None]:
    """Return the scores of all classes together, the one that chooses the epoch first."""
    means = {"macro_f1": figures.macro_f1, "weighted_f1": figures.weighted_f1}
    if several:
        return {"f1": figures.micro_f1, "exact_match": figures.accuracy, **means}
    return {"accuracy": figures.accuracy, **means}


def log_loss(values: NDArray[np.float64], gold: NDArray[np.bool_], *, several: bool) -> float | None:
    """Return the mean negative logarithm of the probability of the gold classes, in nats a sequence."""
    if not len(gold):
        return None
    likely = np.clip(np.where(gold, values, 1 - values if several else 1.0), 1e-12, 1.0)
    return float(-np.log(likely).sum(1).mean())
