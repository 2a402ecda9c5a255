"""Pairs of gold and predicted entities by enumeration, and whole lists against every tag sequence written out."""

from __future__ import annotations

from collections import Counter
from itertools import chain, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.corpus import Sentence, TaggedCorpus
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging import decoding
from bilstm_nlp.tasks.tagging.errors import mistakes, wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.tagging.word_taggers import word_tagger

# --- pairs -----------------------------------------------------------------------------------------------------------


def every_reading(length: int, types: str = "XY") -> list[list[Span]]:
    """Every set of entities that tags of so many tokens can spell, each in order."""
    tags = ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]
    found = {tuple(spans(sequence, "IOB2")) for sequence in product(tags, repeat=length)}
    return [list(entities) for entities in sorted(found)]


def tokens(span: Span) -> set[int]:
    return set(range(span.start, span.end))


def most_pairs(edges: list[tuple[Span, Span]]) -> int:
    """The most of these pairs that share no entity, by trying all choices."""
    if not edges:
        return 0
    (gold, predicted), others = edges[0], edges[1:]
    without_either = [(right, found) for right, found in others if right != gold and found != predicted]
    return max(most_pairs(others), 1 + most_pairs(without_either))


def check(gold: list[Span], predicted: list[Span]) -> None:
    """All that the rule promises, said over in sets of tokens."""
    found = mistakes(gold, predicted)
    wrong_gold = [span for span in gold if span not in predicted]
    wrong_predicted = [span for span in predicted if span not in gold]
    assert Counter(one.gold for one in found if one.gold) == Counter(wrong_gold)
    assert Counter(one.predicted for one in found if one.predicted) == Counter(wrong_predicted)
    edges = [(right, answer) for right in wrong_gold for answer in wrong_predicted if tokens(right) & tokens(answer)]
    # The same pairs in another way: all that overlap in reading order, each if both of it are still free.
    pairs: list[tuple[Span, Span]] = []
    for edge in sorted(edges, key=lambda edge: (edge[0].start, edge[1].start)):
        if not set(edge) & set(chain.from_iterable(pairs)):
            pairs.append(edge)
    assert sorted((one.gold, one.predicted) for one in found if one.gold and one.predicted) == sorted(pairs)
    assert len(pairs) == most_pairs(edges)
    for one in found:
        if one.gold is None:
            rivals = [right for right in gold if tokens(right) & tokens(one.predicted)]
        elif one.predicted is None:
            rivals = [answer for answer in predicted if tokens(answer) & tokens(one.gold)]
        else:
            rivals = []
        assert one.overlapped == (min(rivals, key=min_token) if rivals else None)
        right, answer = one.gold or one.overlapped, one.predicted or one.overlapped
        if right is None or answer is None:
            assert one.kind == ("missed" if answer is None else "spurious")
            continue
        same_tokens, same_type = tokens(right) == tokens(answer), right.type == answer.type
        expected = {(True, False): "wrong type", (False, True): "wrong boundary"}
        assert one.kind == expected.get((same_tokens, same_type), "wrong boundary and type")
    begins = [min(span.start for span in one.spans()) for one in found]
    assert begins == sorted(begins)


def min_token(span: Span) -> int:
    return span.start


def test_every_pair_of_readings_of_four_tokens():
    readings = every_reading(4)
    assert len(readings) == 153
    for gold, predicted in product(readings, repeat=2):
        check(gold, predicted)


TAGS = st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y", "B-Z", "I-Z"]), min_size=12, max_size=12)


@settings(max_examples=300, deadline=None)
@given(TAGS, TAGS)
def test_readings_of_longer_sentences(gold, predicted):
    check(spans(gold, "IOB2"), spans(predicted, "IOB2"))


def test_a_gold_entity_in_pieces_is_one_pair_and_what_is_left_of_it():
    whole, first, last = Span("PER", 0, 4), Span("PER", 0, 1), Span("ORG", 2, 4)
    assert [(one.kind, one.gold, one.predicted, one.overlapped) for one in mistakes([whole], [first, last])] == [
        ("wrong boundary", whole, first, None),
        ("wrong boundary and type", None, last, whole),
    ]
    assert [(one.kind, one.gold, one.predicted, one.overlapped) for one in mistakes([first, last], [whole])] == [
        ("wrong boundary", first, whole, None),
        ("wrong boundary and type", last, None, whole),
    ]


# --- lists -----------------------------------------------------------------------------------------------------------

