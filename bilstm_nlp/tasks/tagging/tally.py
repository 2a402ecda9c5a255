"""Counts over a stream of tagged sentences, which are said at its end. Knows no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bilstm_nlp.data.text.output import TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence

if TYPE_CHECKING:
    from bilstm_nlp.data.text.column_codec import ColumnCodec, UnknownValues


@dataclass
class Tally:
    """What a stream had that its output does not show."""

    unknown: dict[str, UnknownValues] = field(default_factory=dict)
    """Values unknown to training, by the key of their column."""
    tokens: int = 0
    """Tokens of all sentences."""
    entities: int = 0
    """Predicted entities, with those that were left out."""
    left_out: int = 0
    """Entities that were left out because they are less probable than asked for."""
    min_confidence: float = 0.0
    problems: list[str] = field(default_factory=list)
    """Problems with the columns."""

    def count(self, columns: Sequence[ColumnCodec], sentences: Sequence[Sentence]) -> None:
        """Count sentences that a tagger with these columns reads. Raises `InputError` if they lack a column."""
        # Only a process with a tagger counts. The one that adds up needs none of the libraries of word vectors.
        from bilstm_nlp.data.text.column_codec import unknown_values

        self.tokens += sum(len(sentence.tokens) for sentence in sentences)
        self._merge(unknown_values(columns, sentences))

    def count_left_out(self, tagged: TaggedSentence, min_confidence: float) -> None:
        """Count the entities of a tagged sentence, of which those below a probability were left out."""
        self.entities += len(tagged.entities) + tagged.left_out
        self.left_out += tagged.left_out
        self.min_confidence = min_confidence

    def add(self, other: Tally) -> None:
        """Add the counts of another part of the stream."""
        self.problems += other.problems
        self.tokens += other.tokens
        self.entities += other.entities
        self.left_out += other.left_out
        self.min_confidence = max(self.min_confidence, other.min_confidence)
        self._merge(list(other.unknown.values()))

    def _merge(self, unknown: Sequence[UnknownValues]) -> None:
        for values in unknown:
            key = values.column.key
            before = self.unknown[key].counts if key in self.unknown else Counter[str]()
            self.unknown[key] = replace(values, counts=before + values.counts, tokens=0)

    def messages(self) -> Iterator[str]:
        """Yield the problems, and a sentence for each count that is not 0."""
        yield from self.problems
        for values in self.unknown.values():
            yield str(replace(values, tokens=self.tokens))
        if self.left_out:
            yield (
                f"{self.left_out:,} of {self.entities:,} entities have a confidence below {self.min_confidence:g} "
                "and are left out"
            )
