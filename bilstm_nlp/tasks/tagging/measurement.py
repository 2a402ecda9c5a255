"""A tagger's F1 on its development corpus, sentence by sentence, for comparisons."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.metrics.labels import grouped
from bilstm_nlp.tags import Span, type_name
from bilstm_nlp.tasks.measurement import Measurement, Ratio, evenly_spaced, timed
from bilstm_nlp.tasks.tagging.comparison import SentenceExamples
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.evaluation import gold_spans
from bilstm_nlp.tasks.tagging.meaning import meaning_of
from bilstm_nlp.tasks.tagging.network import TaggingNetwork

EXAMPLES = 5000
"""Most sentences that are kept as examples."""


def measure(network: TaggingNetwork, codec: TaggingCodec, corpus: TaggedCorpus) -> Measurement:
    """Measure F1 as 2 · correct / (predicted + gold) entities of each sentence, and the speed of prediction.

    For plain labels, of which every token has one, this is their accuracy.
    """
    gold = gold_spans(corpus, codec)

    def predicted() -> list[list[Span]]:
        return [sentence.entities for sentence in decode(network, codec, codec.encode(corpus.sentences))]

    decoded, seconds = timed(predicted)
    sides = [(set(right), set(answer)) for right, answer in zip(gold, decoded, strict=True)]
    kept = evenly_spaced(len(gold), EXAMPLES).tolist()
    by_type = grouped(gold, decoded, lambda _, span: span.type)
    ratio = Ratio(
        numerator=np.array([2 * len(right & answer) for right, answer in sides], np.float64),
        denominator=np.array([len(right) + len(answer) for right, answer in sides], np.float64),
        by_type={type_name(kind): scores.f1 for kind, scores in by_type.items()},
    )
    return Measurement(
        measures=dict.fromkeys(meaning_of(codec).measures, ratio),
        lag=0,
        speed=len(gold) / seconds,
        examples=SentenceExamples(
            tokens=[corpus.sentences[index].tokens for index in kept],
            gold=[gold[index] for index in kept],
            found=[decoded[index] for index in kept],
        ),
    )
