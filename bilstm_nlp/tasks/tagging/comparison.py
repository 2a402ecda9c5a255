"""Sentences with a tagger's entities, which a run stores and a comparison shows. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any, Self

from numpy.typing import NDArray
from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass as checked_dataclass

from bilstm_nlp.config.sections import Section
from bilstm_nlp.reports.sections import Table
from bilstm_nlp.tags import Span, type_name
from bilstm_nlp.tasks.comparison import StoredArrays, View


@checked_dataclass(frozen=True)
class StoredSentence:
    """A sentence as trial.json has it."""

    tokens: list[str]
    gold: list[Span]
    found: list[Span]


def _with_spans_inside(sentence: StoredSentence) -> StoredSentence:
    """Return the sentence. Raises `ValueError` if an entity reaches beyond its tokens."""
    for span in (*sentence.gold, *sentence.found):
        if not 0 <= span.start < span.end <= len(sentence.tokens):
            tokens = f"entities of the sentence's {len(sentence.tokens)} tokens"
            raise ValueError(f"expected {tokens}, found one from {span.start} to {span.end}")
    return sentence


class _Fields(Section):
    """The examples' own keys of trial.json."""

    sentences: Annotated[list[Annotated[StoredSentence, AfterValidator(_with_spans_inside)]], Field(min_length=1)]


@dataclass(frozen=True)
class SentenceDisagreement:
    """A sentence in which not all variants find the same entities."""

    tokens: Sequence[str]
    gold: Sequence[Span]
    found: Mapping[str, Sequence[Span]]
    """The predicted entities by variant."""

    @classmethod
    def tables(cls, disagreements: Sequence[Self], measure: str) -> list[Table]:
        """Return a table for each sentence, with a row for each variant."""
        return [
            Table(
                " ".join(sentence.tokens),
                ("", "entities"),
                [
                    (name, _entities(sentence.tokens, spans))
                    for name, spans in (("gold", sentence.gold), *sentence.found.items())
                ],
            )
            for sentence in disagreements
        ]


def _entities(tokens: Sequence[str], spans: Sequence[Span]) -> str:
    """Write entities with their types and texts."""
    return "; ".join(f"{type_name(span.type)} “{' '.join(tokens[span.start : span.end])}”" for span in spans) or "none"


@dataclass(frozen=True)
class SentenceExamples:
    """Sentences in the corpus's order, with their annotated and their predicted entities."""

    tokens: Sequence[Sequence[str]]
    gold: Sequence[Sequence[Span]]
    found: Sequence[Sequence[Span]]
    """The predicted entities."""

    @classmethod
    def read(cls, fields: bytes, arrays: StoredArrays, measure: str) -> Self:
        """Read sentences. Raises pydantic's `ValidationError` for anything else."""
        sentences = _Fields.model_validate_json(fields, strict=True).sentences
        return cls(
            tokens=[sentence.tokens for sentence in sentences],
            gold=[sentence.gold for sentence in sentences],
            found=[sentence.found for sentence in sentences],
        )

    @classmethod
    def view(cls) -> View:
        web = files("bilstm_nlp.tasks.tagging") / "web"
        script, style = (web / f"disagreements.{kind}" for kind in ("js", "css"))
        return View(script.read_text(encoding="utf-8"), style.read_text(encoding="utf-8"))

    @property
    def units(self) -> Sequence[Sequence[str]]:
        return self.tokens

    def fields(self) -> dict[str, Any]:
        return {
            "sentences": [
                {"tokens": tokens, "gold": gold, "found": predicted}
                for tokens, gold, predicted in zip(self.tokens, self.gold, self.found, strict=True)
            ]
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {}

    @classmethod
    def disagreements(cls, examples: Mapping[str, Self], measure: str, limit: int) -> list[SentenceDisagreement]:
        """Return sentences that variants tag differently.

        Those with the most different answers come first, then those with the most spans that only some variants find.
        """
        first = next(iter(examples.values()))
        ranked = []
        for index, answers in enumerate(zip(*(sentences.found for sentences in examples.values()), strict=True)):
            spans = [frozenset(answer) for answer in answers]
            distinct = len(set(spans))
            if distinct > 1:
                disputed = len(frozenset.union(*spans) - frozenset.intersection(*spans))
                ranked.append((-distinct, -disputed, index))
        return [
            SentenceDisagreement(
                tokens=first.tokens[index],
                gold=first.gold[index],
                found={variant: sentences.found[index] for variant, sentences in examples.items()},
            )
            for _, _, index in sorted(ranked)[:limit]
        ]
