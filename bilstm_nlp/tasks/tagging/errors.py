"""Every wrong entity of a tagger on a corpus, most sure first: where the model is sure, the annotation may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence, line_of
from bilstm_nlp.metrics.entities import novelty
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.tagging.decoding import Labelled, absences, probabilities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation

Kind = Literal["missed", "spurious", "wrong type", "wrong boundary", "wrong boundary and type"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Mistake:
    """A gold entity that was not predicted so, a predicted one that is not gold, or such a pair."""

    kind: Kind
    gold: Span | None
    predicted: Span | None
    overlapped: Span | None = None
    """Where one side has no entity left to pair: the first one of that side that overlaps, which is in another pair."""

    def spans(self) -> list[Span]:
        """The entities that are wrong here: one or two."""
        return [span for span in (self.gold, self.predicted) if span is not None]

    def asked(self) -> list[Span]:
        """Those whose probabilities tell how sure the model was."""
        return [*self.spans(), *([] if self.overlapped is None else [self.overlapped])]


def mistakes(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Mistake]:
    """What is wrong in one sentence, in reading order. Entities of one side may not overlap each other.

    Entities that are equal on both sides are right. Of the others, each gold one from left to right is paired with the
    first predicted one that overlaps it and is still free; no other way of pairing leaves fewer mistakes. So those with
    the same borders are always paired, since neither overlaps anything else. A pair is a `wrong type`, a `wrong
    boundary` or both. An entity that overlaps none of the other side is `missed` or `spurious`. One that overlaps only
    what others are paired with is a mistake of its own, of the kind that it would be with the first of these. Thus
    each wrong entity is in exactly one mistake.
    """
    right = set(gold) & set(predicted)
    wrong_gold = sorted((span for span in gold if span not in right), key=place)
    wrong_predicted = sorted((span for span in predicted if span not in right), key=place)
    found: list[Mistake] = []
    free = list(wrong_predicted)
    for span in wrong_gold:
        partner = first_overlapping(span, free)
        if partner is not None:
            free.remove(partner)
            found.append(Mistake(kind_of(span, partner), span, partner))
        else:
            rival = first_overlapping(span, wrong_predicted)
            found.append(Mistake("missed" if rival is None else kind_of(span, rival), span, None, rival))
    for span in free:
        rival = first_overlapping(span, wrong_gold)
        found.append(Mistake("spurious" if rival is None else kind_of(rival, span), None, span, rival))
    return sorted(found, key=lambda mistake: min(map(place, mistake.spans())))


def place(span: Span) -> tuple[int, int]:
    return span.start, span.end


def first_overlapping(span: Span, others: Sequence[Span]) -> Span | None:
    return next((other for other in others if other.start < span.end and span.start < other.end), None)


def kind_of(gold: Span, predicted: Span) -> Kind:
    """What is wrong with a predicted entity that overlaps a gold one."""
    if place(gold) == place(predicted):
        return "wrong type"
    return "wrong boundary" if gold.type == predicted.type else "wrong boundary and type"


@dataclass(frozen=True)
class Judged:
    """One side of a mistake: an entity, what the model thinks of it, and what the training data knows of it."""

    span: Span
    probability: float
    """P(span, type | sentence), exact, at the head's temperature."""
    novelty: str
    """One of `metrics.NOVELTY_GROUPS`."""
    other_types: tuple[str, ...]
    """Those that entities of the same tokens have in the training data, besides its own."""


@dataclass(frozen=True)
class WrongEntity:
    """A mistake in its sentence."""

    kind: Kind
    sentence: Sentence
    gold: Judged | None
    predicted: Judged | None
    overlapped: Span | None
    """As in `Mistake`."""
    confidence: float
    """How sure the model was of what it says instead: P(the predicted entity); of a missed one, P(no entity at any of
    its tokens); of one whose predicted rival is in another mistake, P(that rival)."""

    @property
    def judged(self) -> Judged:
        """What the mistake is counted as: the gold entity, or the predicted one where there is no gold one."""
        judged = self.gold or self.predicted
        assert judged is not None
        return judged

    @property
    def line(self) -> int:
        """Where the entity begins in its file."""
        return line_of(self.sentence, self.judged.span.start)


def wrong_entities(evaluation: Evaluation) -> list[WrongEntity]:
    """All that is wrong, most sure first; what is equally sure in the order of the corpus."""
    found = [(index, wrong) for batch in evaluation.batches for index, wrong in of_batch(evaluation, batch)]
    # Sorting is stable, and a sentence's own come in reading order.
    found.sort(key=lambda one: (-one[1].confidence, one[0]))
    return [wrong for _, wrong in found]


def of_batch(evaluation: Evaluation, batch: Labelled) -> Iterator[tuple[int, WrongEntity]]:
    """(index of the sentence, what is wrong there), sentence by sentence."""
    codec, head, rows = evaluation.codec, evaluation.head, batch.chosen.tolist()
    found = [mistakes(evaluation.gold[index], spans) for index, spans in zip(rows, batch.entities, strict=True)]
    asked = [[span for mistake in of_sentence for span in mistake.asked()] for of_sentence in found]
    missed = [
        (row, mistake.gold)
        for row, of_sentence in enumerate(found)
        for mistake in of_sentence
        if mistake.kind == "missed" and mistake.gold is not None
    ]
    answers = iter(probabilities(head, codec, batch, asked).tolist())
    nothing = iter(absences(head, codec, batch, missed).tolist())
    for index, of_sentence in zip(rows, found, strict=True):
        sentence = evaluation.corpus.sentences[index]
        for mistake in of_sentence:
            gold, predicted = (
                None if span is None else judged(codec, sentence, span, next(answers))
                for span in (mistake.gold, mistake.predicted)
            )
            rival = None if mistake.overlapped is None else next(answers)
            sure = predicted.probability if predicted else next(nothing) if rival is None else rival
            yield index, WrongEntity(mistake.kind, sentence, gold, predicted, mistake.overlapped, sure)


def judged(codec: TaggingCodec, sentence: Sentence, span: Span, probability: float) -> Judged:
    """An entity with all that is known of it."""
    types = codec.entities.get(sentence.tokens[span.start : span.end])
    return Judged(span, probability, novelty(types, span.type), tuple(sorted((types or set()) - {span.type})))
