"""The labelling task: series in, a label for each step out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.errors import InputError
from bilstm_nlp.reports.sections import Section
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.labelling import report
from bilstm_nlp.tasks.labelling.data import PartsLoader, say_unknown_labels
from bilstm_nlp.tasks.labelling.evaluation import Evaluation
from bilstm_nlp.tasks.labelling.predictor import Labeller
from bilstm_nlp.tasks.request import ErrorsPage
from bilstm_nlp.tasks.sequence_inspection import SequenceInspection, inspect_sequences

if TYPE_CHECKING:
    from bilstm_nlp.tasks.labelling.prepared import PreparedLabelling


class LabellingTask:
    """The labelling task: a label for each step of a series."""

    def __init__(self, config: LabellingConfig) -> None:
        self.config = config
        self.loader = PartsLoader(config.data, config.seed)

    def prepare(self, trained: Predictor | None = None) -> PreparedLabelling:
        """Read the data, seed, fit the codec and make the model; or take those of a trained labeller."""
        from bilstm_nlp.tasks.labelling import preparing

        if trained is None:
            return preparing.fitted(self.config, self.loader.load())
        assert isinstance(trained, Labeller)
        return preparing.trained(self.config, self.loader.load(trained.codec.inputs.roles), trained)

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
        evaluation = Evaluation(trained.network, trained.codec, part)
        if errors is not None:
            from bilstm_nlp.tasks.labelling import errors_page

            errors_page.write(errors, evaluation)
        return evaluation.results()

    def report(self, parts: Mapping[str, dict[str, Any]]) -> list[Section]:
        """Turn the results on each part into a section."""
        return report.sections(parts)
