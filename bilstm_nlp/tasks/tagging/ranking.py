"""The sentences that a tagger is least sure of, by the measures of `tasks/ranking.py`, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bilstm_nlp.batch import Floats
from bilstm_nlp.data.text.output import TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tasks.ranking import least_sure, sequence_scores
from bilstm_nlp.tasks.request import Measure, Ranking
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch
from bilstm_nlp.tasks.tagging.tagged_sentences import tagged_sentences


def scored_sentences(
    batch: DecodedBatch, sentences: Sequence[Sentence], measure: Measure, *, confidence: bool
) -> Iterator[tuple[float, TaggedSentence]]:
    """Yield the score and the predictions of a batch's sentences, which are those with these indices."""
    tagged = tagged_sentences(batch, sentences, confidence=confidence, alternatives=0, tags=True)
    yield from zip(scores(batch, measure).tolist(), tagged, strict=True)


def scores(batch: DecodedBatch, measure: Measure) -> Floats:
    """Return the (B,) scores of a batch's sentences by a measure."""

    def best_labels() -> Iterator[Floats]:
        """Yield the (T,) probabilities of the tags of each sentence."""
        number = {tag: index for index, tag in enumerate(batch.codec.tags)}
        for tags, values in zip(batch.tags, batch.posterior().marginals().astype(np.float64), strict=True):
            yield values[np.arange(len(tags)), [number[tag] for tag in tags]]

    lengths = np.array([len(tags) for tags in batch.tags])
    return sequence_scores(measure, lengths, lambda count: batch.ranking.best_sequences(count)[1], best_labels)


def first_of(scored: Iterable[tuple[float, TaggedSentence]], ranking: Ranking) -> Iterator[TaggedSentence]:
    """Yield the sentences to annotate first, with their place in the order, as `least_sure` finds them."""
    for rank, (score, tagged) in enumerate(least_sure(scored, ranking), 1):
        sentence = tagged.sentence
        place = {"rank": rank, "line": sentence.line, "by": ranking.by, "score": score}
        if sentence.part is not None:
            place |= {"start": sentence.part[0], "end": sentence.part[1]}
        yield replace(tagged, sentence=replace(sentence, header=None, others={**sentence.others, "ranking": place}))


def with_place(tagged: TaggedSentence, text: str) -> str:
    """Put the score and the line of a ranked sentence before its text."""
    place = tagged.sentence.others["ranking"]
    return f"{place['score']:.6f}\t{place['line']}\t{text}"
