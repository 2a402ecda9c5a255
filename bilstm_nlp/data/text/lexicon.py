"""Where the entities of the training data stand in a sentence, as features for the encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import Scheme, spans

Ints = NDArray[np.int64]
Entities = Mapping[tuple[str, ...], set[str]]
"""The tokens of every entity, and the types it has."""

FOLDS = 10
"""Parts of the training data, each of which is matched against the entities of the others."""

MOST_TOKENS = 1 << 32
"""More than there are distinct tokens: a node and a token make one number."""

ROLES = 4
"""A match begins, goes on or ends at a token, or is that token alone."""


def entities_of(sentences: Sequence[Sentence], scheme: Scheme) -> dict[tuple[str, ...], set[str]]:
    """The entities of sentences whose tags are in `scheme`."""
    entities: dict[tuple[str, ...], set[str]] = {}
    for sentence in sentences:
        for span in spans(sentence.tags or (), scheme):
            entities.setdefault(sentence.tokens[span.start : span.end], set()).add(span.type)
    return entities


def folds(sentences: Sequence[Sentence]) -> list[Sequence[Sentence]]:
    """The sentences in `FOLDS` runs of neighbours, fewer where there are fewer sentences."""
    borders = np.linspace(0, len(sentences), min(FOLDS, len(sentences)) + 1).astype(int).tolist()
    return [sentences[start:end] for start, end in pairwise(borders)]


class EntityLexicon:
    """A trie of entities, walked from all tokens of a corpus at once.

    What a tagger learns to make of a match must hold for sentences it has never seen, whose entities are mostly not in
    the lexicon. Training sentences are therefore matched against a lexicon of the other folds (`cross_fitted`), and
    folds are runs of neighbours, since one document repeats its entities.
    """

    def __init__(self, entities: Entities, types: Sequence[str]) -> None:
        """`types` gives the order of the features."""
        self.types = tuple(types)
        found = dict.fromkeys(chain.from_iterable(entities))
        self.tokens = {token: number for number, token in enumerate(found)}
        tokens = np.fromiter(map(self.tokens.__getitem__, chain.from_iterable(entities)), np.int64)
        lengths = np.fromiter(map(len, entities), np.int64, len(entities))
        firsts = np.cumsum(lengths) - lengths
        # Level by level, so that nodes are numbered in the order of the edges that lead to them.
        levels: list[Ints] = []
        nodes, count = np.zeros(len(entities), np.int64), 0
        for depth in range(lengths.max(initial=0)):
            longer = np.flatnonzero(lengths > depth)
            keys = nodes[longer] * MOST_TOKENS + tokens[firsts[longer] + depth]
            distinct, places = np.unique(keys, return_inverse=True)
            levels.append(distinct)
            nodes[longer] = count + 1 + places
            count += len(distinct)
        self.edges: Ints = np.concatenate(levels) if levels else np.empty(0, np.int64)
        """Ascending: a node and a token as one number. The edge at place e leads to node e + 1; node 0 is the root."""
        self.ends = np.zeros((count + 1, len(self.types)), np.bool_)
        """(nodes, K) whether an entity of each type ends here."""
        numbers = {kind: number for number, kind in enumerate(self.types)}
        kinds = np.fromiter((numbers[kind] for found in entities.values() for kind in found), np.int64)
        self.ends[np.repeat(nodes, [len(found) for found in entities.values()]), kinds] = True

    @property
    def features(self) -> int:
        """4K: for each type, whether a match begins, goes on or ends at a token, or is the token alone."""
        return ROLES * len(self.types)

    def matches(self, forms: Sequence[str], tokens: Ints, lengths: Ints) -> NDArray[np.bool_]:
        """(N, 4K): from each token, the longest match of a type counts.

        `tokens` (N,) says which of the distinct `forms` each token is, `lengths` (S,) how many each sentence has.
        """
        known = np.array([self.tokens.get(form, -1) for form in forms], np.int64)
        tokens = known[tokens]
        last = self.longest(tokens, np.repeat(np.cumsum(lengths), lengths))
        flags = np.zeros((len(tokens), len(self.types), ROLES), np.bool_)
        start, kind = np.nonzero(last >= 0)
        end = last[start, kind]
        longer = end > start
        flags[start[longer], kind[longer], 0] = True
        flags[:, :, 1] = covered(start[longer] + 1, end[longer], kind[longer], last.shape)
        flags[end[longer], kind[longer], 2] = True
        flags[start[~longer], kind[~longer], 3] = True
        return flags.reshape(len(tokens), self.features)

    def longest(self, tokens: Ints, borders: Ints) -> Ints:
        """(N, K) the last token of the longest match from each token, -1 where there is none.

        `borders` (N,): the token after the last one of each token's sentence.
        """
        last = np.full((len(tokens), len(self.types)), -1, np.int64)
        start = np.arange(len(tokens))
        node, end = np.zeros_like(start), start
        while len(self.edges) and len(start):
            known = (end < borders[start]) & (tokens[np.minimum(end, len(tokens) - 1)] >= 0)
            start, node, end = start[known], node[known], end[known]
            keys = node * MOST_TOKENS + tokens[end]
            places = np.searchsorted(self.edges, keys).clip(max=len(self.edges) - 1)
            found = self.edges[places] == keys
            start, node, end = start[found], places[found] + 1, end[found]
            row, kind = np.nonzero(self.ends[node])
            last[start[row], kind] = end[row]
            end = end + 1
        return last


def covered(start: Ints, end: Ints, kind: Ints, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """(N, K) whether a stretch [start, end) of this kind covers the token."""
    change = np.zeros((shape[0] + 1, shape[1]), np.int64)
    np.add.at(change, (start, kind), 1)
    np.add.at(change, (end, kind), -1)
    return np.cumsum(change[:-1], axis=0) > 0


def cross_fitted(parts: Sequence[Sequence[Sentence]], scheme: Scheme, types: Sequence[str]) -> list[EntityLexicon]:
    """For each of the `folds`, the lexicon of all the others."""
    return [
        EntityLexicon(entities_of(list(chain(*parts[:index], *parts[index + 1 :])), scheme), types)
        for index in range(len(parts))
    ]


def matches(
    parts: Sequence[Sequence[Sentence]],
    lexicons: Sequence[EntityLexicon],
    forms: Sequence[str],
    tokens: Ints,
    lengths: Ints,
) -> NDArray[np.bool_]:
    """`EntityLexicon.matches` of each part's sentences with its own lexicon, one below the other."""
    lengths_of_parts = np.split(lengths, np.cumsum([len(part) for part in parts])[:-1])
    tokens_of_parts = np.split(tokens, np.cumsum([part.sum() for part in lengths_of_parts])[:-1])
    rows = zip(lexicons, tokens_of_parts, lengths_of_parts, strict=True)
    return np.concatenate([lexicon.matches(forms, *part) for lexicon, *part in rows])
