"""Augmentation of training data: entities are replaced by others of their type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import Scheme, Span, encode, spans


def swap_entities(
    sentences: Sequence[Sentence], scheme: Scheme, fraction: float, generator: np.random.Generator
) -> list[Sentence]:
    """Replace about this fraction of the entities by others of their type (Dai and Adel 2020).

    Replacements are drawn from all entities of the sentences, in proportion to their counts. Lengths may change.
    """
    entities_of_each = [spans(sentence.tags or (), scheme) for sentence in sentences]
    pools: dict[str, list[tuple[str, ...]]] = {}
    for sentence, entities in zip(sentences, entities_of_each, strict=True):
        for kind, start, end in entities:
            pools.setdefault(kind, []).append(sentence.tokens[start:end])
    return [
        _swapped(sentence, entities, pools, scheme, fraction, generator)
        for sentence, entities in zip(sentences, entities_of_each, strict=True)
    ]


def _swapped(
    sentence: Sentence,
    entities: Sequence[Span],
    pools: dict[str, list[tuple[str, ...]]],
    scheme: Scheme,
    fraction: float,
    generator: np.random.Generator,
) -> Sentence:
    """Replace the entities of one sentence that are drawn."""
    drawn = generator.random(len(entities)) < fraction
    if not drawn.any():
        return sentence
    tokens: list[str] = []
    new_entities: list[Span] = []
    copied = 0  # tokens of the sentence
    for (kind, start, end), is_drawn in zip(entities, drawn, strict=True):
        tokens += sentence.tokens[copied:start]
        pool = pools[kind]
        mention = pool[generator.integers(len(pool))] if is_drawn else sentence.tokens[start:end]
        new_entities.append(Span(kind, len(tokens), len(tokens) + len(mention)))
        tokens += mention
        copied = end
    tokens += sentence.tokens[copied:]
    return replace(
        sentence,
        tokens=tuple(tokens),
        tags=tuple(encode(new_entities, len(tokens), scheme)),
        text=None,
        offsets=None,
        rows=(),
        lines=(),
    )
