"""Scores of tagged sentences equal seqeval's, slow twins' and values computed by hand."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval import scheme as seqeval_scheme
from seqeval.metrics import sequence_labeling as seqeval_lenient
from seqeval.metrics import v1 as seqeval_strict

from bilstm_nlp.errors import InputError
from bilstm_nlp.metrics.entities import LENGTH_GROUPS, NOVELTY_GROUPS, breakdown, entity_scores
from bilstm_nlp.metrics.labels import PRF, confusion, micro_f1
from bilstm_nlp.metrics.reliability import reliability
from bilstm_nlp.system.json_values import as_json
from bilstm_nlp.tags import Scheme, Span, spans
from tests.metrics.strategies import TYPES, annotated, thorough

# seqeval declares zero_division a string, yet takes (and documents) 0.
lenient_scores: Any = seqeval_lenient.precision_recall_fscore_support
strict_scores: Any = seqeval_strict.precision_recall_fscore_support
strict_report: Any = seqeval_strict.classification_report

Tagged = list[list[str]]

LETTERS: dict[Scheme, str] = {"IOB1": "BI", "IOB2": "BI", "IOBES": "BIES", "BILOU": "BILU", "BMES": "BMES"}
SCHEMES = list(LETTERS)

# seqeval has no BMES: it is IOBES with M for I. Its default mode knows neither M nor BILOU's L and U.
TO_IOBES = {"BMES": str.maketrans("M", "I"), "BILOU": str.maketrans("LU", "ES")}
STRICT = {
    "IOB1": seqeval_scheme.IOB1,
    "IOB2": seqeval_scheme.IOB2,
    "IOBES": seqeval_scheme.IOBES,
    "BILOU": seqeval_scheme.BILOU,
    "BMES": seqeval_scheme.IOBES,
}


def to_iobes(sentences: Tagged, scheme: Scheme) -> Tagged:
    table = TO_IOBES.get(scheme, {})
    return [[tag[0].translate(table) + tag[1:] for tag in tags] for tags in sentences]


def any_tags(scheme: Scheme) -> st.SearchStrategy[str]:
    """Tags drawn each for itself, so most sequences are broken."""
    return st.sampled_from(["O", *(f"{letter}-{name}" for letter in LETTERS[scheme] for name in TYPES)])


@st.composite
def pairs(draw: st.DrawFn, scheme: Scheme) -> tuple[Tagged, Tagged]:
    """Gold and predicted tags; a predicted tag is often the gold one, so that there are true positives."""
    gold = draw(st.lists(st.lists(any_tags(scheme), max_size=8), min_size=1, max_size=4))
    predicted = [[draw(st.one_of(st.just(tag), any_tags(scheme))) for tag in tags] for tags in gold]
    return gold, predicted


Case = tuple[Scheme, tuple[Tagged, Tagged]]
cases = st.sampled_from(SCHEMES).flatmap(lambda scheme: st.tuples(st.just(scheme), pairs(scheme)))


def assert_same(score: PRF, precision: float, recall: float, f1: float, support: int) -> None:
    """Equal to seqeval's numbers, which are 0 where ours are `None`; ours are `None` exactly where it is 0/0."""
    assert (score.precision or 0.0, score.recall or 0.0) == pytest.approx((precision, recall))
    assert (score.f1 or 0.0) == pytest.approx(f1)
    assert score.support == support
    assert (score.precision is None) == (score.predicted == 0)
    assert (score.recall is None) == (score.support == 0)
    assert (score.f1 is None) == (score.predicted + score.support == 0)


# --- entities --------------------------------------------------------------------------------------------------------


def test_readings_differ_on_entities_that_begin_without_b() -> None:
    gold = [["B-PER", "I-PER", "O", "B-LOC"]]
    predicted = [["I-PER", "I-PER", "O", "B-LOC"]]
    scores = entity_scores(gold, predicted, "IOB2")
    assert scores.conlleval == PRF(1.0, 1.0, 1.0, 2, 2, 2)
    assert scores.strict == PRF(1.0, 0.5, 2 / 3, 1, 1, 2)
    assert scores.macro_f1 == 1.0
    assert scores.token_accuracy == 0.75
    assert (scores.sentences, scores.tokens) == (1, 4)
    (case,) = scores.disagreements
    assert (case.sentence, case.side, case.span, case.reading) == (0, "predicted", Span("PER", 0, 2), "conlleval")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@thorough
@given(data=st.data())
def test_both_readings_are_those_of_seqeval(scheme: Scheme, data: st.DataObject) -> None:
    gold, predicted = data.draw(pairs(scheme))
    scores = entity_scores(gold, predicted, scheme)
    theirs = to_iobes(gold, scheme), to_iobes(predicted, scheme)
    by_type = lenient_scores(*theirs, average=None, zero_division=0)
    assert len(scores.per_type) == len(by_type[0])
    assert list(scores.per_type) == sorted(scores.per_type)
    for score, *numbers in zip(scores.per_type.values(), *by_type, strict=True):
        assert_same(score, *numbers)
    if scores.per_type:
        micro = lenient_scores(*theirs, average="micro", zero_division=0)
        assert_same(scores.conlleval, *micro)
        macro = lenient_scores(*theirs, average="macro", zero_division=0)
        assert scores.macro_f1 == pytest.approx(macro[2])
    else:
        assert scores.conlleval.f1 is None
        assert scores.macro_f1 is None
    if scheme != "BMES":
        theirs = gold, predicted
    assert_same(scores.strict, *strict_scores(*theirs, average="micro", scheme=STRICT[scheme], zero_division=0))


