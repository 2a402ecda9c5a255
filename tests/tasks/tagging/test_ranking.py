"""The order of sentences to annotate, against every tag sequence written out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.output import TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tasks.request import Ranking
from bilstm_nlp.tasks.tagging.decoding import decoded_batches
from bilstm_nlp.tasks.tagging.ranking import first_of, scores
from tests.nn.enumeration import all_paths, scores_of_all
from tests.tasks.tagging.word_taggers import word_tagger

SENTENCES = [
    Sentence(tokens=("a", "b", "c", "d"), tags=("B-X", "I-X", "O", "B-Y"), line=1),
    Sentence(tokens=("d",), tags=("B-Y",), line=6),
    Sentence(tokens=("c", "a", "a"), tags=("O", "B-X", "B-X"), line=8),
]


@pytest.mark.parametrize("kind", [CrfHead, SoftmaxHead])
def test_scores_are_those_of_all_sequences_at_the_temperature(kind):
    torch.manual_seed(5)
    network, codec = word_tagger(SENTENCES, kind, constrained=True)
    network.set_temperature(1.7)
    chain, count = network.head.crf, 0
    for batch in decoded_batches(network, codec, codec.encode(SENTENCES)):
        certain, margin, errors = (scores(batch, measure) for measure in ("least-certain", "margin", "errors"))
        for row, index in enumerate(batch.sentences):
            length = len(SENTENCES[index].tokens)
            values = scores_of_all(chain.scores(), batch.ranking.emissions[row, :length])
            probabilities = values.div(1.7).softmax(0)
            best, second = probabilities.sort(descending=True).values[:2].tolist()
            assert certain[row] == pytest.approx(1 - best ** (1 / length), abs=1e-9)
            assert margin[row] == pytest.approx(best - second, abs=1e-9)
            paths = torch.stack([torch.as_tensor(path) for path in all_paths(5, length)])
            wrong = (paths != paths[values.argmax()]).sum(1)
            assert errors[row] == pytest.approx((probabilities * wrong).sum().item(), abs=1e-9)
            count += 1
    assert count == 3


def tagged(line: int) -> TaggedSentence:
    sentence = Sentence(("a",), None, line, others={"id": line})
    return TaggedSentence(sentence, "a", ("O",), ())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3)), st.integers(1, 6), st.sampled_from(["least-certain", "margin", "errors"]))
def test_the_first_are_those_of_a_stable_sort(values, top, by):
    scored = [(float(value), tagged(10 * number)) for number, value in enumerate(values, 1)]
    chosen = list(first_of(iter(scored), Ranking(top, by)))
    numbered = [(number, value) for number, (value, _) in enumerate(scored, 1)]
    order = sorted(numbered, key=lambda each: each[1] if by == "margin" else -each[1])[:top]
    assert [sentence.sentence.others for sentence in chosen] == [
        {"id": 10 * number, "ranking": {"rank": rank, "line": 10 * number, "by": by, "score": value}}
        for rank, (number, value) in enumerate(order, 1)
    ]


def test_a_long_stream_is_never_held():
    alive = 0

    class Counted:
        """A value of a record that counts how many there are."""

        def __init__(self) -> None:
            nonlocal alive
            alive += 1

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def stream():
        for number in range(1000):
            assert alive <= 5
            sentence = Sentence(("a",), None, 1, others={"id": Counted()})
            yield float(number % 7), TaggedSentence(sentence, "a", ("O",), ())

    chosen = first_of(stream(), Ranking(3, "errors"))
    assert [sentence.sentence.others["ranking"]["score"] for sentence in chosen] == [6.0, 6.0, 6.0]
