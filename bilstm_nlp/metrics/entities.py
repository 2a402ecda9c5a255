"""Scores of tagged sentences: entities in both readings of seqeval, and scores by novelty and length.

A score that is 0/0 is `None`, never 0: without predicted entities there is no precision, rather than a bad one. F1 is
2·TP / (predicted + support), as in conlleval and seqeval, so one entity on either side is enough to define it.
"""

from __future__ import annotations

import importlib.util
import operator
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from typing import Literal, TypeAlias

from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.entity_reading import Extent, Kind, conlleval_entities, strict_entities
from bilstm_nlp.metrics.labels import PRF, SpanLists, check_sentences, grouped, micro_f1
from bilstm_nlp.metrics.ratios import ratio
from bilstm_nlp.tags import ROLES, Scheme, Span, parse

# --- entities in both readings of seqeval ----------------------------------------------------------------------------

Reading: TypeAlias = Callable[[list[str]], list[Extent]]
"""Tags → the entities that they tell."""

_DISAGREEMENTS_SHOWN = 10
NO_TYPE = "-_"


@dataclass(frozen=True)
class Disagreement:
    """A span that is an entity in `reading`, and not in the other reading."""

    sentence: int
    side: Literal["gold", "predicted"]
    span: Span
    reading: Literal["conlleval", "strict"]


@dataclass(frozen=True)
class EntityScores:
    """Scores of tagged sentences."""

    conlleval: PRF
    strict: PRF
    per_type: dict[str, PRF]
    """In the conlleval reading."""
    macro_f1: float | None
    """The unweighted mean of `per_type`."""
    token_accuracy: float | None
    sentences: int
    tokens: int
    disagreements: list[Disagreement]
    """The first 10, in the order of the text."""


def entity_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: Scheme) -> EntityScores:
    """Score tagged sentences in both readings of seqeval (Nakayama 2018).

    `conlleval` is seqeval's default mode and the reading of the CoNLL-2000 script (Tjong Kim Sang and Buchholz): broken
    tag sequences are repaired, so `O I-PER` begins an entity. `strict` is `mode="strict", scheme=scheme`: an entity
    must be well-formed. On well-formed sequences the readings agree; `disagreements` lists the spans on which they
    differ. Raises `InputError` if lengths differ, or for a tag that the scheme does not have.

    >>> scores = entity_scores([["B-PER", "I-PER"]], [["O", "I-PER"]], "IOB2")
    >>> scores.conlleval.predicted, scores.strict.predicted, scores.token_accuracy
    (1, 0, 0.5)
    """
    check_sentences(gold, predicted)
    for sentence, (gold_tags, tags) in enumerate(zip(gold, predicted, strict=True), 1):
        if len(gold_tags) != len(tags):
            raise InputError(f"sentence {sentence}: expected {len(gold_tags)} predicted tags, found {len(tags)}")
    tokens = sum(map(len, gold))
    matches = sum(map(operator.eq, chain.from_iterable(gold), chain.from_iterable(predicted)))
    gold_lenient, gold_strict = _read_entities(gold, scheme)
    predicted_lenient, predicted_strict = _read_entities(predicted, scheme)
    per_type = grouped(gold_lenient, predicted_lenient, lambda _, span: span.type)
    # Each type has at least one entity on one side, so its F1 is defined.
    type_f1 = [score.f1 for score in per_type.values() if score.f1 is not None]
    disagreements = _disagreements("gold", gold_lenient, gold_strict)
    disagreements += _disagreements("predicted", predicted_lenient, predicted_strict)
    disagreements.sort(key=lambda case: (case.sentence, case.span.start, case.span.end, case.side, case.reading))
    return EntityScores(
        conlleval=micro_f1(gold_lenient, predicted_lenient),
        strict=micro_f1(gold_strict, predicted_strict),
        per_type=per_type,
        macro_f1=ratio(sum(type_f1), len(type_f1)),
        token_accuracy=ratio(matches, tokens),
        sentences=len(gold),
        tokens=tokens,
        disagreements=disagreements[:_DISAGREEMENTS_SHOWN],
    )


def _read_entities(sentences: Sequence[Sequence[str]], scheme: Scheme) -> tuple[list[list[Span]], list[list[Span]]]:
    """List the spans of each sentence in the conlleval and in the strict reading.

    Both readings look at neighbouring tags only, and O ends every entity: a run of tags without O has the same
    entities in every place. seqeval is slow and a corpus has few distinct runs, so each is read once.
    """
    spelling = _spelling(sentences, scheme)
    readings = _readings("IOB1" if scheme == "IOB1" else "IOB2" if scheme == "IOB2" else "IOBES")
    known: dict[tuple[str, ...], tuple[list[Span], list[Span]]] = {}
    lenient: list[list[Span]] = []
    strict: list[list[Span]] = []
    for tags in sentences:
        lenient.append([])
        strict.append([])
        position = 0
        for outside, group in groupby(tags, key=lambda tag: tag == "O"):
            run = tuple(group)
            if not outside:
                if run not in known:
                    known[run] = _read_run(run, spelling, readings)
                for spans, spans_of_run in zip((lenient[-1], strict[-1]), known[run], strict=True):
                    spans.extend(Span(kind, position + start, position + end) for kind, start, end in spans_of_run)
            position += len(run)
    return lenient, strict


