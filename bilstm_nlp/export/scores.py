"""The scores of two engines on the development data, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bilstm_nlp.config import Config
from bilstm_nlp.config.measures import Measure
from bilstm_nlp.errors import InputError
from bilstm_nlp.reports.sections import Table
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.graph_registry import development_results

POINTS, PERCENT = 0.1, 1.0
"""The default tolerance: points of F1 or accuracy, and percent of an error."""


@dataclass(frozen=True)
class DevelopmentScore:
    """A score on the development data, with weights of 32 bits and of 8 bits."""

    measure: Measure
    float32: float
    int8: float

    @property
    def loss(self) -> float:
        """The cost of 8 bits: points of a score in percent, otherwise percent of an error. Below 0 if they are better.

        >>> DevelopmentScore(Measure("f1", "dev", higher_is_better=True, scale=100), 0.95, 0.948).loss
        0.2
        """
        if self.measure.higher_is_better:
            return round(self.measure.scale * (self.float32 - self.int8), 4)
        return round(100 * (self.int8 / self.float32 - 1), 4) if self.float32 else 0.0

    @property
    def unit(self) -> str:
        """The unit of the loss."""
        return "points" if self.measure.higher_is_better else "%"

    def check(self, tolerance: float | None) -> None:
        """Raise `InputError` if the loss is above a tolerance, by default `POINTS` or `PERCENT`."""
        most = tolerance if tolerance is not None else POINTS if self.measure.higher_is_better else PERCENT
        if self.loss > most:
            raise InputError(
                f"--int8: expected to lose at most {most:g} {self.unit} of {self.measure.title} on the development "
                f"data, found a loss of {self.loss:g}; --tolerance allows more"
            )

    def table(self) -> Table:
        """Return both scores as a table."""
        rows = [("32 bits", f"{self.float32:.4f}"), ("8 bits", f"{self.int8:.4f}")]
        return Table("Development data", ("weights", f"{self.measure.title} on {self.measure.part}"), rows)

    def as_json(self) -> dict[str, Any]:
        """Return the scores as JSON."""
        return {
            "measure": self.measure.name,
            "part": self.measure.part,
            "float32": self.float32,
            "int8": self.int8,
            "loss": self.loss,
        }


def development_score(config: Config, before: Predictor, after: Predictor) -> DevelopmentScore:
    """Score two predictors on the development data of a config. Raises `InputError` for data that can't be read.

    An error is absolute, so that single large values do not decide.
    """
    measures = config.comparability.measures
    measure = next((each for each in measures if each.name == "mae"), measures[0])
    first, second = (float(development_results(config, each)[measure.name]) for each in (before, after))
    return DevelopmentScore(measure, first, second)
