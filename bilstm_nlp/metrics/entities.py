"""How good predictions are. Tagging: entities as seqeval reads them, where they go wrong, and calibration.

A score that is 0/0 is `None`, never 0: no entities predicted is no precision, not a bad one. F1 is 2·TP / (predicted +
support), so that it is defined wherever there is an entity on either side, as in conlleval and seqeval.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Literal

from seqeval import scheme as seqeval_scheme
from seqeval.metrics.sequence_labeling import get_entities

from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.labels import PRF, SpanLists, _check_sentences, _ratio, grouped, micro_f1
from bilstm_nlp.tags import Scheme, Span

# --- precision, recall, F1 -------------------------------------------------------------------------------------------


# --- entities, in seqeval's two readings -----------------------------------------------------------------------------

# seqeval's default mode knows the letters B, I, E and S only (it would merge neighbouring U- tags), and what its strict
# BILOU says of L and U is what its IOBES says of E and S. So every scheme is first spelled in those letters.
_SPELLING: Mapping[str, Mapping[str, str]] = {
    "IOB1": {"B": "B", "I": "I"},
    "IOB2": {"B": "B", "I": "I"},
    "IOBES": {"B": "B", "I": "I", "E": "E", "S": "S"},
    "BILOU": {"B": "B", "I": "I", "L": "E", "U": "S"},
    "BMES": {"B": "B", "M": "I", "E": "E", "S": "S"},
}
_DISAGREEMENTS_SHOWN = 10


@dataclass(frozen=True)
class Disagreement:
    """A span that only one of the readings counts as an entity: `reading` does, the other does not."""

    sentence: int
    side: Literal["gold", "predicted"]
    span: Span
    reading: Literal["conlleval", "strict"]


@dataclass(frozen=True)
class EntityScores:
    """Scores of tagged sentences; `per_type` and `macro_f1`, its unweighted mean, are of the conlleval reading."""

    conlleval: PRF
    strict: PRF
    per_type: dict[str, PRF]
    macro_f1: float | None
    token_accuracy: float | None
    sentences: int
    tokens: int
    disagreements: list[Disagreement]
    """The first few, in the order of the text."""


def entity_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], scheme: Scheme) -> EntityScores:
    """Both readings of seqeval (Nakayama 2018) at once.

    `conlleval` is its default mode and that of the CoNLL script of 2000 (Tjong Kim Sang and Buchholz): a broken tag
    sequence is mended, so `O I-PER` begins an entity. `strict` is `mode="strict", scheme=scheme`: only what the scheme
    allows is an entity. On well-formed sequences the two agree; where they do not, `disagreements` shows it.

    Raises InputError if the two sides differ in length or a tag is not one of the scheme's.
    """
    _check_sentences(gold, predicted)
    for sentence, (right, found) in enumerate(zip(gold, predicted, strict=True), 1):
        if len(right) != len(found):
            raise InputError(f"sentence {sentence}: expected {len(right)} predicted tags, found {len(found)}")
    tokens = sum(map(len, gold))
    matches = sum(map(operator.eq, chain.from_iterable(gold), chain.from_iterable(predicted)))
    gold_lenient, gold_strict = _read_entities(gold, scheme)
    predicted_lenient, predicted_strict = _read_entities(predicted, scheme)
    per_type = grouped(gold_lenient, predicted_lenient, lambda _, span: span.type)
    # Every type in the table has an entity on one side at least, so its F1 is defined.
    type_f1 = [score.f1 for score in per_type.values() if score.f1 is not None]
    disagreements = _disagreements("gold", gold_lenient, gold_strict)
    disagreements += _disagreements("predicted", predicted_lenient, predicted_strict)
    disagreements.sort(key=lambda case: (case.sentence, case.span.start, case.span.end, case.side, case.reading))
    return EntityScores(
        conlleval=micro_f1(gold_lenient, predicted_lenient),
        strict=micro_f1(gold_strict, predicted_strict),
        per_type=per_type,
        macro_f1=_ratio(sum(type_f1), len(type_f1)),
        token_accuracy=_ratio(matches, tokens),
        sentences=len(gold),
        tokens=tokens,
        disagreements=disagreements[:_DISAGREEMENTS_SHOWN],
    )


def _read_entities(sentences: Sequence[Sequence[str]], scheme: Scheme) -> tuple[list[list[Span]], list[list[Span]]]:
    """The spans of each sentence in the conlleval and in the strict reading.

    Both readings look at neighbouring tags only and O breaks every entity, so a run of tags without O means the same
    wherever it stands. seqeval is slow and the runs of a corpus are few: it reads each distinct one once.
    """
    spelling = _spelling(sentences, scheme)
    strict_scheme = {"IOB1": seqeval_scheme.IOB1, "IOB2": seqeval_scheme.IOB2}.get(scheme, seqeval_scheme.IOBES)
    known: dict[tuple[str, ...], tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    lenient: list[list[Span]] = []
    strict: list[list[Span]] = []
    for tags in sentences:
        lenient.append([])
        strict.append([])
        position = 0
        for inside, group in groupby(tags, key="O".__ne__):
            run = tuple(group)
            if inside:
                if run not in known:
                    spelled = [spelling[tag] for tag in run]
                    entities = seqeval_scheme.Entities([spelled], strict_scheme).entities[0]
                    known[run] = (
                        [(start, last + 1) for _, start, last in get_entities(spelled)],  # type: ignore[no-untyped-call]
                        [(entity.start, entity.end) for entity in entities],
                    )
                for spans, borders in zip((lenient[-1], strict[-1]), known[run], strict=True):
                    spans.extend(Span(run[start][2:], position + start, position + end) for start, end in borders)
            position += len(run)
    return lenient, strict


def _spelling(sentences: Sequence[Sequence[str]], scheme: Scheme) -> dict[str, str]:
    """Every distinct tag but O in seqeval's letters; InputError for the first tag that is not one of the scheme's."""
    letters = _SPELLING[scheme]
    distinct = set(chain.from_iterable(sentences)) - {"O"}
    wrong = {tag for tag in distinct if tag[:1] not in letters or tag[1:2] != "-" or len(tag) < 3}
    if wrong:
        sentence, token, tag = next(
            (sentence, token, tag)
            for sentence, tags in enumerate(sentences, 1)
            for token, tag in enumerate(tags, 1)
            if tag in wrong
        )
        expected = ", ".join(["O", *(f"{letter}-TYPE" for letter in letters)])
        raise InputError(f"sentence {sentence}, token {token}: expected one of {expected}, found {tag!r}")
    return {tag: letters[tag[0]] + tag[1:] for tag in distinct}


def _disagreements(side: Literal["gold", "predicted"], lenient: SpanLists, strict: SpanLists) -> list[Disagreement]:
    return [
        Disagreement(sentence, side, span, "conlleval" if span in mended else "strict")
        for sentence, (mended, allowed) in enumerate(zip(lenient, strict, strict=True))
        for span in set(mended) ^ set(allowed)
    ]


# --- where taggers go wrong ------------------------------------------------------------------------------------------

NOVELTY_GROUPS = ("seen", "seen as another type", "unseen")
LENGTH_GROUPS = ("1", "2", "3", "4+")


@dataclass(frozen=True)
class Breakdown:
    """One PRF per group, every group present. A span's group follows from its own text, type and length.

    So gold entities decide what a group's recall is out of, predicted ones what its precision is out of, and a true
    positive falls in the same group on both sides: the counts of the groups add up to those of `micro_f1`.
    """

    by_novelty: dict[str, PRF]
    """`NOVELTY_GROUPS`: (surface, type) is in training; the surface is, but never as this type; it never is."""
    by_length: dict[str, PRF]
    """`LENGTH_GROUPS`, in tokens."""


def surface_types(spans: SpanLists, tokens: Sequence[Sequence[str]]) -> dict[tuple[str, ...], set[str]]:
    """For each surface (the exact tokens of an entity) the types it occurs with: what `breakdown` takes as `seen`."""
    types: dict[tuple[str, ...], set[str]] = {}
    for entities, words in zip(spans, tokens, strict=True):
        for span in entities:
            types.setdefault(tuple(words[span.start : span.end]), set()).add(span.type)
    return types


def novelty(types: Set[str] | None, kind: str) -> str:
    """One of `NOVELTY_GROUPS` for an entity of this type; `types`: those of its surface in training, None without."""
    if types is None:
        return "unseen"
    return "seen" if kind in types else "seen as another type"


def breakdown(
    gold: SpanLists, predicted: SpanLists, tokens: Sequence[Sequence[str]], seen: Mapping[tuple[str, ...], Set[str]]
) -> Breakdown:
    """Scores by whether training had the entity (`seen`: `surface_types` of the training corpus) and by its length."""

    def group(sentence: int, span: Span) -> str:
        return novelty(seen.get(tuple(tokens[sentence][span.start : span.end])), span.type)

    def length(_: int, span: Span) -> str:
        return LENGTH_GROUPS[min(span.end - span.start, len(LENGTH_GROUPS)) - 1]

    nothing = PRF.from_counts(0, 0, 0)
    return Breakdown(
        by_novelty={**dict.fromkeys(NOVELTY_GROUPS, nothing), **grouped(gold, predicted, group)},
        by_length={**dict.fromkeys(LENGTH_GROUPS, nothing), **grouped(gold, predicted, length)},
    )


# --- calibration -----------------------------------------------------------------------------------------------------
