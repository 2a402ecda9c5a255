"""A trained tagger's codec, extended by new training data, and the rows that its tables take over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.column_codec import ColumnCodec, values_of
from bilstm_nlp.data.text.cut_learning import agreement
from bilstm_nlp.data.text.lexicon import ROLES, EntityLexicon, Fold, entities_of, merged
from bilstm_nlp.data.text.sentence import Sentence, widths_of
from bilstm_nlp.data.text.tokenizer import Cut
from bilstm_nlp.data.text.vocabulary import FIRST, PADDING, UNKNOWN, Vocabulary, WordTable, lookup_chain, shape
from bilstm_nlp.tags import Scheme, tag_set

NEW = -1
"""The source of a row that the parent's table does not have."""


def extended(
    parent: TaggingCodec, sentences: Sequence[Sentence], *, file_scheme: Scheme, cut: Cut, minimum_count: int = 1
) -> TaggingCodec:
    """Add the words, characters, shapes, values, pairs, tags and entities of new training sentences to a codec.

    Nothing that the parent knows is lost. A word that is rarer than `minimum_count` is not added. Columns of numbers
    keep their scale, and gazetteers their phrases.
    """
    forms = Counter(chain.from_iterable(sentence.tokens for sentence in sentences))
    words, frozen = _words(parent, forms, minimum_count)
    entities = merged(parent.entities, entities_of(sentences, file_scheme))
    types = sorted(set(parent.types).union(*entities.values()))
    codec = replace(
        parent,
        words=words,
        frozen=frozen,
        characters=_added(parent.characters, Counter(chain.from_iterable(forms.elements()))),
        shapes=_added(parent.shapes, Counter(map(shape, forms.elements()))),
        tags=_tags(parent, types, sentences),
        file_scheme=file_scheme,
        entities=entities,
        lexicon=None if parent.lexicon is None else EntityLexicon(entities, types),
        columns=tuple(_with_values(column, sentences) for column in parent.columns),
        pairs=np.empty(0, np.int64),
        cut=cut,
        agreement=agreement(sentences, cut),
        widths=tuple(sorted({*parent.widths, *widths_of(sentences)})),
    )
    if not len(parent.pairs):
        return codec
    keys = codec.encode_folds([Fold(sentences, None)]).pair_keys(len(words))
    return replace(codec, pairs=np.unique(np.concatenate([_renumbered(parent, words), keys])))