def test_the_strict_classification_report_says_the_same() -> None:
    rng = np.random.default_rng(7)
    tags = ["O", *(f"{letter}-{name}" for letter in "BIES" for name in TYPES)]
    gold, noise = rng.choice(tags, (2, 200, 12))
    predicted = np.where(rng.random(gold.shape) < 0.7, gold, noise)
    ours = entity_scores(gold.tolist(), predicted.tolist(), "IOBES")
    report = strict_report(gold.tolist(), predicted.tolist(), output_dict=True, scheme=seqeval_scheme.IOBES)
    assert_same(ours.strict, *report["micro avg"].values())
    assert ours.strict.true_positives > 100


def conlleval(gold: Tagged, predicted: Tagged) -> tuple[int, int, int]:
    """Correct, guessed and true chunks in one pass over the tokens, as the script of the shared task counts them."""

    def begins(before: str, tag: str) -> bool:
        return tag != "O" and (tag[0] in "BS" or before[0] in "OES" or before[2:] != tag[2:])

    def ends(tag: str, after: str) -> bool:
        return tag != "O" and (after == "O" or begins(tag, after))

    correct = guessed = true = 0
    for right, answer in zip(gold, predicted, strict=True):
        together = False  # both sides are inside a chunk of one type that began at one token
        before = ("O", "O")
        for now in [*zip(right, answer, strict=True), ("O", "O")]:
            ended = [ends(*side) for side in zip(before, now, strict=True)]
            begun = [begins(*side) for side in zip(before, now, strict=True)]
            correct += together and all(ended)
            together = (together and not any(ended)) or (all(begun) and now[0][2:] == now[1][2:])
            true += begun[0]
            guessed += begun[1]
            before = now
    return correct, guessed, true


@thorough
@given(case=cases)
def test_conlleval_reading_equals_the_script_and_spans(case: Case) -> None:
    scheme, (gold, predicted) = case
    expected = conlleval(to_iobes(gold, scheme), to_iobes(predicted, scheme))
    assert entity_scores(gold, predicted, scheme).conlleval == PRF.from_counts(*expected)
    extracted = micro_f1([spans(tags, scheme) for tags in gold], [spans(tags, scheme) for tags in predicted])
    assert extracted == PRF.from_counts(*expected)


@thorough
@given(case=cases)
def test_a_perfect_prediction_scores_one_or_nothing(case: Case) -> None:
    scheme, (gold, _) = case
    scores = entity_scores(gold, gold, scheme)
    for score in (scores.conlleval, scores.strict, *scores.per_type.values()):
        assert score.f1 == (1.0 if score.support else None)
    assert scores.token_accuracy == (1.0 if any(gold) else None)


def test_no_sentences_have_no_scores() -> None:
    scores = entity_scores([], [], "IOB2")
    assert scores.conlleval == scores.strict == PRF(None, None, None, 0, 0, 0)
    assert (scores.macro_f1, scores.token_accuracy, scores.sentences, scores.tokens) == (None, None, 0, 0)


@thorough
@given(case=cases)
def test_disagreements_are_shown_exactly_when_the_readings_differ(case: Case) -> None:
    scheme, (gold, predicted) = case
    scores = entity_scores(gold, predicted, scheme)
    swapped = entity_scores(predicted, gold, scheme)
    assert bool(scores.disagreements) == bool(swapped.disagreements)
    if scores.conlleval != scores.strict:
        assert scores.disagreements
    sides = {"gold": gold, "predicted": predicted}
    for disagreement in scores.disagreements:
        read_leniently = spans(sides[disagreement.side][disagreement.sentence], scheme)
        assert (disagreement.span in read_leniently) == (disagreement.reading == "conlleval")
    order = [(disagreement.sentence, disagreement.span.start) for disagreement in scores.disagreements]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("scheme", "tags"),
    [
        ("IOB1", ["I-A", "I-A", "B-A", "I-B", "O", "I-A"]),
        ("IOB2", ["B-A", "I-A", "B-A", "B-B", "O", "B-A"]),
        ("IOBES", ["B-A", "E-A", "S-A", "S-B", "O", "S-A"]),
        ("BILOU", ["B-A", "L-A", "U-A", "U-B", "O", "U-A"]),
        ("BMES", ["B-A", "E-A", "S-A", "S-B", "O", "S-A"]),
    ],
)
def test_the_readings_agree_on_well_formed_tags(scheme: Scheme, tags: list[str]) -> None:
    scores = entity_scores([tags], [tags], scheme)
    assert scores.conlleval == scores.strict == PRF.from_counts(4, 4, 4)
    assert scores.disagreements == []


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        ([["O"]], [["O"], ["O"]], "predictions for 1 sentences, found 2"),
        ([["O"], ["O", "O"]], [["O"], ["O"]], "sentence 2: expected 2 predicted tags, found 1"),
        ([["O"], ["O", "S-PER"]], [["O"], ["O", "O"]], "sentence 2, token 2: .* O, B-TYPE, I-TYPE, found 'S-PER'"),
        ([["O"]], [["PER"]], "sentence 1, token 1: .*found 'PER'"),
        ([["O"]], [["B-"]], "found 'B-'"),
        ([["O"]], [[""]], "found ''"),
    ],
)
def test_tags_that_can_not_be_scored_are_refused(gold: Tagged, predicted: Tagged, message: str) -> None:
    with pytest.raises(InputError, match=message):
        entity_scores(gold, predicted, "IOB2")


