"""Data, codec and model of a classifier, ready to train or to be measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.data.batches import EpochBatches, buckets, epoch_of
from bilstm_nlp.reports import plots
from bilstm_nlp.tasks.classification.codec import ClassificationCodec
from bilstm_nlp.tasks.classification.comparison import ClassifiedExamples
from bilstm_nlp.tasks.classification.decoding import chosen_classes, decode, names
from bilstm_nlp.tasks.classification.ends import Encoded, InputEnd, Part, Parts
from bilstm_nlp.tasks.classification.evaluation import Evaluation, log_loss
from bilstm_nlp.tasks.classification.inputs import classifier_of, threshold_of
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.torch_network import ClassificationModel, TorchNetwork, head_of
from bilstm_nlp.tasks.measurement import Measurement, Ratio, evenly_spaced, timed
from bilstm_nlp.tasks.report_tables import most_frequent
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch

EXAMPLES, MEASURED = 8, 5000
"""Inputs that a run carries of its development part, and sequences that a comparison shows, at most."""
DRAWN_CLASSES = 60
"""Classes of the picture of confusions, at most."""


@dataclass(frozen=True)
class PreparedClassification:
    """Data, codec and model of a classifier."""

    config: ClassificationConfig
    end: InputEnd[Any]
    data: Parts[Any]
    codec: ClassificationCodec[Any]
    model: ClassificationModel

    @property
    def network(self) -> TorchNetwork:
        """The model as its predictor sees it, with its present weights."""
        return TorchNetwork(self.model)

    @cached_property
    def _encoded(self) -> Encoded:
        return self.codec.inputs.encode(self.data.train.inputs)

    @cached_property
    def _classes(self) -> NDArray[np.float32]:
        """(N, K) the classes of the training sequences, as numbers."""
        return self.codec.gold(self.data.train).astype(np.float32)

    def batches(self, epoch: int) -> Batches:
        """Return batches of sequences of like length, drawn from the seed and the epoch's number."""
        return epoch_of(partial(self._pass, epoch), self.config.training.steps_of(epoch))

    def _pass(self, epoch: int, number: int) -> EpochBatches[TrainingBatch]:
        """Return the batches of one pass of an epoch; the first has the number 0."""
        generator = np.random.default_rng([self.config.seed, epoch, number])
        plan = buckets(self._encoded.lengths, self.config.training.batch_size, generator)
        return EpochBatches(plan, self._collate)

    def _collate(self, chosen: NDArray[np.int64]) -> TrainingBatch:
        batch: TrainingBatch = replace(self._encoded.collate(chosen), classes=self._classes[chosen])
        return batch

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model on the development part: by accuracy, or by F1 of several classes.

        Of epochs with equal scores, which a small part has often, the one with the lowest log loss is the best.
        """
        encoded = self.codec.inputs.encode(self.data.dev.inputs)
        gold, threshold = self.codec.gold(self.data.dev), threshold_of(self.config)

        def score(model: Any) -> Score:
            network = TorchNetwork(model)
            values = network.probabilities(decode(network, encoded).scores, 1.0)
            predicted = chosen_classes(values, threshold)
            numerator, denominator = units(gold, predicted, several=threshold is not None)
            name = "accuracy" if threshold is None else "f1"
            value = float(numerator.sum() / max(denominator.sum(), 1.0))
            loss = log_loss(values, gold, several=threshold is not None)
            return Score(name, value, higher_is_better=True, loss=loss)

        return score

    def evaluation(self, part: Part[Any]) -> Evaluation:
        """Return the model's predictions on a part."""
        return Evaluation(self.network, self.codec, self.end, part, threshold_of(self.config))

    def finish(self) -> dict[str, Any]:
        """Fit the temperature to the development part, then score it and the test part, if there is one."""
        self.calibrate()
        results = {"dev": self.evaluation(self.data.dev).results()}
        if self.data.test is not None:
            results["test"] = self.evaluation(self.data.test).results()
        return results

    def calibrate(self) -> None:
        """Set the temperature to the value that fits the development part best."""
        head_of(self.model).temperature.fill_(self.evaluation(self.data.dev).best_temperature())

    def predictor(self) -> Classifier:
        """Return the classifier, with the model's present weights."""
        return classifier_of(self.config, self.end, self.network, self.codec)

    def examples(self) -> list[Any]:
        """Return a few sequences of the development part as JSON."""
        inputs = self.data.dev.inputs
        return [self.end.recorded(inputs[index]) for index in evenly_spaced(len(inputs), EXAMPLES).tolist()]

    def measure(self) -> Measurement:
        """Measure the classifier on each sequence of the development part."""
        inputs, threshold = self.data.dev.inputs, threshold_of(self.config)

        def answer() -> Evaluation:
            evaluation = self.evaluation(self.data.dev)
            evaluation.probabilities()
            return evaluation

        evaluation, seconds = timed(answer)
        gold, predicted = evaluation.gold, evaluation.predicted
        numerator, denominator = units(gold, predicted, several=threshold is not None)
        by_class = {name: figures.f1 for name, figures in evaluation.figures.per_class.items()}
        kept = evenly_spaced(len(inputs), MEASURED).tolist()
        return Measurement(
            measures={"accuracy" if threshold is None else "f1": Ratio(numerator, denominator, by_class)},
            lag=0,
            speed=len(inputs) / seconds,
            examples=ClassifiedExamples(
                keys=[self.end.key(inputs[index]) for index in kept],
                shown=[self.end.shown(inputs[index]) for index in kept],
                gold=[names(self.codec.classes, gold[index]) for index in kept],
                predicted=[names(self.codec.classes, predicted[index]) for index in kept],
            ),
        )

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw the confusion of the development part's classes, where a sequence has one."""
        confusion = results["dev"]["confusion"]
        if confusion is not None:
            labels, counts = most_frequent(confusion, DRAWN_CLASSES)
            units = self.end.units.capitalize()
            plots.confusion(labels, counts, folder / "confusion.png", "class", outside=False, units=units)


def units(
    gold: NDArray[np.bool_], predicted: NDArray[np.bool_], *, several: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N,) numerators and denominators of the measure, a sequence each: right of 1, or 2 · hits of all classes.

    >>> units(np.array([[True, False]]), np.array([[True, True]]), several=True)
    (array([2.]), array([3.]))
    """
    if several:
        return 2.0 * (gold & predicted).sum(1), (gold.sum(1) + predicted.sum(1)).astype(np.float64)
    return (gold == predicted).all(1).astype(np.float64), np.ones(len(gold))
