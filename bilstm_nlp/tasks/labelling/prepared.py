"""Data, codec and model of a labeller, ready to train or to be measured."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from bilstm_nlp.batch import Ints
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of, plan
from bilstm_nlp.data.labelled.encoded_sequences import EncodedSequences
from bilstm_nlp.metrics.segments import OVERLAPS, Segments, segment_scores
from bilstm_nlp.reports import plots
from bilstm_nlp.tasks.labelling.codec import LabellingCodec
from bilstm_nlp.tasks.labelling.comparison import LabelledExamples, Run, StoredSequence
from bilstm_nlp.tasks.labelling.data import LabelledParts
from bilstm_nlp.tasks.labelling.decoding import decode
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.model import LabellingModel
from bilstm_nlp.tasks.labelling.network import LabellingNetwork
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.measurement import Measurement, Ratio, evenly_spaced, timed
from bilstm_nlp.tasks.report_tables import most_frequent
from bilstm_nlp.tasks.sequences import sequence_format
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork
from bilstm_nlp.training.protocols import Batches, Score, TrainingBatch

EXAMPLES, EXAMPLE_STEPS, MEASURED = 8, 200, 1000
"""Sequences that a run carries of its development part, their steps, and sequences that a comparison shows, at most."""
DRAWN_LABELS = 60
"""Labels of the pictures, at most."""


@dataclass(frozen=True)
class PreparedLabelling:
    """Data, codec and model of a labeller."""

    config: LabellingConfig
    data: LabelledParts
    codec: LabellingCodec
    model: LabellingModel

    @property
    def network(self) -> LabellingNetwork:
        """The model with its present weights, as a network that decodes."""
        return TorchStepNetwork(self.model)

    @cached_property
    def _encoded(self) -> EncodedSequences:
        return self.codec.encode_with_labels(self.data.train.sequences)

    def batches(self, epoch: int) -> Batches:
        """Return batches of sequences of like length, drawn from the seed and the epoch's number."""
        return epoch_of(partial(self._pass, epoch), self.config.training.steps_of(epoch))

    def _pass(self, epoch: int, number: int) -> EpochBatches[TrainingBatch]:
        """Return the batches of one pass of an epoch; the first has the number 0."""
        settings, encoded = self.config.training, self._encoded
        generator = np.random.default_rng([self.config.seed, epoch, number])
        if settings.piece_steps is not None:
            encoded = encoded.pieces(settings.piece_steps, generator)
        return EpochBatches(plan(encoded.lengths, settings.batch_steps, generator), encoded.collate)

    def scorer(self) -> Callable[[nn.Module], Score]:
        """Return a function that scores a model on the development part by the accuracy of steps."""
        encoded = self.codec.encode(self.data.dev.sequences)
        gold = self.evaluation().gold

        def score(model: Any) -> Score:
            predicted = decode(TorchStepNetwork(model), encoded).paths()
            accuracy = float((np.concatenate(predicted) == np.concatenate(gold)).mean())
            segments = segment_scores(gold, predicted)
            figures = {"accuracy": accuracy, "edit": segments.edit, "segment_f1_50": segments.overlapping[0.5].f1}
            return Score("accuracy", accuracy, higher_is_better=True, figures=figures)

        return score

    def evaluation(self) -> Evaluation:
        """Return the model's predictions on the development part."""
        return Evaluation(self.network, self.codec, self.data.dev)

    def finish(self) -> dict[str, Any]:
        """Fit the temperature to the development part, then score it and the test part, if there is one."""
        dev = self.evaluation()
        dev.calibrate()
        results = {"dev": dev.results()}
        if self.data.test is not None:
            results["test"] = Evaluation(self.network, self.codec, self.data.test).results()
        return results

    def predictor(self) -> Labeller:
        """Return the labeller, with the model's present weights."""
        return Labeller(self.network, self.codec, sequence_format(self.config.data, "steps"))

    def examples(self) -> list[Any]:
        """Return the beginnings of a few development sequences, as [step][column]."""
        sequences = self.data.dev.sequences
        chosen = (sequences[index] for index in evenly_spaced(len(sequences), EXAMPLES).tolist())
        return [sequence.values[:EXAMPLE_STEPS].tolist() for sequence in chosen]

    def measure(self) -> Measurement:
        """Measure the labeller on each development sequence: right steps, and segments that overlap by half."""
        evaluation = self.evaluation()
        encoded = self.codec.encode(self.data.dev.sequences)
        predicted, seconds = timed(lambda: decode(self.network, encoded).paths())
        gold, results = evaluation.gold, evaluation.results()
        right = [int((own == labels).sum()) for own, labels in zip(gold, predicted, strict=True)]
        segments = segment_scores(gold, predicted)
        by_label = {label: scores["f1"] for label, scores in results["per_label"].items()}
        half = 1 + OVERLAPS.index(0.5)
        return Measurement(
            measures={
                "accuracy": Ratio(
                    np.array(right, np.float64), np.array([len(own) for own in gold], np.float64), by_label
                ),
                "segment_f1_50": Ratio(
                    (2 * segments.hits[:, half]).astype(np.float64),
                    (segments.predicted + segments.gold).astype(np.float64),
                    by_label,
                ),
            },
            lag=0,
            speed=len(gold) / seconds,
            examples=self._shown(evaluation, predicted),
        )

    def _shown(self, evaluation: Evaluation, predicted: list[Ints]) -> LabelledExamples:
        """Return some sequences with their segments."""
        names = evaluation.names
        return LabelledExamples(
            [
                StoredSequence(
                    source=sequence.source,
                    name=sequence.name,
                    digest=hashlib.sha256(sequence.values.tobytes()).hexdigest()[:16],
                    gold=_runs(evaluation.gold[index], names),
                    predicted=_runs(predicted[index], names),
                )
                for index in evenly_spaced(len(predicted), MEASURED).tolist()
                for sequence in [self.data.dev.sequences[index]]
            ]
        )

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw the confusion of the development part's labels, and the learnt transitions."""
        names, counts = most_frequent(results["dev"]["confusion"], DRAWN_LABELS)
        plots.confusion(names, counts, folder / "confusion.png", "label", outside=False, units="Steps")
        scores = self.network.chain.transitions
        drawn = self.codec.labels[:DRAWN_LABELS]
        plots.transitions(drawn, scores[: len(drawn), : len(drawn)], folder / "transitions.png")


def _runs(labels: Ints, names: tuple[str, ...]) -> list[Run]:
    """Return the segments of labels (T,), each with its number of steps."""
    segments = Segments.of(labels)
    return [
        (names[label], int(end - start))
        for label, start, end in zip(segments.labels, segments.starts, segments.ends, strict=True)
    ]
