"""The labelling task: series in, a label for each step out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.labelling import report
from bilstm_nlp.tasks.labelling.codec import LabellingCodec
from bilstm_nlp.tasks.labelling.data import PartsLoader, say_unknown_labels
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.model import label_weights, model
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.labelling.prepared import PreparedLabelling
from bilstm_nlp.tasks.request import ErrorsPage
from bilstm_nlp.tasks.sequence_inspection import SequenceInspection, inspect_sequences
from bilstm_nlp.tasks.sequences import sequence_format


class LabellingTask:
    """The labelling task: a label for each step of a series."""

    def __init__(self, config: LabellingConfig) -> None:
        self.config = config
        self.loader = PartsLoader(config.data, config.seed)

    def prepare(self, trained: Predictor | None = None) -> PreparedLabelling:
        """Read the data, seed, fit the codec and make the model; or take those of a trained labeller."""
        config = self.config
        if trained is not None:
            assert isinstance(trained, Labeller)
            data = self.loader.load(trained.codec.inputs.roles)
            return PreparedLabelling(config, data, trained.codec, trained.model)
        data = self.loader.load()
        torch.manual_seed(config.seed)
        codec = LabellingCodec.fit(data.train.sequences, data.train.roles, config.data.scaler)
        if len(codec.labels) < 2:
            raise DataError(data.train.source, "steps with at least two labels", f"{codec.labels[0]!r} alone")
        gold = np.concatenate([codec.numbers(each.labels or (), codec.labels) for each in data.train.sequences])
        weights = label_weights(config.head, codec.labels, gold)
        with allocating("making the model", "size of the encoder"):
            return PreparedLabelling(config, data, codec, model(config, codec, weights))

    def prepare_from(self, parent: Predictor) -> PreparedLabelling:
        """Raise `InputError`: a labeller's training starts from random weights."""
        raise InputError("training.parent: expected the config of a tagger, found one of labelling")

    def inspect(self, source: str | None = None) -> SequenceInspection:
        """Describe the config's files, or another file that is read in the same way."""
        data = self.config.data
        parts: dict[str, Any] = {"train": data.train, "dev": data.dev}
        parts |= {} if data.test is None else {"test": data.test}
        return inspect_sequences(parts if source is None else {"file": source}, self.loader.read_part, "steps")

    def evaluate(self, trained: Predictor, source: str | None, errors: ErrorsPage | None = None) -> dict[str, Any]:
        """Score a labeller on a file, by default on the test part, or on the development part without one.

        Raises `InputError` for a page of errors that can't be written.
        """
        assert isinstance(trained, Labeller)
        data = self.config.data
        part = self.loader.read(source or data.test or data.dev, trained.codec.inputs.roles)
        say_unknown_labels(part, set(trained.codec.labels))
        evaluation = Evaluation(trained.model, trained.codec, part)
        if errors is not None:
            from bilstm_nlp.tasks.labelling import errors_page

            errors_page.write(errors, evaluation)
        return evaluation.results()

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)


def restored(config: LabellingConfig, codec: object) -> Labeller:
    """Make the labeller of a saved run, before its weights are loaded. Raises `RunError` for a damaged codec."""
    saved = LabellingCodec.from_json(codec)
    return Labeller(model(config, saved), saved, sequence_format(config.data, "steps"))
