"""Pairs of gold and predicted entities by enumeration; lists of wrong entities against every tag sequence."""

from __future__ import annotations

from collections import Counter
from itertools import chain, product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import Sentence, TaggedCorpus
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import Span, spans
from bilstm_nlp.tasks.tagging import decoding
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder
from bilstm_nlp.tasks.tagging.errors import mistakes, wrong_entities
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.tagging.word_taggers import word_tagger

# --- pairs -----------------------------------------------------------------------------------------------------------


def every_reading(length: int, types: str = "XY") -> list[list[Span]]:
    """Return every list of entities that the tags of `length` tokens can spell."""
    tags = ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]
    readings = {tuple(spans(sequence, "IOB2")) for sequence in product(tags, repeat=length)}
    return [list(entities) for entities in sorted(readings)]


def tokens(span: Span) -> set[int]:
    return set(range(span.start, span.end))


def most_pairs(edges: list[tuple[Span, Span]]) -> int:
    """Return the size of the largest matching, by trying all choices."""
    if not edges:
        return 0
    (gold, predicted), others = edges[0], edges[1:]
    without_either = [(right, answer) for right, answer in others if right != gold and answer != predicted]
    return max(most_pairs(others), 1 + most_pairs(without_either))


def check(gold: list[Span], predicted: list[Span]) -> None:
    """Check the promises of `mistakes` with sets of tokens."""
    pairing = mistakes(gold, predicted)
    wrong_gold = [span for span in gold if span not in predicted]
    wrong_predicted = [span for span in predicted if span not in gold]
    assert Counter(mistake.gold for mistake in pairing if mistake.gold) == Counter(wrong_gold)
    assert Counter(mistake.predicted for mistake in pairing if mistake.predicted) == Counter(wrong_predicted)
    edges = [(right, answer) for right in wrong_gold for answer in wrong_predicted if tokens(right) & tokens(answer)]
    # The same pairs, computed otherwise: overlapping pairs in reading order, if both entities are still free.
    pairs: list[tuple[Span, Span]] = []
    for edge in sorted(edges, key=lambda edge: (edge[0].start, edge[1].start)):
        if not set(edge) & set(chain.from_iterable(pairs)):
            pairs.append(edge)
    assert sorted(
        (mistake.gold, mistake.predicted) for mistake in pairing if mistake.gold and mistake.predicted
    ) == sorted(pairs)
    assert len(pairs) == most_pairs(edges)
    for mistake in pairing:
        if mistake.gold is None:
            rivals = [right for right in gold if tokens(right) & tokens(mistake.predicted)]
        elif mistake.predicted is None:
            rivals = [answer for answer in predicted if tokens(answer) & tokens(mistake.gold)]
        else:
            rivals = []
        assert mistake.overlapped == (min(rivals, key=min_token) if rivals else None)
        right, answer = mistake.gold or mistake.overlapped, mistake.predicted or mistake.overlapped
        if right is None or answer is None:
            assert mistake.kind == ("missed" if answer is None else "spurious")
            continue
        same_tokens, same_type = tokens(right) == tokens(answer), right.type == answer.type
        expected = {(True, False): "wrong type", (False, True): "wrong boundary"}
        assert mistake.kind == expected.get((same_tokens, same_type), "wrong boundary and type")
    begins = [min(span.start for span in mistake.spans()) for mistake in pairing]
    assert begins == sorted(begins)


def min_token(span: Span) -> int:
    return span.start


@pytest.mark.slow
def test_all_readings_of_four_tokens_are_paired_right():
    readings = every_reading(4)
    assert len(readings) == 153
    for gold, predicted in product(readings, repeat=2):
        check(gold, predicted)


TAGS = st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y", "B-Z", "I-Z"]), min_size=12, max_size=12)


@settings(max_examples=100, deadline=None)
@given(TAGS, TAGS)
def test_readings_of_longer_sentences_are_paired_right(gold, predicted):
    check(spans(gold, "IOB2"), spans(predicted, "IOB2"))


