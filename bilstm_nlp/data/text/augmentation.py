"""Augmentation of training data: entities are replaced by others of their type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import Scheme, Span, encode, spans


def swap_entities(
    sentences: Sequence[Sentence], scheme: Scheme, fraction: float, generator: np.random.Generator
) -> list[Sentence]:
    """Replace about this fraction of the entities by others of their type (Dai and Adel 2020).

    Replacements are drawn from all entities of the sentences, in proportion to their counts. They bring their own
    values of the columns that are features. Lengths may change.
    """
    entities_of_each = [spans(sentence.tags or (), scheme) for sentence in sentences]
    pools: dict[str, list[Mention]] = {}
    for sentence, entities in zip(sentences, entities_of_each, strict=True):
        for kind, start, end in entities:
            pools.setdefault(kind, []).append(Mention.of(sentence, start, end))
    return [
        _swapped(sentence, entities, pools, scheme, fraction, generator)
        for sentence, entities in zip(sentences, entities_of_each, strict=True)
    ]


class Mention(NamedTuple):
    """Neighbouring tokens of a sentence, with their values in each column."""

    tokens: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, sentence: Sentence, start: int, end: int) -> Mention:
        """Take the tokens from `start` to `end`, which is exclusive."""
        columns = {key: values[start:end] for key, values in sentence.columns.items()}
        return cls(sentence.tokens[start:end], columns)


def _swapped(
    sentence: Sentence,
    entities: Sequence[Span],
    pools: dict[str, list[Mention]],
    scheme: Scheme,
    fraction: float,
    generator: np.random.Generator,
) -> Sentence:
    """Replace the entities of one sentence that are drawn."""
    drawn = generator.random(len(entities)) < fraction
    if not drawn.any():
        return sentence
    parts: list[Mention] = []
    new_entities: list[Span] = []
    length, copied = 0, 0  # tokens so far, and tokens of the sentence
    for (kind, start, end), is_drawn in zip(entities, drawn, strict=True):
        pool = pools[kind]
        mention = pool[generator.integers(len(pool))] if is_drawn else Mention.of(sentence, start, end)
        length += start - copied
        new_entities.append(Span(kind, length, length + len(mention.tokens)))
        parts += [Mention.of(sentence, copied, start), mention]
        length, copied = length + len(mention.tokens), end
    parts.append(Mention.of(sentence, copied, len(sentence.tokens)))
    tokens = tuple(chain.from_iterable(part.tokens for part in parts))
    return replace(
        sentence,
        tokens=tokens,
        tags=tuple(encode(new_entities, len(tokens), scheme)),
        text=None,
        offsets=None,
        rows=(),
        lines=(),
        columns={key: tuple(chain.from_iterable(part.columns[key] for part in parts)) for key in sentence.columns},
    )
