"""How good predictions are. Tagging: entities as seqeval reads them, where they go wrong, and calibration.

A score that is 0/0 is `None`, never 0: no entities predicted is no precision, not a bad one. F1 is 2·TP / (predicted +
support), so that it is defined wherever there is an entity on either side, as in conlleval and seqeval.
"""

from __future__ import annotations

import dataclasses
import math
import operator
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from seqeval import scheme as seqeval_scheme
from seqeval.metrics.sequence_labeling import get_entities

from bilstm_nlp.errors import InputError
from bilstm_nlp.tags import Scheme, Span

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
SpanLists: TypeAlias = Sequence[Sequence[Span]]
"""The spans of each sentence; a span counts once however often it is listed."""


def as_json(value: object) -> Json:
    """The dataclasses below as dictionaries, arrays and tuples as lists, NaN and infinities as `None`."""
    if isinstance(value, np.ndarray | np.generic):
        return as_json(value.tolist())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if dataclasses.is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form here")


# --- precision, recall, F1 -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PRF:
    """Precision TP / predicted, recall TP / support, F1 2·TP / (predicted + support); `None` where that is 0/0."""

    precision: float | None
    recall: float | None
    f1: float | None
    true_positives: int
    predicted: int
    support: int

    @classmethod
    def from_counts(cls, true_positives: int, predicted: int, support: int) -> PRF:
        precision, recall = _ratio(true_positives, predicted), _ratio(true_positives, support)
        f1 = _ratio(2 * true_positives, predicted + support)
        return cls(precision, recall, f1, true_positives, predicted, support)


def micro_f1(gold: SpanLists, predicted: SpanLists) -> PRF:
    """All types counted together: a predicted span is right if its type and both of its borders are."""
    pairs = _paired(gold, predicted)
    return PRF.from_counts(
        true_positives=sum(len(right & found) for right, found in pairs),
        predicted=sum(len(found) for _, found in pairs),
        support=sum(len(right) for right, _ in pairs),
    )


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None


def _paired(gold: SpanLists, predicted: SpanLists) -> list[tuple[set[Span], set[Span]]]:
    _check_sentences(gold, predicted)
    return [(set(right), set(found)) for right, found in zip(gold, predicted, strict=True)]


def _check_sentences(gold: Sequence[object], predicted: Sequence[object]) -> None:
    if len(gold) != len(predicted):
        raise InputError(f"expected predictions for {len(gold)} sentences, found {len(predicted)}")


def grouped(gold: SpanLists, predicted: SpanLists, group: Callable[[int, Span], str]) -> dict[str, PRF]:
    """One PRF per group, sorted by its name; `group(sentence, span)` is asked on both sides."""
    counts: dict[str, Counter[str]] = {}
    for sentence, (right, found) in enumerate(_paired(gold, predicted)):
        for side, spans in (("support", right), ("predicted", found), ("true_positives", right & found)):
            for span in spans:
                counts.setdefault(group(sentence, span), Counter())[side] += 1
    return {
        name: PRF.from_counts(tally["true_positives"], tally["predicted"], tally["support"])
        for name, tally in sorted(counts.items())
    }


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


@dataclass(frozen=True, eq=False)
class Confusion:
    """`counts[i, j]`: spans of gold type `labels[i]` predicted as type `labels[j]` within the same borders.

    The last label is `"none"`: its row holds the spurious spans, its column the missed ones.
    """

    labels: list[str]
    counts: npt.NDArray[np.int64]
    """(types + 1, types + 1)"""


def confusion(gold: SpanLists, predicted: SpanLists) -> Confusion:
    """Types against types for spans with identical borders. Spans that merely overlap are missed and spurious."""
    pairs: Counter[tuple[Hashable, Hashable]] = Counter()
    for right, found in _paired(gold, predicted):
        gold_types = {(span.start, span.end): span.type for span in right}
        predicted_types = {(span.start, span.end): span.type for span in found}
        pairs.update((gold_types.get(at), predicted_types.get(at)) for at in gold_types.keys() | predicted_types.keys())
    types = sorted({span.type for span in chain(*gold, *predicted)})
    # A missing partner is `None`, which no type can be, also where a corpus calls a type "none".
    index: dict[Hashable, int] = {name: position for position, name in enumerate([*types, None])}
    counts = np.zeros((len(index), len(index)), dtype=np.int64)
    for (right_type, found_type), count in pairs.items():
        counts[index[right_type], index[found_type]] = count
    return Confusion(labels=[*types, "none"], counts=counts)


# --- calibration -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Reliability:
    """A reliability diagram of M equal-width bins (edges[m], edges[m + 1]]; the first takes 0 as well."""

    edges: npt.NDArray[np.float64]
    """(M + 1,)"""
    counts: npt.NDArray[np.int64]
    """(M,)"""
    mean_confidence: npt.NDArray[np.float64]
    """(M,), NaN in an empty bin, as is `accuracy`."""
    accuracy: npt.NDArray[np.float64]
    ece: float | None
    """Expected calibration error: the sum over bins of share · |accuracy − mean confidence|."""


def reliability(confidences: npt.ArrayLike, correct: npt.ArrayLike, bins: int = 15) -> Reliability:
    """Confidences (N,) against whether each prediction was correct (N,) bool, as in Guo et al. 2017, section 2.

    Raises ValueError for unequal shapes and for confidences that are no probabilities; what single precision leaves
    above 1 is let through.
    """
    confidence = np.asarray(confidences, dtype=np.float64)
    hit = np.asarray(correct, dtype=bool)
    if confidence.ndim != 1 or confidence.shape != hit.shape:
        raise ValueError(f"expected confidences (N,) and correct (N,), found {confidence.shape} and {hit.shape}")
    if not np.all((confidence >= -1e-4) & (confidence <= 1 + 1e-4)):
        raise ValueError("expected confidences from 0 to 1, found others")
    edges = np.linspace(0.0, 1.0, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    confidence_sum = np.bincount(bin_of, weights=confidence, minlength=bins)
    hits = np.bincount(bin_of, weights=hit, minlength=bins)
    filled = counts > 0
    mean_confidence = np.divide(confidence_sum, counts, out=np.full(bins, np.nan), where=filled)
    accuracy = np.divide(hits, counts, out=np.full(bins, np.nan), where=filled)
    # share · |accuracy − confidence| = |hits − summed confidence| / N, which needs no care for empty bins.
    ece = _ratio(float(np.abs(hits - confidence_sum).sum()), len(confidence))
    return Reliability(edges=edges, counts=counts, mean_confidence=mean_confidence, accuracy=accuracy, ece=ece)