def _read_run(
    run: tuple[str, ...], spelling: Mapping[str, str], readings: tuple[Reading, Reading]
) -> tuple[list[Span], list[Span]]:
    """List the spans of a run of tags without O in the conlleval and in the strict reading."""
    spelled = [spelling[tag] for tag in run]
    lenient, strict = ([Span(run[start][2:], start, end) for start, end in read(spelled)] for read in readings)
    return lenient, strict


def _readings(scheme: Kind) -> tuple[Reading, Reading]:
    """Return seqeval's readings, conlleval and strict. Where seqeval is not installed, they are written out."""
    if importlib.util.find_spec("seqeval") is None:
        return conlleval_entities, partial(strict_entities, scheme=scheme)
    from seqeval import scheme as schemes  # here: it imports scikit-learn
    from seqeval.metrics.sequence_labeling import get_entities

    kind = {"IOB1": schemes.IOB1, "IOB2": schemes.IOB2, "IOBES": schemes.IOBES}[scheme]

    def conlleval(tags: list[str]) -> list[Extent]:
        return [(start, last + 1) for _, start, last in get_entities(tags)]  # type: ignore[no-untyped-call]

    def strict(tags: list[str]) -> list[Extent]:
        return [(entity.start, entity.end) for entity in schemes.Entities([tags], kind).entities[0]]

    return conlleval, strict


def _spelling(sentences: Sequence[Sequence[str]], scheme: Scheme) -> dict[str, str]:
    """Map every distinct tag except O to the letters of IOBES, which seqeval reads for every scheme.

    seqeval's default mode knows the letters B, I, E and S only: it would merge neighbouring U- tags. Its strict BILOU
    treats L and U as its IOBES treats E and S. Raises `InputError` for the first tag that the scheme does not have.
    """
    if scheme == "plain":
        raise InputError("entity scores: expected tags of a scheme of segments, found plain labels")
    letters = ROLES[scheme]
    distinct = set(chain.from_iterable(sentences)) - {"O"}
    wrong = {tag for tag in distinct if parse(tag, scheme) is None}
    if wrong:
        sentence, token, tag = next(
            (sentence, token, tag)
            for sentence, tags in enumerate(sentences, 1)
            for token, tag in enumerate(tags, 1)
            if tag in wrong
        )
        expected = ", ".join(["O", *(f"{letter}-TYPE" for letter in letters)])
        raise InputError(f"sentence {sentence}, token {token}: expected one of {expected}, found {tag!r}")
    # seqeval reads a letter alone as a type of its own name, so segments without types get one.
    return {tag: letters[tag[0]] + (tag[1:] or NO_TYPE) for tag in distinct}


def _disagreements(side: Literal["gold", "predicted"], lenient: SpanLists, strict: SpanLists) -> list[Disagreement]:
    """List the spans that are entities in one reading only."""
    return [
        Disagreement(sentence, side, span, "conlleval" if span in lenient_spans else "strict")
        for sentence, (lenient_spans, strict_spans) in enumerate(zip(lenient, strict, strict=True))
        for span in set(lenient_spans) ^ set(strict_spans)
    ]


# --- scores by novelty and length ------------------------------------------------------------------------------------

NOVELTY_GROUPS = ("seen", "seen as another type", "unseen")
LENGTH_GROUPS = ("1", "2", "3", "4+")


@dataclass(frozen=True)
class Breakdown:
    """Scores by group, with every group present. A span's group depends on its own text, type and length.

    Recall counts the gold entities of a group, precision the predicted ones. A true positive is in the same group on
    both sides, so the counts of all groups add up to the counts of `micro_f1`.
    """

    by_novelty: dict[str, PRF]
    """By `NOVELTY_GROUPS`: is the surface in the training data with this type, only with others, or not at all?"""
    by_length: dict[str, PRF]
    """By `LENGTH_GROUPS`, in tokens."""


def novelty(types: Set[str] | None, kind: str) -> str:
    """Return the one of `NOVELTY_GROUPS` for an entity of type `kind` whose surface has `types` in the training data.

    >>> novelty({"LOC"}, "LOC"), novelty({"LOC"}, "PER"), novelty(None, "PER")
    ('seen', 'seen as another type', 'unseen')
    """
    if types is None:
        return "unseen"
    return "seen" if kind in types else "seen as another type"


def breakdown(
    gold: SpanLists, predicted: SpanLists, tokens: Sequence[Sequence[str]], seen: Mapping[tuple[str, ...], Set[str]]
) -> Breakdown:
    """Score entities by novelty and by length. `seen` maps the tokens of each entity in the training data to its types.

    >>> gold = [[Span("PER", 0, 1)]]
    >>> breakdown(gold, gold, [["Ann", "left"]], {("Ann",): {"PER"}}).by_novelty["seen"].recall
    1.0
    """

    def group(sentence: int, span: Span) -> str:
        return novelty(seen.get(tuple(tokens[sentence][span.start : span.end])), span.type)

    def length(_: int, span: Span) -> str:
        return LENGTH_GROUPS[min(span.end - span.start, len(LENGTH_GROUPS)) - 1]

    nothing = PRF.from_counts(0, 0, 0)
    return Breakdown(
        by_novelty={**dict.fromkeys(NOVELTY_GROUPS, nothing), **grouped(gold, predicted, group)},
        by_length={**dict.fromkeys(LENGTH_GROUPS, nothing), **grouped(gold, predicted, length)},
    )
