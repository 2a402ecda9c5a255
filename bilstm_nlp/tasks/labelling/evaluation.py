"""A labeller's predictions on a part of the data, and all figures of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints
from bilstm_nlp.data.labelled.sequence import SequenceSet
from bilstm_nlp.metrics.reliability import reliability
from bilstm_nlp.metrics.segments import SegmentScores, segment_scores
from bilstm_nlp.metrics.steps import step_scores
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tasks.labelling.codec import LabellingCodec, in_order
from bilstm_nlp.tasks.labelling.decoding import Decoded, decode
from bilstm_nlp.tasks.labelling.network import LabellingNetwork
from bilstm_nlp.tasks.temperature import Calibration, Confidences, cross_fitted, fit_temperature, interpolated

MANY_SUMS = 20_000_000
"""Steps times labels squared from which on a temperature is fitted to interpolated probabilities."""


@dataclass(frozen=True)
class Evaluation:
    """A labeller on a part of the data with gold labels."""

    network: LabellingNetwork
    codec: LabellingCodec
    part: SequenceSet

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The labels of training in their order, then those that only this part has."""
        own = {label for sequence in self.part.sequences for label in sequence.labels or ()}
        return (*self.codec.labels, *in_order(own - set(self.codec.labels)))

    @cached_property
    def gold(self) -> list[Ints]:
        """The gold labels (T,) of each sequence, as numbers into `names`."""
        return [self.codec.numbers(sequence.labels or (), self.names) for sequence in self.part.sequences]

    @cached_property
    def decoded(self) -> Decoded:
        """The predictions."""
        return decode(self.network, self.codec.encode(self.part.sequences))

    @cached_property
    def predicted(self) -> list[Ints]:
        """The predicted labels (T,) of each sequence, as numbers into `names`."""
        return self.decoded.paths()

    @cached_property
    def segments(self) -> SegmentScores:
        """The scores of segments."""
        return segment_scores(self.gold, self.predicted)

    @cached_property
    def correct(self) -> Bools:
        """(N,) True for each step whose label is right."""
        right: Bools = np.concatenate(self.predicted) == np.concatenate(self.gold)
        return right

    def calibrate(self) -> None:
        """Set the temperature to the value that fits this part best."""
        self.network.set_temperature(fit_temperature(self._fitted, self.correct))

    @cached_property
    def _fitted(self) -> Confidences:
        """temperature → (N,) confidences, interpolated if exact ones take long."""
        exact = self.decoded.confidences

        def confidences(temperature: float) -> Floats:
            return exact(temperature)

        return interpolated(confidences) if len(self.correct) * len(self.codec.labels) ** 2 > MANY_SUMS else confidences

    def calibration(self) -> Calibration:
        """Compare the confidences with how often they are right, before and after calibration."""
        lengths = [len(labels) for labels in self.gold]
        half = np.repeat(np.arange(len(lengths)) % 2 == 0, lengths)
        return Calibration(
            temperature=self.network.temperature,
            before=reliability(self.decoded.confidences(1.0), self.correct),
            after=reliability(self.decoded.confidences(), self.correct),
            ece_cross_fitted=cross_fitted(self._fitted, self.correct, half)[1] if len(lengths) > 1 else None,
        )

    def results(self) -> dict[str, Any]:
        """Return all figures, as metrics.json has them; what is undefined is None."""
        steps = step_scores(self.names, np.concatenate(self.gold), np.concatenate(self.predicted))
        segments = self.segments
        overlapping = {round(100 * overlap): scores for overlap, scores in segments.overlapping.items()}
        return {
            "source": self.part.source,
            "sequences": len(self.gold),
            "steps": len(self.correct),
            "accuracy": steps.accuracy,
            "macro_f1": steps.macro_f1,
            "majority": steps.majority,
            "edit": segments.edit,
            "segment_f1": segments.exact.f1,
            **{f"segment_f1_{percent}": scores.f1 for percent, scores in overlapping.items()},
            "segments": {
                "exact": as_json(segments.exact),
                **{f"overlap_{percent}": as_json(scores) for percent, scores in overlapping.items()},
            },
            "per_label": as_json(steps.per_label),
            "confusion": as_json(steps.confusion),
            "calibration": as_json(self.calibration()),
        }
