"""The classification task: texts or series in, a class for each out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.classification import report
from bilstm_nlp.tasks.classification.codec import ClassificationCodec, classes_of, saved_classes
from bilstm_nlp.tasks.classification.ends import Parts
from bilstm_nlp.tasks.classification.evaluation import Evaluation
from bilstm_nlp.tasks.classification.inputs import classifier_of, input_end
from bilstm_nlp.tasks.classification.model import class_weights, model
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.classification.prepared import PreparedClassification
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.request import ErrorsPage


class ClassificationTask:
    """The classification task: a class, or several, for each sequence."""

    def __init__(self, config: ClassificationConfig) -> None:
        self.config = config
        self.end = input_end(config)

    def prepare(self, trained: Predictor | None = None) -> PreparedClassification:
        """Read the data, seed, fit the codec and make the model; or take those of a trained classifier."""
        if trained is not None:
            assert isinstance(trained, Classifier)
            return PreparedClassification(self.config, trained.end, trained.end.load(), trained.codec, trained.model)
        data = self.end.load()
        torch.manual_seed(self.config.seed)
        classes = classes_of(data.train.examples)
        check(self.config, data, classes)
        inputs, embedder = self.end.fit(data.train.inputs)
        codec = ClassificationCodec(classes, inputs)
        for part in (data.dev, data.test):
            if part is not None:
                codec.gold(part)  # names an unknown class before anything is trained
        weights = class_weights(self.config.head, classes, codec.gold(data.train))
        with allocating("making the model", "size of the encoder or of embeddings"):
            made = model(self.config, embedder, len(classes), weights)
        return PreparedClassification(self.config, self.end, data, codec, made)

    def prepare_from(self, parent: Predictor) -> PreparedClassification:
        """Raise `InputError`: a classifier's training starts from random weights."""
        raise InputError("training.parent: expected the config of a tagger, found a classifier's")

    def inspect(self, source: str | None = None) -> Inspection:
        """Describe the config's data, or another file that is read in the same way."""
        return self.end.inspect(source)

    def evaluate(self, trained: Predictor, source: str | None, errors: ErrorsPage | None = None) -> dict[str, Any]:
        """Score a classifier on a file, by default on the test part, or on the development part without one.

        If `errors` is given, every wrong class is written to that page.
        """
        assert isinstance(trained, Classifier)
        end = trained.end  # which cuts texts as in training
        if source is not None:
            part = end.read(source, trained.codec.classes)
        else:
            data = end.load()
            part = data.dev if data.test is None else data.test
        evaluation = Evaluation(trained.model, trained.codec, end, part, trained.threshold)
        if errors is not None:
            from bilstm_nlp.tasks.classification import errors_page

            errors_page.write(errors, evaluation)
        return evaluation.results()

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)


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


def restored(config: ClassificationConfig, codec: object, arrays: Mapping[str, NDArray[Any]]) -> Classifier:
    """Make the classifier of a saved run, before its weights are loaded. Raises `RunError` for a damaged codec."""
    classes = saved_classes(codec)
    end = input_end(config)
    inputs, embedder = end.restored(codec.get("input") if isinstance(codec, dict) else None, arrays)
    untrained = model(config, embedder, len(classes))
    return classifier_of(config, end, untrained, ClassificationCodec(classes, inputs))
