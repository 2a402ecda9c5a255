"""Every wrong entity of a tagger on a corpus, most confident first.

Where a model is confident and wrong, the annotation may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence, line_of
from bilstm_nlp.metrics.entities import novelty
from bilstm_nlp.tags import Span, type_name
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch
from bilstm_nlp.tasks.tagging.evaluation import Evaluation

Kind = Literal["missed", "spurious", "wrong type", "wrong boundary", "wrong boundary and type"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Mistake:
    """A gold entity that was not predicted, a predicted entity that is not gold, or a pair of both that overlap."""

    kind: Kind
    gold: Span | None
    predicted: Span | None
    overlapped: Span | None = None
    """For an entity without a partner: the first entity of the other side that it overlaps. It is in another pair."""

    def spans(self) -> list[Span]:
        """Return the wrong entities of this mistake: one or two."""
        return [span for span in (self.gold, self.predicted) if span is not None]

    def related(self) -> list[Span]:
        """Return the entities whose probabilities say how confident the model was."""
        return [*self.spans(), *([] if self.overlapped is None else [self.overlapped])]


def mistakes(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Mistake]:
    """Pair the wrong entities of one sentence, in reading order. Entities of one side must not overlap each other.

    Entities that are equal on both sides are right. Each other gold entity, from left to right, is paired with the
    first free predicted entity that overlaps it. No other way of pairing leaves fewer mistakes, and entities of the
    same boundaries are always paired, since they overlap nothing else.

    A pair is a `wrong type`, a `wrong boundary` or both. An entity that overlaps no entity of the other side is
    `missed` or `spurious`. An entity that overlaps only paired entities is a mistake of its own, of the kind that it
    would be with the first of them. So each wrong entity is in exactly one mistake.

    >>> mistakes([Span("PER", 0, 2)], [Span("LOC", 0, 2), Span("ORG", 3, 4)])[1].kind
    'spurious'
    """
    right = set(gold) & set(predicted)
    wrong_gold = sorted((span for span in gold if span not in right), key=_boundaries)
    wrong_predicted = sorted((span for span in predicted if span not in right), key=_boundaries)
    pairs: list[Mistake] = []
    free = list(wrong_predicted)
    for span in wrong_gold:
        partner = _first_overlapping(span, free)
        if partner is not None:
            free.remove(partner)
            pairs.append(Mistake(_kind_of(span, partner), span, partner))
        else:
            rival = _first_overlapping(span, wrong_predicted)
            pairs.append(Mistake("missed" if rival is None else _kind_of(span, rival), span, None, rival))
    for span in free:
        rival = _first_overlapping(span, wrong_gold)
        pairs.append(Mistake("spurious" if rival is None else _kind_of(rival, span), None, span, rival))
    return sorted(pairs, key=lambda mistake: min(map(_boundaries, mistake.spans())))


def _boundaries(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _first_overlapping(span: Span, others: Sequence[Span]) -> Span | None:
    return next((other for other in others if other.start < span.end and span.start < other.end), None)


def _kind_of(gold: Span, predicted: Span) -> Kind:
    """Name what is wrong with a predicted entity that overlaps a gold entity."""
    if _boundaries(gold) == _boundaries(predicted):
        return "wrong type"
    return "wrong boundary" if gold.type == predicted.type else "wrong boundary and type"


@dataclass(frozen=True)
class AssessedEntity:
    """One side of a mistake: an entity, its probability, and what the training data has of its tokens."""

    span: Span
    probability: float
    """P(span, type | sentence), exact, at the head's temperature."""
    novelty: str
    """One of `metrics.entities.NOVELTY_GROUPS`."""
    other_types: tuple[str, ...]
    """Other types that entities of the same tokens have in the training data."""


@dataclass(frozen=True)
class WrongEntity:
    """A mistake in its sentence."""

    kind: Kind
    sentence: Sentence
    gold: AssessedEntity | None
    predicted: AssessedEntity | None
    overlapped: Span | None
    """As in `Mistake`."""
    confidence: float
    """The model's probability of what it predicted instead: of the predicted entity; of no entity at any token of a
    missed one; of the overlapped entity, if the mistake has no predicted entity of its own."""

    @property
    def entity(self) -> AssessedEntity:
        """The gold entity, or the predicted entity if there is no gold one. The mistake counts under its type."""
        entity = self.gold or self.predicted
        assert entity is not None
        return entity

    @property
    def line(self) -> int:
        """The line of the file on which the entity begins."""
        return line_of(self.sentence, self.entity.span.start)


def wrong_entities(evaluation: Evaluation) -> list[WrongEntity]:
    """Return all wrong entities, most confident first. Equal ones are in the order of the corpus."""
    wrong = [(index, entity) for batch in evaluation.batches for index, entity in _of_batch(evaluation, batch)]
    # Sorting is stable, and the mistakes of a sentence come in reading order.
    wrong.sort(key=lambda pair: (-pair[1].confidence, pair[0]))
    return [entity for _, entity in wrong]


def _of_batch(evaluation: Evaluation, batch: DecodedBatch) -> Iterator[tuple[int, WrongEntity]]:
    """Yield (index of the sentence, wrong entity) for every mistake in a batch, sentence by sentence."""
    indices = batch.sentences.tolist()
    of_each = [mistakes(evaluation.gold[index], spans) for index, spans in zip(indices, batch.entities, strict=True)]
    posterior = batch.posterior()
    probabilities = posterior.of_entities([[span for wrong in row for span in wrong.related()] for row in of_each])
    absences = posterior.of_no_entity(
        [[wrong.gold for wrong in row if wrong.gold is not None and wrong.kind == "missed"] for row in of_each]
    )
    for index, row, probability, absence in zip(indices, of_each, probabilities, absences, strict=True):
        sentence = evaluation.corpus.sentences[index]
        for mistake in row:
            gold, predicted = (
                None if span is None else _assessed(evaluation.codec, sentence, span, probability[span])
                for span in (mistake.gold, mistake.predicted)
            )
            if predicted is not None:
                confidence = predicted.probability
            elif mistake.overlapped is not None:
                confidence = probability[mistake.overlapped]
            else:
                assert mistake.gold is not None
                confidence = absence[mistake.gold]
            overlapped = None if mistake.overlapped is None else _named(mistake.overlapped)
            yield index, WrongEntity(mistake.kind, sentence, gold, predicted, overlapped, confidence)


def _assessed(codec: TaggingCodec, sentence: Sentence, span: Span, probability: float) -> AssessedEntity:
    """Look an entity up in the training data."""
    types = codec.entities.get(sentence.tokens[span.start : span.end])
    others = tuple(sorted(map(type_name, (types or set()) - {span.type})))
    return AssessedEntity(_named(span), probability, novelty(types, span.type), others)


def _named(span: Span) -> Span:
    """Name the type of a segment without type."""
    return span._replace(type=type_name(span.type))