def _tags(parent: TaggingCodec, types: Sequence[str], sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """List the tags to train; there is no O if neither the parent nor the sentences have it."""
    tags = tag_set(types, parent.scheme)
    if "O" not in parent.tags and not any("O" in (sentence.tags or ()) for sentence in sentences):
        tags = [tag for tag in tags if tag != "O"]
    return tuple(tags)


def _words(parent: TaggingCodec, forms: Counter[str], minimum_count: int) -> tuple[WordTable, NDArray[np.float16]]:
    """Return a table with rows to train for the words of new data, and the vectors that stay frozen."""
    known = parent.words
    keys: Counter[str] = Counter()
    for form, count in forms.items():
        links = lookup_chain(form)
        keys[next((link for link in links if known.row(link) != UNKNOWN), links[-1])] += count
    ranked = Vocabulary.build(keys, minimum_count).items
    thawed = {key for key in ranked if known.row(key) >= known.trainable}
    added = tuple(key for key in ranked if known.row(key) == UNKNOWN)
    stay = np.array([word not in thawed for word in known.frozen], np.bool_)
    table = WordTable(
        initialised=(*known.initialised, *(key for key in ranked if key in thawed)),
        learnt=(*known.learnt, *added),
        frozen=tuple(word for word in known.frozen if word not in thawed),
    )
    return table, parent.frozen[stay] if len(known.frozen) else parent.frozen


def _added(vocabulary: Vocabulary, counts: Counter[str]) -> Vocabulary:
    """Return a vocabulary with further items at its end."""
    known = set(vocabulary.items)
    return Vocabulary((*vocabulary.items, *(item for item in Vocabulary.build(counts).items if item not in known)))


def _with_values(column: ColumnCodec, sentences: Sequence[Sentence]) -> ColumnCodec:
    """Return a column with the values of new sentences; numbers keep their scale."""
    if column.column.numeric:
        return column
    return replace(column, values=_added(column.values, Counter(values_of(column.column, sentences))))


def _renumbered(parent: TaggingCodec, words: WordTable) -> Ints:
    """Return the keys of the parent's pairs in a table of other words."""
    first, second = np.divmod(parent.pairs, len(parent.words))
    rows = _rows(words, parent.words)
    keys: Ints = rows[first] * len(words) + rows[second]
    return keys


def _rows(table: WordTable, of: WordTable) -> Ints:
    """Return the row in `table` of each row of another table, (R,); the unknown word's for words it does not have."""
    items = (*of.initialised, *of.learnt, *of.frozen)
    return np.array([PADDING, UNKNOWN, *map(table.row, items)], np.int64)


@dataclass(frozen=True)
class Sources:
    """The rows of a parent's tables from which the rows of an extended codec's tables start.

    What the parent does not know starts as what it has read in its place: the unknown word, character, shape, value or
    pair. So an extended model begins with the answers of its parent.
    """

    words: Ints
    """(V,) rows of the parent's table, trained and frozen ones."""
    characters: Ints
    shapes: Ints
    pairs: Ints
    values: tuple[Ints, ...]
    """For each column of values."""
    tags: Ints
    """(K,) `NEW` for a new tag."""
    features: Ints
    """(F,) `NEW` for a feature of a new type in the lexicon."""

    @classmethod
    def of(cls, parent: TaggingCodec, codec: TaggingCodec) -> Sources:
        """Find the sources of an extended codec's rows."""
        rows = _rows(parent.words, codec.words)
        first, second = np.divmod(codec.pairs, len(codec.words))
        keys = rows[first] * len(parent.words) + rows[second]
        places = np.searchsorted(parent.pairs, keys).clip(max=max(len(parent.pairs) - 1, 0))
        known = parent.pairs[places] == keys if len(parent.pairs) else np.zeros(len(keys), np.bool_)
        pairs = np.where(known, places + FIRST, UNKNOWN)
        numbers = {tag: number for number, tag in enumerate(parent.tags)}
        return cls(
            words=rows[: codec.words.trainable],
            characters=_sources(parent.characters, codec.characters.items),
            shapes=_sources(parent.shapes, codec.shapes.items),
            pairs=np.concatenate([[PADDING, UNKNOWN], pairs]).astype(np.int64),
            values=tuple(
                _sources(before.values, now.values.items)
                for before, now in zip(parent.columns, codec.columns, strict=True)
                if not now.column.numeric
            ),
            tags=np.array([numbers.get(tag, NEW) for tag in codec.tags], np.int64),
            features=_features(parent, codec),
        )


def _sources(vocabulary: Vocabulary, items: Iterable[str]) -> Ints:
    """Return the rows of items in a vocabulary, after those of padding and the unknown item."""
    return np.array([PADDING, UNKNOWN, *vocabulary.ids(items)], np.int64)


def _features(parent: TaggingCodec, codec: TaggingCodec) -> Ints:
    """Return the source of each feature: the lexicon's come first, type by type, and all others are the same."""
    if parent.lexicon is None or codec.lexicon is None:
        return np.arange(codec.features)
    numbers = {kind: number for number, kind in enumerate(parent.lexicon.types)}
    of_types: list[int] = []
    for kind in codec.lexicon.types:
        first = numbers[kind] * ROLES if kind in numbers else None
        of_types += [NEW] * ROLES if first is None else range(first, first + ROLES)
    return np.array([*of_types, *range(parent.lexicon.features, parent.features)], np.int64)
