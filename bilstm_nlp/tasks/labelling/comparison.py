"""Sequences with a labeller's segments, which a run stores and a comparison shows. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked_dataclass

from bilstm_nlp.config.sections import Section
from bilstm_nlp.reports.sections import Table
from bilstm_nlp.tasks.comparison import StoredArrays

Run = tuple[str, Annotated[int, Field(ge=1)]]
"""A label, and the number of its steps in a row."""
SHOWN = 60
"""Segments of a sequence that a table shows."""


@checked_dataclass(frozen=True)
class StoredSequence:
    """A sequence as trial.json has it."""

    source: str
    name: str
    digest: str
    """Of its numbers."""
    gold: list[Run]
    predicted: list[Run]


class _Fields(Section):
    """The examples' own keys of trial.json."""

    sequences: Annotated[list[StoredSequence], Field(min_length=1)]


@dataclass(frozen=True)
class LabelDisagreement:
    """A sequence to whose steps not all variants give the same labels."""

    name: str
    gold: Sequence[Run]
    predicted: Mapping[str, Sequence[Run]]
    """By variant."""
    wrong: Mapping[str, int]
    """Steps with a wrong label by variant."""

    @classmethod
    def tables(cls, disagreements: Sequence[Self], measure: str) -> list[Table]:
        """Return a table for each sequence, with a row for each variant: its segments, and its wrong steps."""
        return [
            Table(
                f"{sequence.name}, segments with their steps",
                ("", "wrong steps", "segments"),
                [
                    ("gold", "", _shown(sequence.gold)),
                    *((name, f"{sequence.wrong[name]:,}", _shown(runs)) for name, runs in sequence.predicted.items()),
                ],
            )
            for sequence in disagreements
        ]


@dataclass(frozen=True)
class LabelledExamples:
    """Sequences in the order of the data, with their gold and their predicted segments."""

    sequences: Sequence[StoredSequence]

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        """Read sequences. Raises pydantic's `ValidationError` for anything else."""
        return cls(_Fields.model_validate_json(fields).sequences)

    @classmethod
    def view(cls) -> None:
        """A plain table of each disagreement is enough."""
        return

    @property
    def units(self) -> Sequence[object]:
        return [(each.name, each.digest, each.gold) for each in self.sequences]

    def fields(self) -> dict[str, Any]:
        return {"sequences": [vars(each) for each in self.sequences]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> list[LabelDisagreement]:
        """Return sequences that variants label differently, those with the largest range of wrong steps first."""
        ranked = []
        for index, first in enumerate(next(iter(examples.values())).sequences):
            predicted = {variant: each.sequences[index].predicted for variant, each in examples.items()}
            wrong = {variant: wrong_steps(first.gold, runs) for variant, runs in predicted.items()}
            if len({tuple(map(tuple, runs)) for runs in predicted.values()}) > 1:
                spread = max(wrong.values()) - min(wrong.values())
                ranked.append((-spread, index, LabelDisagreement(first.name, first.gold, predicted, wrong)))
        return [disagreement for _, _, disagreement in sorted(ranked, key=lambda each: each[:2])[:limit]]


def wrong_steps(gold: Sequence[Run], predicted: Sequence[Run]) -> int:
    """Count the steps with other labels than gold.

    >>> wrong_steps([("on", 3), ("off", 2)], [("on", 2), ("off", 3)])
    1
    """
    return sum(own != label for own, label in zip(_steps(gold), _steps(predicted), strict=True))


def _steps(runs: Sequence[Run]) -> list[str]:
    """Return the label of each step."""
    return [label for label, steps in runs for _ in range(steps)]


def _shown(runs: Sequence[Run]) -> str:
    """Return the first segments as text."""
    text = ", ".join(f"{label} {steps}" for label, steps in runs[:SHOWN])
    return text if len(runs) <= SHOWN else f"{text} and {len(runs) - SHOWN:,} more"
