"""More training data from the same: entities trade places with others of their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import Scheme, Span, encode, spans


def swap_entities(
    sentences: Sequence[Sentence], scheme: Scheme, share: float, generator: np.random.Generator
) -> list[Sentence]:
    """The sentences with about `share` of their entities replaced by others of their type (Dai and Adel 2020).

    What stands in is drawn from all entities of the sentences, the frequent ones more often; lengths may change.
    """
    found = [spans(sentence.tags or (), scheme) for sentence in sentences]
    pools: dict[str, list[tuple[str, ...]]] = {}
    for sentence, entities in zip(sentences, found, strict=True):
        for kind, start, end in entities:
            pools.setdefault(kind, []).append(sentence.tokens[start:end])
    return [
        swapped(sentence, entities, pools, scheme, share, generator)
        for sentence, entities in zip(sentences, found, strict=True)
    ]


def swapped(
    sentence: Sentence,
    entities: Sequence[Span],
    pools: dict[str, list[tuple[str, ...]]],
    scheme: Scheme,
    share: float,
    generator: np.random.Generator,
) -> Sentence:
    """One sentence, as it is where nothing was drawn."""
    drawn = generator.random(len(entities)) < share
    if not drawn.any():
        return sentence
    tokens: list[str] = []
    moved: list[Span] = []
    done = 0
    for (kind, start, end), is_drawn in zip(entities, drawn, strict=True):
        tokens += sentence.tokens[done:start]
        pool = pools[kind]
        mention = pool[generator.integers(len(pool))] if is_drawn else sentence.tokens[start:end]
        moved.append(Span(kind, len(tokens), len(tokens) + len(mention)))
        tokens += mention
        done = end
    tokens += sentence.tokens[done:]
    return replace(
        sentence,
        tokens=tuple(tokens),
        tags=tuple(encode(moved, len(tokens), scheme)),
        text=None,
        offsets=None,
        rows=(),
        lines=(),
    )