TRAINING = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d", "a", "c"), tags=("B-X", "O", "B-Y"), line=6),
    Sentence(tokens=("c", "a", "a"), tags=("O", "B-X", "B-X"), line=10),
]
SENTENCES = [
    Sentence(tokens=("a", "b", "d", "c"), tags=("B-X", "I-X", "B-Y", "I-Y"), line=1, lines=(1, 2, 4, 5)),
    Sentence(tokens=("d",), tags=("B-X",), line=8, lines=(8,)),
    Sentence(tokens=("a", "new"), tags=("B-X", "B-Z"), line=10, lines=(10, 11)),  # training has no Z
    Sentence(tokens=("b", "c", "a", "d"), tags=("B-Y", "I-Y", "I-Y", "O"), line=13, lines=(13, 14, 15, 16)),
    Sentence(tokens=("c", "c", "a"), tags=("O", "B-Y", "B-X"), line=18, lines=(18, 19, 20)),
    Sentence(tokens=("b", "d"), tags=("O", "O"), line=22, lines=(22, 23)),
]


@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_all_wrong_entities_with_what_is_known_of_them(kind, constrained, monkeypatch):
    """Probabilities are shares of all tag sequences; knowledge is what a search of the training sentences finds."""
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 8)
    kinds, novelties = set(), set()
    for seed in range(8):
        torch.manual_seed(seed)
        model, codec = word_tagger(TRAINING, kind, constrained=constrained)
        model.head.temperature.fill_(2.0)
        evaluation = Evaluation(model, codec, TaggedCorpus("corpus", SENTENCES))
        assert len(evaluation.batches) > 1
        found = wrong_entities(evaluation)
        confidences = [one.confidence for one in found]
        assert confidences == sorted(confidences, reverse=True)
        expected = []
        for sentence, predicted in zip(SENTENCES, evaluation.predicted, strict=True):
            probability_of, nothing_at = in_all_sequences(model, codec, evaluation, sentence)
            for mistake in mistakes(spans(sentence.tags, "IOB2"), predicted):
                right, answer = (
                    span and (span, pytest.approx(probability_of(span), abs=1e-9), *known_in_training(sentence, span))
                    for span in (mistake.gold, mistake.predicted)
                )
                if answer:
                    sure = answer[1]
                elif mistake.overlapped:
                    sure = pytest.approx(probability_of(mistake.overlapped), abs=1e-9)
                else:
                    sure = pytest.approx(nothing_at(mistake.gold), abs=1e-9)
                line = sentence.lines[(mistake.gold or mistake.predicted).start]
                expected.append((line, mistake.kind, sure, right, answer))
        told = [
            (
                one.line,
                one.kind,
                one.confidence,
                *(side and tuple(vars(side).values()) for side in (one.gold, one.predicted)),
            )
            for one in found
        ]
        place = [(line, one[0], (right or answer)[0]) for line, one, _, right, answer in expected]
        assert len(set(place)) == len(place)
        assert sorted(told, key=by_place) == sorted(expected, key=by_place)
        kinds |= {one.kind for one in found}
        novelties |= {(one.entity.novelty, bool(one.entity.other_types)) for one in found}
    assert len(kinds) == 5
    assert len(novelties) == 4  # seen with and without other types, seen as others only, unseen


def by_place(told):
    line, kind, _, gold, predicted = told
    return line, kind, (gold or predicted)[0]


def in_all_sequences(model, codec, evaluation, sentence):
    """A span → the shares of the sentence's tag sequences, at temperature 2, with it; the same with nothing there."""
    index, length = SENTENCES.index(sentence), len(sentence.tokens)
    for batch in evaluation.batches:
        if index in batch.sentences:
            emissions = batch.paths.emissions[batch.sentences.tolist().index(index), :length]
    probabilities = scores_of_all(model.head.crf.scores(), emissions).div(2.0).softmax(0)
    paths = [[codec.tags[tag] for tag in path] for path in all_paths(len(codec.tags), length)]

    def share(holds):
        return sum(p for p, path in zip(probabilities.tolist(), paths, strict=True) if holds(path))

    return (
        lambda span: share(lambda path: span in spans(path, "IOB2")),
        lambda span: share(lambda path: set(path[span.start : span.end]) == {"O"}),
    )


def known_in_training(sentence, span):
    """Whether training has it, and the other types that it has there."""
    surface = sentence.tokens[span.start : span.end]
    types = {
        other.type
        for one in TRAINING
        for other in spans(one.tags, "IOB2")
        if one.tokens[other.start : other.end] == surface
    }
    novelty = "unseen" if not types else "seen" if span.type in types else "seen as another type"
    return novelty, tuple(sorted(types - {span.type}))


def test_a_type_that_the_model_does_not_know_is_surely_wrong():
    torch.manual_seed(0)
    model, codec = word_tagger(TRAINING, CrfHead, constrained=True)
    sentence = Sentence(tokens=("a", "new"), tags=("O", "B-Z"), line=1)
    found = wrong_entities(Evaluation(model, codec, TaggedCorpus("corpus", [sentence])))
    (unknown,) = [one for one in found if one.gold]
    assert unknown.gold.probability == 0
    assert unknown.kind != "missed" or unknown.confidence == 1
