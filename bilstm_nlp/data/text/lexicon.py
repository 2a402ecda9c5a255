"""Matches with the entities of the training data, as features for the encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np

from bilstm_nlp.batch import Bools, Ints
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import Scheme, spans

Entities = Mapping[tuple[str, ...], set[str]]
"""The tokens of each entity → its types."""

FOLDS = 10
"""Of the training data. Each is matched with the entities of the others."""

MOST_TOKENS = 1 << 32
"""More than there are distinct tokens, so that a node and a token fit into one number."""

ROLES = 4
"""A token begins a match, is inside it, ends it, or is all of it."""


def entities_of(sentences: Sequence[Sentence], scheme: Scheme) -> dict[tuple[str, ...], set[str]]:
    """Collect the entities of sentences with tags in `scheme`: tokens → types.

    >>> entities_of([Sentence(("New", "York"), ("B-LOC", "I-LOC"), line=1)], "IOB2")
    {('New', 'York'): {'LOC'}}
    """
    entities: dict[tuple[str, ...], set[str]] = {}
    for sentence in sentences:
        for span in spans(sentence.tags or (), scheme):
            entities.setdefault(sentence.tokens[span.start : span.end], set()).add(span.type)
    return entities


def neighbour_folds(sentences: Sequence[Sentence]) -> list[Sequence[Sentence]]:
    """Cut the sentences into `FOLDS` runs of neighbours, or into fewer if there are fewer sentences."""
    ends = np.linspace(0, len(sentences), min(FOLDS, len(sentences)) + 1).astype(int).tolist()
    return [sentences[start:end] for start, end in pairwise(ends)]


class EntityLexicon:
    """A trie of entities. The walks from all tokens of a corpus are made at once.

    A tagger must learn from matches that are like those in new sentences, whose entities are mostly not in the lexicon.
    So training sentences are matched with a lexicon of the other folds (`with_lexicons_of_others`). Folds are runs of
    neighbours, because a document repeats its entities.
    """

    def __init__(self, entities: Entities, types: Sequence[str]) -> None:
        """`types` gives the order of the features."""
        self.types = tuple(types)
        distinct_tokens = dict.fromkeys(chain.from_iterable(entities))
        self.tokens = {token: number for number, token in enumerate(distinct_tokens)}
        tokens = np.fromiter(map(self.tokens.__getitem__, chain.from_iterable(entities)), np.int64)
        lengths = np.fromiter(map(len, entities), np.int64, len(entities))
        firsts = np.cumsum(lengths) - lengths
        # Nodes are numbered level by level, in the order of the edges that lead to them.
        levels: list[Ints] = []
        nodes, count = np.zeros(len(entities), np.int64), 0
        for depth in range(lengths.max(initial=0)):
            longer = np.flatnonzero(lengths > depth)
            keys = nodes[longer] * MOST_TOKENS + tokens[firsts[longer] + depth]
            edges, edge_of_key = np.unique(keys, return_inverse=True)
            levels.append(edges)
            nodes[longer] = count + 1 + edge_of_key
            count += len(edges)
        self.edges: Ints = np.concatenate(levels) if levels else np.empty(0, np.int64)
        """(E,) ascending: a node and a token as one number. Edge e leads to node e + 1; node 0 is the root."""
        self.ends = np.zeros((count + 1, len(self.types)), np.bool_)
        """(E + 1, K) whether an entity of the type ends at the node."""
        numbers = {kind: number for number, kind in enumerate(self.types)}
        kinds = np.fromiter((numbers[kind] for own_types in entities.values() for kind in own_types), np.int64)
        self.ends[np.repeat(nodes, [len(own_types) for own_types in entities.values()]), kinds] = True

    @property
    def features(self) -> int:
        """Count the features of a token: 4K, the four `ROLES` for each of K types."""
        return ROLES * len(self.types)

    def matches(self, forms: Sequence[str], tokens: Ints, lengths: Ints) -> Bools:
        """Mark the roles of all tokens in matches: (N, 4K). From each token, the longest match of a type counts.

        `tokens` (N,) are numbers of distinct `forms`, `lengths` (S,) the tokens of each sentence.
        """
        last = self.longest(forms, tokens, lengths)
        start, kind = np.nonzero(last >= 0)
        if not len(start):
            return np.zeros((len(tokens), self.features), np.bool_)
        flags = np.zeros((len(tokens), len(self.types), ROLES), np.bool_)
        end = last[start, kind]
        single = end == start
        flags[start[single], kind[single], 3] = True
        if not single.all():
            start, kind, end = start[~single], kind[~single], end[~single]
            flags[start, kind, 0] = True
            flags[:, :, 1] = _covered(start + 1, end, kind, last.shape)
            flags[end, kind, 2] = True
        return flags.reshape(len(tokens), self.features)

    def longest(self, forms: Sequence[str], tokens: Ints, lengths: Ints) -> Ints:
        """Find the last token of the longest match of each type that begins at each token: (N, K), -1 without a match.

        The parameters are those of `matches`.
        """
        known = np.array([self.tokens.get(form, -1) for form in forms], np.int64)
        if known.max(initial=-1) < 0:
            return np.full((len(tokens), len(self.types)), -1, np.int64)
        return self._longest(known[tokens], np.repeat(np.cumsum(lengths), lengths))

    def _longest(self, tokens: Ints, ends: Ints) -> Ints:
        """Find the last token of the longest match that begins at each token: (N, K), -1 without a match.

        `ends` (N,) is the token after the last token of the same sentence.
        """
        last = np.full((len(tokens), len(self.types)), -1, np.int64)
        if not len(self.edges):
            return last
        tokens = np.append(tokens, -1)  # which no edge has
        start = end = np.flatnonzero(tokens >= 0)
        keys = tokens[start]  # of edges from the root
        while len(start):
            edges = self.edges.searchsorted(keys)
            exists = self.edges.take(edges, mode="clip") == keys
            start, node, end = start[exists], edges[exists] + 1, end[exists]
            row, kind = self.ends[node].nonzero()
            last[start[row], kind] = end[row]
            end = end + 1
            known = (end < ends[start]) & (tokens[end] >= 0)
            start, end = start[known], end[known]
            keys = node[known] * MOST_TOKENS + tokens[end]
        return last


class Fold(NamedTuple):
    """Sentences, and the lexicon with which they are matched, if any."""

    sentences: Sequence[Sentence]
    lexicon: EntityLexicon | None


def with_lexicons_of_others(
    parts: Sequence[Sequence[Sentence]], scheme: Scheme, types: Sequence[str], known: Entities | None = None
) -> list[Fold]:
    """Give each part of the training data a lexicon of all other parts, and of entities `known` from other data."""
    folds = []
    for index, part in enumerate(parts):
        others = list(chain(*parts[:index], *parts[index + 1 :]))
        folds.append(Fold(part, EntityLexicon(merged(known or {}, entities_of(others, scheme)), types)))
    return folds


def merged(first: Entities, second: Entities) -> dict[tuple[str, ...], set[str]]:
    """Return the entities of both, with all their types.

    >>> merged({("Ford",): {"PER"}}, {("Ford",): {"ORG"}})[("Ford",)] == {"PER", "ORG"}
    True
    """
    entities = {tokens: set(types) for tokens, types in first.items()}
    for tokens, types in second.items():
        entities.setdefault(tokens, set()).update(types)
    return entities


def matches(folds: Sequence[Fold], forms: Sequence[str], tokens: Ints, lengths: Ints) -> Bools | None:
    """Match the sentences of each fold with its lexicon: (N, 4K). Return None if no fold has a lexicon.

    `tokens` (N,) are numbers of distinct `forms`, `lengths` (S,) the tokens of each sentence, over all folds.
    """
    rows: list[Bools] = []
    for fold in folds:
        own_lengths, lengths = lengths[: len(fold.sentences)], lengths[len(fold.sentences) :]
        count = int(own_lengths.sum())
        own_tokens, tokens = tokens[:count], tokens[count:]
        if fold.lexicon is not None:
            rows.append(fold.lexicon.matches(forms, own_tokens, own_lengths))
    return np.concatenate(rows) if len(rows) > 1 else next(iter(rows), None)


def _covered(start: Ints, end: Ints, kind: Ints, shape: tuple[int, ...]) -> Bools:
    """Mark the tokens, (N, K), in any stretch [start, end) of each kind."""
    change = np.zeros((shape[0] + 1, shape[1]), np.int64)
    np.add.at(change, (start, kind), 1)
    np.add.at(change, (end, kind), -1)
    return np.cumsum(change[:-1], axis=0) > 0
