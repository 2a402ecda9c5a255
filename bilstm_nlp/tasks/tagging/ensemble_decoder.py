"""Several trained models that tag as one, by the mean of their marginals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from bilstm_nlp.data.batches import plan, ragged
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.chain import ChainScores
from bilstm_nlp.tags import Span, legal_transitions, spans
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder, confidences_at
from bilstm_nlp.tasks.tagging.decoding import BATCH_TOKENS, DecodedBatch, emissions, tags_of
from bilstm_nlp.tasks.tagging.evaluation import Evaluation
from bilstm_nlp.tasks.tagging.posterior import Chain, EntityPosterior, with_odds_divided
from bilstm_nlp.tasks.temperature import Confidences

logger = logging.getLogger(__name__)

LEAST = float(np.finfo(np.float32).tiny)
"""Least mean marginal. Logarithms stay finite, so each sentence has a legal sequence."""


class EnsembleDecoder:
    """Several trained models that decode as one.

    A mean marginal p̄(tag at t) is the mean of the models' exact marginals, each at its model's own temperature. The
    tags of a sentence are the legal sequence of the scheme with the greatest Σ log p̄ over its tokens. So the sequence
    is the most probable one if tokens are independent, as a softmax head decodes. A single model's Viterbi path may
    differ from it.

    Why logarithms: a tag that all models exclude rules a sequence out. In Σ p̄, sure neighbours could outvote it.

    The probability p̄ of an entity is the mean of the models' exact ones. Its log odds are divided by a temperature that
    is fitted to the development section. The temperature changes no tag.

    Why odds: where models disagree, colder posteriors are votes at most, and p̄ could not exceed the share of a majority
    that is mostly right.
    """

    def __init__(self, members: Sequence[ModelDecoder], development: Callable[[], TaggedCorpus] | None = None) -> None:
        """All members have the same tags and schemes; tags may be in another order.

        `development` reads the development section that all members share. Without it, the temperature is 1.
        """
        self.members, self._development = list(members), development
        entities: dict[tuple[str, ...], set[str]] = {}
        for member in members:
            for tokens, types in member.codec.entities.items():
                entities[tokens] = entities.get(tokens, set()) | types
        self.codec = replace(members[0].codec, entities=entities)
        self._temperature: float | None = None
        legality = legal_transitions(self.codec.tags, self.codec.scheme)
        self._chain = ChainScores.of_legal(legality.start, legality.end, legality.transitions)

    @property
    def reads_documents(self) -> bool:
        """True if any member decodes sentences of a document together."""
        return any(member.reads_documents for member in self.members)

    @property
    def temperature(self) -> float:
        """The temperature of the mean's log odds, fitted when it is first needed.

        If the development section can't be read, it is 1, and a warning says so.
        """
        if self._temperature is None:
            self._calibrate()
        return 1.0 if self._temperature is None else self._temperature

    def _calibrate(self) -> None:
        self._temperature = 1.0
        if self._development is None:
            return
        try:
            corpus = self._development()
        except InputError as error:
            logger.warning(
                "the ensemble's confidences are not calibrated, only its members' own are: %s; the tags do not depend "
                "on it",
                error,
            )
            return
        logger.info("calibrating the ensemble's confidences on %s", corpus.source)
        Evaluation(self, corpus).calibrate()

    def set_temperature(self, temperature: float) -> None:
        """Set the temperature of the mean's log odds."""
        self._temperature = temperature

    @property
    def callers(self) -> int:
        """The callers of every member."""
        return min(member.network.callers for member in self.members)

    def attention_heads(self) -> int:
        """Raise `InputError`: the members' weights have no common meaning."""
        raise InputError(f"attention: expected a single tagger, whose weights are shown, found {len(self.members)}")

    def batches(
        self, sentences: Sequence[Sentence], *, attention: bool = False, batch_tokens: int | None = None
    ) -> Iterator[DecodedBatch]:
        """Yield batches of sentences of similar length, the longest sentences first.

        Each member encodes and reads the sentences in its own way. Raises `InputError` for `attention`.
        """
        if attention:
            self.attention_heads()
        own = [
            (
                member,
                member.network.chain,
                emissions(member.network, member.codec, member.codec.encode(sentences), batch_tokens),
            )
            for member in self.members
        ]
        lengths = np.array([len(sentence.tokens) for sentence in sentences], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        for chosen in plan(lengths, batch_tokens or BATCH_TOKENS):
            (positions, _), steps = ragged(offsets, chosen), lengths[chosen]
            chains = [
                Chain(scores, member.codec, flat[positions], steps, member.temperature) for member, scores, flat in own
            ]
            marginals = EntityPosterior(chains, self.codec.tags).marginals()
            logarithms = np.log(np.maximum(marginals, LEAST)).astype(np.float32)
            ranking = Chain(self._chain, self.codec, logarithms, steps, 1.0)
            tags = tags_of(viterbi(self._chain, logarithms, steps)[0], steps, self.codec)
            yield DecodedBatch(
                codec=self.codec,
                sentences=chosen,
                posterior_at=partial(EntityPosterior, chains, self.codec.tags),
                ranking=ranking,
                temperature=lambda: self.temperature,
                tags=tags,
                entities=[spans(row, self.codec.scheme) for row in tags],
            )

    def entities(self, sentence: Sentence) -> dict[Span, float]:
        """Return the entities of a single sentence, and the calibrated probabilities of the mean."""
        (batch,) = self.batches([sentence])
        (entities,) = batch.posterior().of_entities(batch.entities)
        return entities

    def confidences(self, batches: Sequence[DecodedBatch]) -> Confidences:
        """Return a function: temperature → (N,) probabilities of the batches' own entities, batch by batch.

        The mean is the same at every temperature, and computed once.
        """
        mean = cache(lambda: confidences_at(batches, 1.0))
        return lambda temperature: with_odds_divided(mean(), temperature)