def test_an_entity_in_pieces_is_a_pair_and_a_rest():
    whole, first, last = Span("PER", 0, 4), Span("PER", 0, 1), Span("ORG", 2, 4)
    assert [
        (mistake.kind, mistake.gold, mistake.predicted, mistake.overlapped)
        for mistake in mistakes([whole], [first, last])
    ] == [
        ("wrong boundary", whole, first, None),
        ("wrong boundary and type", None, last, whole),
    ]
    assert [
        (mistake.kind, mistake.gold, mistake.predicted, mistake.overlapped)
        for mistake in mistakes([first, last], [whole])
    ] == [
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


@pytest.mark.slow
@pytest.mark.parametrize("constrained", [True, False])
@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_wrong_entities_equal_an_enumeration(kind, constrained, monkeypatch):
    """Compare probabilities with sums over all tag sequences, and knowledge with a search of the training sentences."""
    monkeypatch.setattr(decoding, "BATCH_TOKENS", 8)
    kinds, novelties = set(), set()
    for seed in range(8):
        torch.manual_seed(seed)
        network, codec = word_tagger(TRAINING, kind, constrained=constrained)
        network.set_temperature(2.0)
        evaluation = Evaluation(ModelDecoder(network, codec), TaggedCorpus("corpus", SENTENCES))
        assert len(evaluation.batches) > 1
        wrong = wrong_entities(evaluation)
        confidences = [entity.confidence for entity in wrong]
        assert confidences == sorted(confidences, reverse=True)
        expected = []
        for sentence, predicted in zip(SENTENCES, evaluation.predicted, strict=True):
            probability_of, nothing_at = in_all_sequences(network, codec, evaluation, sentence)
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
        results = [
            (
                entity.line,
                entity.kind,
                entity.confidence,
                *(side and tuple(vars(side).values()) for side in (entity.gold, entity.predicted)),
            )
            for entity in wrong
        ]
        keys = [(line, entity[0], (right or answer)[0]) for line, entity, _, right, answer in expected]
        assert len(set(keys)) == len(keys)
        assert sorted(results, key=line_and_span) == sorted(expected, key=line_and_span)
        kinds |= {entity.kind for entity in wrong}
        novelties |= {(entity.entity.novelty, bool(entity.entity.other_types)) for entity in wrong}
    assert len(kinds) == 5
    assert len(novelties) == 4  # seen with and without other types, seen as others only, unseen


def line_and_span(result):
    line, kind, _, gold, predicted = result
    return line, kind, (gold or predicted)[0]


def in_all_sequences(network, codec, evaluation, sentence):
    """Return functions: span → P(span), and span → P(no entity at any of its tokens), at temperature 2."""
    index, length = SENTENCES.index(sentence), len(sentence.tokens)
    for batch in evaluation.batches:
        if index in batch.sentences:
            emissions = batch.ranking.emissions[batch.sentences.tolist().index(index), :length]
    probabilities = scores_of_all(network.head.crf.scores(), emissions).div(2.0).softmax(0)
    paths = [[codec.tags[tag] for tag in path] for path in all_paths(len(codec.tags), length)]

    def probability(holds):
        return sum(p for p, path in zip(probabilities.tolist(), paths, strict=True) if holds(path))

    return (
        lambda span: probability(lambda path: span in spans(path, "IOB2")),
        lambda span: probability(lambda path: set(path[span.start : span.end]) == {"O"}),
    )


def known_in_training(sentence, span):
    """Return the novelty of an entity, and its other types in the training sentences."""
    surface = sentence.tokens[span.start : span.end]
    types = {
        span_there.type
        for trained in TRAINING
        for span_there in spans(trained.tags, "IOB2")
        if trained.tokens[span_there.start : span_there.end] == surface
    }
    novelty = "unseen" if not types else "seen" if span.type in types else "seen as another type"
    return novelty, tuple(sorted(types - {span.type}))


def test_an_unknown_type_has_probability_0():
    torch.manual_seed(0)
    network, codec = word_tagger(TRAINING, CrfHead, constrained=True)
    sentence = Sentence(tokens=("a", "new"), tags=("O", "B-Z"), line=1)
    wrong = wrong_entities(Evaluation(ModelDecoder(network, codec), TaggedCorpus("corpus", [sentence])))
    (unknown,) = [entity for entity in wrong if entity.gold]
    assert unknown.gold.probability == 0
    assert unknown.kind != "missed" or unknown.confidence == 1
