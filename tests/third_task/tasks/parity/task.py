"""The toy task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bilstm_nlp.config.parity import ParityConfig
from bilstm_nlp.tasks.parity.predictor import ParityCodec, ParityPredictor, model, probabilities, read_bits
from torch import nn

from bilstm_nlp.data.batches import EpochBatches
from bilstm_nlp.data.folds import count_of
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.reports.sections import Section, Table, number
from bilstm_nlp.tasks.comparison import NoExamples
from bilstm_nlp.tasks.inspection import Complaint
from bilstm_nlp.tasks.measurement import Measurement, Ratio, timed
from bilstm_nlp.tasks.request import ErrorsPage
from bilstm_nlp.training.protocols import Batches, Score


class ParityTask:
    """Is the number of ones odd?"""

    def __init__(self, config: ParityConfig) -> None:
        self.config = config

    def prepare(self, trained: ParityPredictor | None = None) -> PreparedParity:
        data = self.config.data
        train, dev = read_bits(data.train), read_bits(data.dev)
        train = train[: count_of(data.fraction, len(train))]
        if trained is not None:
            return PreparedParity(self.config, train, dev, trained.codec, trained.model)
        torch.manual_seed(self.config.seed)
        return PreparedParity(self.config, train, dev, ParityCodec(max(map(len, train))), model(self.config))

    def inspect(self, source: str | None = None) -> BitInspection:
        sources = [source] if source is not None else list(self.config.sources)
        counts, complaints = {}, []
        for name in sources:
            try:
                counts[name] = len(read_bits(name))
            except DataError as error:
                complaints.append(Complaint.of(error))
        return BitInspection(counts, complaints)

    def evaluate(
        self, trained: ParityPredictor, source: str | None, errors: ErrorsPage | None = None
    ) -> dict[str, Any]:
        if errors is not None:
            raise InputError("--errors: not for a parity classifier")
        lines = read_bits(source or self.config.data.dev)
        return results(trained.model, trained.codec, source or self.config.data.dev, lines)

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        return [
            Section(f"{name}: {part['source']}", [Table("", ("", "value"), [("accuracy", number(part["accuracy"]))])])
            for name, part in parts.items()
        ]


@dataclass(frozen=True)
class BitInspection:
    """Counts of lines, and lines that can't be read."""

    counts: dict[str, int]
    complaints: Sequence[Complaint]

    def sections(self) -> list[Section]:
        return [Section("Bits", [Table("", ("file", "lines"), [(k, str(v)) for k, v in self.counts.items()])])]

    def figures(self) -> dict[str, Any]:
        return {"lines": self.counts}


@dataclass(frozen=True)
class PreparedParity:
    """Lines, codec and model."""

    config: ParityConfig
    train: list[str]
    dev: list[str]
    codec: ParityCodec
    model: nn.Module

    def batches(self, epoch: int) -> Batches:
        size = self.config.training.batch_size
        order = np.random.default_rng([self.config.seed, epoch]).permutation(len(self.train))
        chosen = [order[start : start + size] for start in range(0, len(order), size)]
        return EpochBatches(chosen, lambda numbers: self.codec.batch([self.train[index] for index in numbers]))

    def scorer(self) -> Callable[[nn.Module], Score]:
        return partial(score, self.codec, self.dev)

    def finish(self) -> dict[str, Any]:
        return {"dev": results(self.model, self.codec, self.config.data.dev, self.dev)}

    def predictor(self) -> ParityPredictor:
        return ParityPredictor(self.model, self.codec)

    def examples(self) -> list[Any]:
        return self.dev[:4]

    def measure(self) -> Measurement:
        right, seconds = timed(lambda: correct(self.model, self.codec, self.dev))
        ones = np.ones(len(self.dev))
        return Measurement(
            measures={"accuracy": Ratio(right.astype(np.float64), ones, {"odd": None, "even": None})},
            lag=0,
            speed=len(self.dev) / seconds,
            examples=NoExamples(),
        )

    def plot(self, results: Mapping[str, dict[str, Any]], folder: Path) -> None:
        """Draw nothing: the curves of the training are enough."""


def correct(classifier: nn.Module, codec: ParityCodec, lines: Sequence[str]) -> Any:
    odd = np.array([line.count("1") % 2 for line in lines])
    return probabilities(classifier, codec, lines).argmax(axis=1) == odd


def score(codec: ParityCodec, lines: Sequence[str], classifier: nn.Module) -> Score:
    return Score("accuracy", float(correct(classifier, codec, lines).mean()), higher_is_better=True)


def results(classifier: nn.Module, codec: ParityCodec, source: str, lines: Sequence[str]) -> dict[str, Any]:
    return {"source": source, "sequences": len(lines), "accuracy": float(correct(classifier, codec, lines).mean())}
