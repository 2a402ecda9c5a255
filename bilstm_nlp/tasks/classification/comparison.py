"""Sequences with a classifier's classes, which a run stores and a comparison shows. Knows no torch."""

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


@checked_dataclass(frozen=True)
class StoredSequence:
    """A sequence as trial.json has it."""

    key: Any
    shown: str
    gold: list[str]
    predicted: list[str]


class _Fields(Section):
    """The examples' own keys of trial.json."""

    sequences: Annotated[list[StoredSequence], Field(min_length=1)]


@dataclass(frozen=True)
class ClassDisagreement:
    """A sequence to which not all variants give the same classes."""

    shown: str
    gold: Sequence[str]
    predicted: Mapping[str, Sequence[str]]
    """The predicted classes by variant."""

    @classmethod
    def tables(cls, disagreements: Sequence[Self], measure: str) -> list[Table]:
        """Return a table for each sequence, with a row for each variant."""
        return [
            Table(
                sequence.shown,
                ("", "class"),
                [
                    (name, ", ".join(classes) or "none")
                    for name, classes in (("gold", sequence.gold), *sequence.predicted.items())
                ],
            )
            for sequence in disagreements
        ]


@dataclass(frozen=True)
class ClassifiedExamples:
    """Sequences in the order of the data, with their gold and their predicted classes."""

    keys: Sequence[Any]
    shown: Sequence[str]
    gold: Sequence[Sequence[str]]
    predicted: Sequence[Sequence[str]]

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        """Read sequences. Raises pydantic's `ValidationError` for anything else."""
        sequences = _Fields.model_validate_json(fields, strict=True).sequences
        return cls(
            keys=[sequence.key for sequence in sequences],
            shown=[sequence.shown for sequence in sequences],
            gold=[sequence.gold for sequence in sequences],
            predicted=[sequence.predicted for sequence in sequences],
        )

    @classmethod
    def view(cls) -> None:
        """A plain table of each disagreement is enough."""
        return

    @property
    def units(self) -> Sequence[Any]:
        return self.keys

    def fields(self) -> dict[str, Any]:
        return {
            "sequences": [
                {"key": key, "shown": shown, "gold": list(gold), "predicted": list(predicted)}
                for key, shown, gold, predicted in zip(self.keys, self.shown, self.gold, self.predicted, strict=True)
            ]
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> list[ClassDisagreement]:
        """Return sequences that variants classify differently, those with the most different answers first."""
        first = next(iter(examples.values()))
        ranked = []
        for index, answers in enumerate(zip(*(each.predicted for each in examples.values()), strict=True)):
            distinct = len(set(map(tuple, answers)))
            if distinct > 1:
                ranked.append((-distinct, index))
        return [
            ClassDisagreement(
                shown=first.shown[index],
                gold=first.gold[index],
                predicted={variant: each.predicted[index] for variant, each in examples.items()},
            )
            for _, index in sorted(ranked)[:limit]
        ]
