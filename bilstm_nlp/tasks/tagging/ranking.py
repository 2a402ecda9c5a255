"""Sentences that a tagger is least sure of, for whoever annotates next.

Three measures, each of the tagger's calibrated posterior over the tag sequences of a sentence of n tokens:

- `least-certain`: 1 − P(best sequence)^(1/n), the order of MNLP (Shen et al. 2018). The root keeps long sentences from
  coming first because they are long.
- `margin`: P(best sequence) − P(second best sequence), the smallest first (Scheffer et al. 2001).
- `errors`: the expected number of wrong tags, Σ 1 − P(tag of the best sequence). Long sentences may have more.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.output import TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tasks.request import Measure, Ranking
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch
from bilstm_nlp.tasks.tagging.tagged_sentences import tagged_sentences


def scored_sentences(
    batch: DecodedBatch, sentences: Sequence[Sentence], measure: Measure, *, confidence: bool
) -> Iterator[tuple[float, TaggedSentence]]:
    """Yield the score and the predictions of a batch's sentences, which are those with these indices."""
    tagged = tagged_sentences(batch, sentences, confidence=confidence, alternatives=0, tags=True)
    yield from zip(scores(batch, measure).tolist(), tagged, strict=True)


def scores(batch: DecodedBatch, measure: Measure) -> NDArray[np.float64]:
    """Return the (B,) scores of a batch's sentences by a measure."""
    match measure:
        case "least-certain":
            lengths = np.array([len(tags) for tags in batch.tags])
            best: NDArray[np.float64] = -np.expm1(np.minimum(_logarithms(batch, 1)[:, 0], 0) / lengths)
            return best
        case "margin":
            first, second = np.exp(_logarithms(batch, 2)).T
            margins: NDArray[np.float64] = first - second
            return margins
        case "errors":
            marginals, number = batch.posterior().marginals(), {tag: i for i, tag in enumerate(batch.codec.tags)}
            rows = zip(batch.tags, marginals.astype(np.float64), strict=True)
            return np.array(
                [sum(1 - values[step, number[tag]] for step, tag in enumerate(tags)) for tags, values in rows]
            )
        case _:
            assert_never(measure)


def _logarithms(batch: DecodedBatch, count: int) -> NDArray[np.float64]:
    """Return the (B, N) logarithms of the probabilities of the best sequences."""
    return batch.ranking.best_sequences(count)[1].astype(np.float64)


def first_of(scored: Iterable[tuple[int, float, TaggedSentence]], ranking: Ranking) -> Iterator[TaggedSentence]:
    """Yield the sentences to annotate first, with their place in the order. Ties keep the order of the input.

    `scored` are (number of the sentence, score, sentence). No more than `ranking.top` sentences are kept at a time.
    """
    sign = -1 if ranking.by == "margin" else 1
    heap: list[tuple[float, int, float, TaggedSentence]] = []
    for number, score, tagged in scored:
        entry = (sign * score, -number, score, tagged)
        if len(heap) < ranking.top:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    for rank, (_, _, score, tagged) in enumerate(sorted(heap, key=lambda entry: entry[:2], reverse=True), 1):
        sentence = tagged.sentence
        place = {"rank": rank, "line": sentence.line, "by": ranking.by, "score": score}
        if sentence.part is not None:
            place |= {"start": sentence.part[0], "end": sentence.part[1]}
        yield replace(tagged, sentence=replace(sentence, header=None, others={**sentence.others, "ranking": place}))


def with_place(tagged: TaggedSentence, text: str) -> str:
    """Put the score and the line of a ranked sentence before its text."""
    place = tagged.sentence.others["ranking"]
    return f"{place['score']:.6f}\t{place['line']}\t{text}"