# --- scores by novelty and length ------------------------------------------------------------------------------------


def test_breakdown_of_a_worked_example() -> None:
    training = {("Ada", "Byron"): {"PER"}, ("Paris",): {"LOC"}}
    tokens = [["Ada", "Byron", "met", "Paris", "in", "New", "York"]]
    gold = [[Span("PER", 0, 2), Span("PER", 3, 4), Span("LOC", 5, 7)]]
    predicted = [[Span("PER", 0, 2), Span("LOC", 3, 4), Span("LOC", 5, 7)]]
    result = breakdown(gold, predicted, tokens, training)
    assert result.by_novelty == {
        "seen": PRF.from_counts(1, 2, 1),  # Ada Byron; Paris was predicted as the place it was in training
        "seen as another type": PRF.from_counts(0, 0, 1),  # Paris the person
        "unseen": PRF.from_counts(1, 1, 1),
    }
    assert result.by_length == {
        "1": PRF.from_counts(0, 1, 1),
        "2": PRF.from_counts(2, 2, 2),
        "3": PRF.from_counts(0, 0, 0),
        "4+": PRF.from_counts(0, 0, 0),
    }


@thorough
@given(sample=annotated(), training=annotated())
def test_breakdown_is_micro_f1_of_each_group_and_adds_up(sample, training) -> None:  # type: ignore[no-untyped-def]
    gold, predicted, tokens = sample
    known = {
        (tuple(words[span.start : span.end]), span.type)
        for entities, words in zip(training[0], training[2], strict=True)
        for span in entities
    }
    known_surfaces = {surface for surface, _ in known}
    types = {surface: {kind for other, kind in known if other == surface} for surface in known_surfaces}

    def novelty(words: list[str], span: Span) -> str:
        surface = tuple(words[span.start : span.end])
        if (surface, span.type) in known:
            return "seen"
        return "seen as another type" if surface in known_surfaces else "unseen"

    def length(_: list[str], span: Span) -> str:
        return {1: "1", 2: "2", 3: "3"}.get(span.end - span.start, "4+")

    result = breakdown(gold, predicted, tokens, types)
    total = micro_f1(gold, predicted)
    for table, names, group in (
        (result.by_novelty, NOVELTY_GROUPS, novelty),
        (result.by_length, LENGTH_GROUPS, length),
    ):
        assert tuple(table) == names
        for name, score in table.items():
            kept = [
                [
                    [span for span in entities if group(words, span) == name]
                    for entities, words in zip(side, tokens, strict=True)
                ]
                for side in (gold, predicted)
            ]
            assert score == micro_f1(*kept)
        assert sum(score.true_positives for score in table.values()) == total.true_positives
        assert sum(score.predicted for score in table.values()) == total.predicted
        assert sum(score.support for score in table.values()) == total.support


# --- JSON ------------------------------------------------------------------------------------------------------------


def test_every_result_has_a_json_form() -> None:
    gold, predicted = [["B-PER", "O"]], [["I-PER", "O"]]
    scores = json.loads(json.dumps(as_json(entity_scores(gold, predicted, "IOB2")), allow_nan=False))
    assert scores["strict"] == {
        "precision": None,
        "recall": 0.0,
        "f1": 0.0,
        "true_positives": 0,
        "predicted": 0,
        "support": 1,
    }
    (case,) = scores["disagreements"]
    assert case["side"] == "predicted"
    assert as_json(reliability([1.0], [True], bins=2)) == {
        "edges": [0.0, 0.5, 1.0],
        "counts": [0, 1],
        "mean_confidence": [None, 1.0],
        "accuracy": [None, 1.0],
        "ece": 0.0,
    }
    spans_of = [[Span("PER", 0, 1)]]
    assert as_json(confusion(spans_of, spans_of)) == {"labels": ["PER", "none"], "counts": [[1, 0], [0, 0]]}
    table = as_json(breakdown(spans_of, [[]], [["Ada"]], {}))
    assert json.loads(json.dumps(table, allow_nan=False)) == table


def test_values_without_a_json_form_are_refused() -> None:
    with pytest.raises(TypeError, match="set has no JSON form"):
        as_json({"types": {"PER"}})
