"""A tagger's figures on its development corpus, sentence by sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bilstm_nlp import metrics
from bilstm_nlp.data.codec import TaggingCodec
from bilstm_nlp.data.corpus import TaggedCorpus
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.labelling import TaggingModel, label
from bilstm_nlp.tasks.measurement import Measurement, Ratio, SentenceExamples, spread, timed
from bilstm_nlp.tasks.tagging_evaluation import gold_spans

EXAMPLES = 5000
"""Sentences that are kept, at most."""


def measure(model: TaggingModel, codec: TaggingCodec, corpus: TaggedCorpus) -> Measurement:
    """F1 as 2·correct / (predicted + gold) entities of each sentence."""
    gold = gold_spans(corpus, codec)

    def predicted() -> list[list[Span]]:
        entities: list[list[Span]] = [[]] * len(gold)
        for labelled in label(model, codec, codec.encode(corpus.sentences)):
            for index, spans in zip(labelled.chosen.tolist(), labelled.entities, strict=True):
                entities[index] = spans
        return entities

    found, seconds = timed(predicted)
    sides = [(set(right), set(answer)) for right, answer in zip(gold, found, strict=True)]
    whole = metrics.micro_f1(gold, found)
    kept = spread(len(gold), EXAMPLES).tolist()
    return Measurement(
        figures={"precision": whole.precision, "recall": whole.recall, "f1": whole.f1},
        measures={
            "f1": Ratio(
                numerator=np.array([2 * len(right & answer) for right, answer in sides], np.float64),
                denominator=np.array([len(right) + len(answer) for right, answer in sides], np.float64),
                by_type=by_type(gold, found),
            )
        },
        lag=0,
        speed=len(gold) / seconds,
        examples=SentenceExamples(
            tokens=[corpus.sentences[index].tokens for index in kept],
            gold=[gold[index] for index in kept],
            found=[found[index] for index in kept],
        ),
    )


def by_type(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> dict[str, float | None]:
    """F1 of each type of entity, whether annotated or found."""
    types = sorted({span.type for spans in (*gold, *found) for span in spans})
    return {
        kind: metrics.micro_f1(
            *([[span for span in spans if span.type == kind] for spans in s] for s in (gold, found))
        ).f1
        for kind in types
    }
