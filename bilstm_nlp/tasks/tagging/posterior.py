"""Exact probabilities of tags and entities in a batch of sentences: of one model, or the mean of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Bools, Floats, Ints, Values
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.nn.crf.posterior import Posterior
from bilstm_nlp.nn.crf.sentence_sums import SentenceSums, is_short
from bilstm_nlp.tags import Span


@dataclass(frozen=True)
class Chain:
    """A model's scores of the tag sequences of B sentences."""

    scores: ChainScores
    codec: TaggingCodec
    """The codec of the model, with the K tags in its order."""
    emissions: Values
    """(B, T, K)"""
    lengths: Ints
    """(B,)"""
    temperature: float
    """Divides every score of the posterior."""

    def posterior(self) -> Posterior:
        """Run forward–backward."""
        return Posterior(self.scores, self.emissions, self.lengths, self.temperature)

    def best_sequences(self, count: int) -> tuple[Ints, Values]:
        """Return the (B, N, T) best legal tag sequences, best first, and the (B, N) logarithms of their probabilities.

        Sequences beyond the last legal one have the probability 0.
        """
        return self.posterior().n_best(count)


class EntityPosterior:
    """The mean of the models' posteriors over a batch's tag sequences.

    A probability is the mean of the models' own, each an exact sum over all sequences. So it is exact too: that of the
    distribution which draws a model, then a sequence by this model's posterior. `odds_temperature` changes it further.
    """

    def __init__(self, chains: Sequence[Chain], tags: Sequence[str], odds_temperature: float = 1.0) -> None:
        """`tags` gives the order of the marginals. `odds_temperature` divides the log odds of other probabilities."""
        self._members, self._tags = [_ChainPosterior(each) for each in chains], tags
        self._odds_temperature = odds_temperature

    def marginals(self) -> Values:
        """Return the (B, T, K) probability of each tag at each token, 0 at padding."""
        if len(self._members) == 1:
            return self._members[0].marginals(self._tags)
        # In double precision, the order of the models matters for the last bits of the sum alone.
        mean: Floats = np.mean([member.marginals(self._tags) for member in self._members], axis=0, dtype=np.float64)
        return mean

    def probabilities(self, entities: Sequence[Sequence[Span]]) -> NDArray[np.float64]:
        """Return (N,) P(span, type | sentence) for the N entities of all sentences, sentence by sentence."""
        return self._mean([member.of_entities(entities) for member in self._members])

    def of_entities(self, entities: Sequence[Sequence[Span]]) -> list[dict[Span, float]]:
        """Return P(span, type | sentence) for any entities of each sentence.

        An entity's probability is that of all sequences with this entity, no longer and no shorter. It is 0 if the
        codec does not know the type.
        """
        return _by_span(entities, self.probabilities(entities))

    def of_no_entity(self, stretches: Sequence[Sequence[Span]]) -> list[dict[Span, float]]:
        """Return P(no entity at any token of the span | sentence) for any spans of each sentence."""
        return _by_span(stretches, self._mean([member.of_no_entity(stretches) for member in self._members]))

    def _mean(self, values: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = values[0] if len(values) == 1 else np.mean(values, axis=0)
        return with_odds_divided(mean, self._odds_temperature)


class _ChainPosterior:
    """The posterior of one model."""

    def __init__(self, scores: Chain) -> None:
        self._chain, self._codec = scores, scores.codec

    @cached_property
    def _posterior(self) -> Posterior:
        """Run forward–backward at the first question: a batch without entities has none."""
        return self._chain.posterior()

    @cached_property
    def _sentence_sums(self) -> SentenceSums | None:
        """Sum over the paths of a single short sentence; None for any other batch."""
        scores, emissions, lengths = self._chain.scores, self._chain.emissions, self._chain.lengths
        if len(lengths) > 1 or not is_short(int(lengths[0]), len(scores.start)):
            return None
        sums = SentenceSums.of(scores, emissions[0, : lengths[0]], self._codec.continues, self._chain.temperature)
        return sums if sums.exact else None

    def marginals(self, tags: Sequence[str]) -> Values:
        """Return the (B, T, K) probabilities of these tags."""
        values, own = self._marginals, self._codec.tags
        return values if list(tags) == list(own) else values[..., [own.index(tag) for tag in tags]]

    def of_entities(self, entities: Sequence[Sequence[Span]]) -> NDArray[np.float64]:
        """Return (N,) P(span, type | sentence)."""
        if not any(entities):
            return np.empty(0)
        sentence, start, end = _rows(entities).T
        if self._codec.scheme == "plain":
            return self._of_labels(sentence, start, [span.type for span in chain.from_iterable(entities)])
        type_tags, continues = self._type_tags(entities), self._codec.continues
        if (sums := self._sentence_sums) is not None:
            return _probabilities(sums.span_log_probabilities(start, end, type_tags))
        return _probabilities(self._posterior.span_log_probabilities(sentence, start, end, type_tags, continues))

    def _of_labels(self, sentence: Ints, token: Ints, labels: Sequence[str]) -> NDArray[np.float64]:
        """Return (N,) P(label at the token | sentence); 0 for a label that the codec does not know."""
        index = {label: number for number, label in enumerate(self._codec.tags)}
        number = np.array([index.get(label, -1) for label in labels])
        marginals = self._marginals[sentence, token, number].astype(np.float64)
        return np.where(number < 0, 0.0, np.minimum(marginals, 1))

    @cached_property
    def _marginals(self) -> Values:
        return self._posterior.marginals()

    def _type_tags(self, entities: Sequence[Sequence[Span]]) -> Bools:
        """Return (N, K) bool: True for the tags of each entity's type."""
        tags_of, no_tags = self._codec.tags_of_type, np.zeros(len(self._codec.tags), np.bool_)
        return np.array([tags_of.get(span.type, no_tags) for span in chain.from_iterable(entities)])

    def of_no_entity(self, stretches: Sequence[Sequence[Span]]) -> NDArray[np.float64]:
        """Return (N,) P(no entity at any token of the span | sentence)."""
        rows = _rows(stretches)
        if not len(rows):
            return np.empty(0)
        sentence, start, end = rows.T
        return _probabilities(self._posterior.run_log_probabilities(sentence, start, end, self._codec.tags.index("O")))


def with_odds_divided(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Divide the log odds of (N,) probabilities by a temperature. 0, 1/2 and 1 stay.

    >>> with_odds_divided(np.array([0.0, 0.5, 0.8, 1.0]), 0.5).round(3)
    array([0.   , 0.5  , 0.941, 1.   ])
    """
    if temperature == 1:
        return probabilities
    yes, no = probabilities ** (1 / temperature), (1 - probabilities) ** (1 / temperature)
    return yes / (yes + no)


def _rows(entities: Sequence[Sequence[Span]]) -> Ints:
    """Return (N, 3) rows (sentence, start, end) for the N spans of all sentences, sentence by sentence."""
    rows = [(row, span.start, span.end) for row, of_row in enumerate(entities) for span in of_row]
    return np.array(rows, np.int64).reshape(len(rows), 3)


def _by_span(entities: Sequence[Sequence[Span]], values: NDArray[np.float64]) -> list[dict[Span, float]]:
    """Split (N,) values, one a span, into a dictionary for each sentence."""
    flat = iter(values.tolist())
    return [{span: next(flat) for span in of_row} for of_row in entities]


def _probabilities(logarithms: Values) -> NDArray[np.float64]:
    """(N,) logarithms → (N,) probabilities in double precision."""
    return np.exp(logarithms.astype(np.float64))
