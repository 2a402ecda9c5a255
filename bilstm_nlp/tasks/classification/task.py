"""The classification task: texts or series in, a class for each out. Knows no torch before a training is prepared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config.classification import ClassificationConfig
from bilstm_nlp.errors import InputError
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.classification import report
from bilstm_nlp.tasks.classification.evaluation import Evaluation
from bilstm_nlp.tasks.classification.inputs import input_end
from bilstm_nlp.tasks.classification.predictor import Classifier
from bilstm_nlp.tasks.inspection import Inspection
from bilstm_nlp.tasks.request import ErrorsPage

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.prepared import PreparedClassification


class ClassificationTask:
    """The classification task: a class, or several, for each sequence."""

    def __init__(self, config: ClassificationConfig) -> None:
        self.config = config
        self.end = input_end(config)

    def prepare(self, trained: Predictor | None = None) -> PreparedClassification:
        """Read the data, seed, fit the codec and make the model; or take those of a trained classifier."""
        from bilstm_nlp.tasks.classification import preparing

        if trained is None:
            return preparing.fitted(self.config, self.end)
        assert isinstance(trained, Classifier)
        return preparing.trained(self.config, trained)

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
        evaluation = Evaluation(trained.network, trained.codec, end, part, trained.threshold)
        if errors is not None:
            from bilstm_nlp.tasks.classification import errors_page

            errors_page.write(errors, evaluation)
        return evaluation.results()

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)
