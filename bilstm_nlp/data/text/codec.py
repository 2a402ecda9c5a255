"""Between sentences and tensors: the tagging codec, learnt from training data only, and the batches it makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.data.text.corpus import Sentence
from bilstm_nlp.data.text.document_features import Use, usage
from bilstm_nlp.data.text.lexicon import EntityLexicon, entities_of, matches
from bilstm_nlp.data.text.tokenizer import Cut, cut_of
from bilstm_nlp.data.text.vocabulary import FIRST, UNKNOWN, Vocabulary, WordTable, shape
from bilstm_nlp.errors import RunError
from bilstm_nlp.tags import SCHEMES, Scheme, convert, parse, tag_set

Ints = NDArray[np.int64]

T = TypeVar("T")

LONGEST_SPELLING = 64
"""The spelling of a longer word is read as its first and its last 32 characters."""
FORMS_KEPT = 1 << 15
"""Forms whose rows are kept from one call to the next: text repeats most of its words."""


class FormRows(NamedTuple):
    """The rows that a form stands for."""

    word: int
    shape: int
    characters: list[int]


@dataclass(frozen=True)
class TaggingCodec:
    """Vocabularies and tag set of a tagger. `frozen` (E, D) float16: vectors of words beyond the training data."""

    words: WordTable
    characters: Vocabulary
    shapes: Vocabulary
    tags: tuple[str, ...]
    scheme: Scheme
    file_scheme: Scheme
    entities: dict[tuple[str, ...], set[str]]
    """The tokens of every entity in the training data, and the types it had there."""
    frozen: NDArray[np.float16]
    cut: Cut = "words"
    """How plain text is to be cut, to be like the training data."""
    pairs: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """(P,) ascending: the pairs of neighbours in the training data, `pair_keys` of their rows; none where not asked."""
    lexicon: EntityLexicon | None = None
    """`entities` as features; None where not asked."""
    with_usage: bool = False
    """Whether a token's use elsewhere in its document is a feature."""
    context: int = 0
    """Tokens of the windows in which neighbours of a document are read together; 0: each sentence by itself."""

    @classmethod
    def fit(
        cls,
        sentences: Sequence[Sentence],
        words: WordTable,
        frozen: NDArray[np.float16],
        *,
        scheme: Scheme,
        file_scheme: Scheme,
        with_pairs: bool = False,
        with_lexicon: bool = False,
        with_usage: bool = False,
        context: int = 0,
    ) -> TaggingCodec:
        """Characters, shapes, tags, entities and, if asked for, pairs of neighbours and the lexicon of the training
        sentences, whose tags are in `file_scheme`."""
        forms = Counter(chain.from_iterable(sentence.tokens for sentence in sentences))
        characters: Counter[str] = Counter()
        shapes: Counter[str] = Counter()
        for form, count in forms.items():
            shapes[shape(form)] += count
            for character in form:
                characters[character] += count
        entities = entities_of(sentences, file_scheme)
        types = sorted(set().union(*entities.values()))
        codec = cls(
            words=words,
            characters=Vocabulary.build(characters),
            shapes=Vocabulary.build(shapes),
            tags=tuple(tag_set(types, scheme)),
            scheme=scheme,
            file_scheme=file_scheme,
            entities=entities,
            frozen=frozen,
            cut=cut_of(forms.elements()),
            lexicon=EntityLexicon(entities, types) if with_lexicon else None,
            with_usage=with_usage,
            context=context,
        )
        if not with_pairs:
            return codec
        encoded = codec.encode_parts([sentences], [])
        return replace(codec, pairs=np.unique(encoded.pair_keys(len(words))))

    @property
    def types(self) -> tuple[str, ...]:
        """Entity types, sorted."""
        return tuple(sorted({tag.partition("-")[2] for tag in self.tags if tag != "O"}))

    @property
    def features(self) -> int:
        """What the lexicon and the document say of each token, in numbers; 0 where neither is asked."""
        return (self.lexicon.features if self.lexicon else 0) + (len(Use) if self.with_usage else 0)

    @property
    def reads_documents(self) -> bool:
        """Whether what is found in a sentence depends on the other sentences of its document."""
        return self.with_usage or self.context > 0

    def encode(self, sentences: Sequence[Sentence], *, with_tags: bool = False) -> EncodedSentences:
        """Sentences as flat arrays. With tags, every tag must be known: training data, that is.

        The lexicon knows all entities of the training data, those of the sentences too, if that is what they are.
        """
        return self.encode_parts([sentences], [self.lexicon] if self.lexicon else [], with_tags=with_tags)

    def encode_parts(
        self, parts: Sequence[Sequence[Sentence]], lexicons: Sequence[EntityLexicon], *, with_tags: bool = False
    ) -> EncodedSentences:
        """`encode` for the sentences of all parts, each matched with a lexicon of its own; without any, with none."""
        sentences = list(chain.from_iterable(parts))
        tokens = list(chain.from_iterable(sentence.tokens for sentence in sentences))
        table = {form: number for number, form in enumerate(dict.fromkeys(tokens))}
        forms = np.fromiter(map(table.__getitem__, tokens), np.int64, len(tokens))
        lengths = np.fromiter((len(sentence.tokens) for sentence in sentences), np.int64, len(sentences))
        # Long ones are not kept: a stream full of them would fill the memory.
        rows = [self.kept_rows(form) if len(form) <= LONGEST_SPELLING else self.rows(form) for form in table]
        tags = None
        if with_tags:
            index = {tag: number for number, tag in enumerate(self.tags)}
            converted = (convert(sentence.tags or (), self.file_scheme, self.scheme) for sentence in sentences)
            tags = np.fromiter((index[tag] for tag in chain.from_iterable(converted)), np.int64, len(tokens))
        documents = np.fromiter((sentence.document for sentence in sentences), np.int64, len(sentences))
        features: list[NDArray[np.float32]] = []
        if lexicons:
            features.append(matches(parts, lexicons, list(table), forms, lengths).astype(np.float32))
        if self.with_usage:
            features.append(usage(list(table), forms, lengths, documents))
        encoded = EncodedSentences(
            offsets=np.concatenate([[0], np.cumsum(lengths)]),
            documents=documents,
            forms=forms,
            form_words=np.array([form.word for form in rows], np.int64),
            form_shapes=np.array([form.shape for form in rows], np.int64),
            form_characters=np.fromiter(chain.from_iterable(form.characters for form in rows), np.int64),
            form_offsets=np.concatenate([[0], np.cumsum([len(form.characters) for form in rows], dtype=np.int64)]),
            tags=tags,
            bigrams=None,
            features=np.concatenate(features, axis=1) if features else None,
        )
        return replace(encoded, bigrams=self.bigrams(encoded)) if len(self.pairs) else encoded

    @cached_property
    def kept_rows(self) -> Callable[[str], FormRows]:
        """`rows`, those of the last forms being kept."""
        return lru_cache(FORMS_KEPT)(self.rows)

    def rows(self, form: str) -> FormRows:
        """The rows of a form's word, shape and characters."""
        spelling = form if len(form) <= LONGEST_SPELLING else form[:32] + form[-32:]
        return FormRows(self.words.id(form), self.shapes.id(shape(form)), self.characters.ids(spelling))

    def bigrams(self, encoded: EncodedSentences) -> Ints:
        """(N,) the row of each token's pair with the one after it; that of the unknown for pairs not in training."""
        keys = encoded.pair_keys(len(self.words))
        places = np.searchsorted(self.pairs, keys).clip(max=len(self.pairs) - 1)
        return np.where(self.pairs[places] == keys, places + FIRST, UNKNOWN)

    def to_json(self) -> dict[str, Any]:
        return {
            "scheme": self.scheme,
            "file_scheme": self.file_scheme,
            "cut": self.cut,
            "tags": list(self.tags),
            "characters": self.characters.to_json(),
            "shapes": self.shapes.to_json(),
            "words": self.words.to_json(),
            "entities": [[surface, sorted(types)] for surface, types in sorted(self.entities.items())],
            "lexicon": self.lexicon is not None,
            "usage": self.with_usage,
            "context": self.context,
        }

    def tensors(self) -> dict[str, NDArray[Any]]:
        return {"frozen": self.frozen, "pairs": self.pairs}

    @classmethod
    def from_json(cls, values: dict[str, Any], tensors: Mapping[str, NDArray[Any]]) -> TaggingCodec:
        """Undo `to_json` and `tensors`. Raises `RunError` when something is missing or of the wrong kind."""

        def part(key: str, read: Callable[[Any], T]) -> T:
            if not isinstance(values, dict) or key not in values:
                raise RunError(f"codec.json: expected {key!r} of a tagger's codec, found none")
            try:
                return read(values[key])
            except (TypeError, ValueError) as error:
                raise RunError(f"codec.json: {key}: {error}") from None

        def tensor(name: str, dtype: type[np.generic], *shape: int | None) -> NDArray[Any]:
            if name not in tensors:
                raise RunError(f"codec.safetensors: expected {name!r} of a tagger's codec, found none")
            found = tensors[name]
            fits = len(shape) == found.ndim and all(n in (None, m) for n, m in zip(shape, found.shape, strict=True))
            if found.dtype != dtype or not fits:
                wanted = ", ".join("any" if n is None else str(n) for n in shape)
                expected = f"{name!r} of type {np.dtype(dtype)} and shape ({wanted})"
                raise RunError(f"codec.safetensors: expected {expected}, found {found.dtype} {tuple(found.shape)}")
            return found

        entities = part("entities", entities_from_json)
        words, scheme = part("words", WordTable.from_json), part("scheme", one_of(SCHEMES))
        types = sorted(set().union(*entities.values()))
        frozen = tensor("frozen", np.float16, len(words.frozen), None)
        pairs = tensor("pairs", np.int64, None)
        if (np.diff(pairs) <= 0).any():
            raise RunError("codec.safetensors: expected 'pairs' in ascending order, found others")
        return cls(
            words=words,
            characters=part("characters", Vocabulary.from_json),
            shapes=part("shapes", Vocabulary.from_json),
            tags=part("tags", tags_of(scheme)),
            scheme=scheme,
            file_scheme=part("file_scheme", one_of(SCHEMES)),
            entities=entities,
            frozen=frozen,
            cut=part("cut", one_of(get_args(Cut))),
            pairs=pairs,
            lexicon=EntityLexicon(entities, types) if part("lexicon", one_of((True, False))) else None,
            with_usage=part("usage", one_of((True, False))),
            context=part("context", count),
        )


def entities_from_json(values: object) -> dict[tuple[str, ...], set[str]]:
    """Tokens and types of each entity. Raises `ValueError` unless given a list of pairs of lists of strings."""
    found: dict[tuple[str, ...], set[str]] = {}
    pairs: list[Any] = values if isinstance(values, list) else [values]
    for pair in pairs:
        match pair:
            case [[_, *_], [_, *_]] if {type(text) for part in pair for text in part} == {str}:
                found[tuple(pair[0])] = set(pair[1])
            case _:
                raise ValueError(f"expected pairs of tokens and types, found {str(pair)[:60]}")
    return found


def tags_of(scheme: Scheme) -> Callable[[Any], tuple[str, ...]]:
    """A list → the tags of a scheme. Raises `ValueError` for what is none."""

    def read(values: Any) -> tuple[str, ...]:
        tags = Vocabulary.from_json(values).items
        wrong = [tag for tag in tags if parse(tag, scheme) is None]
        if wrong or not tags:
            raise ValueError(f"expected tags of {scheme}, found {wrong[0] if wrong else 'none'}")
        return tags

    return read


def count(value: Any) -> int:
    """A number of things. Raises `ValueError` for anything else."""
    if type(value) is not int or value < 0:
        raise ValueError(f"expected a whole number of at least 0, found {value!r}")
    return value


def one_of(choices: tuple[T, ...]) -> Callable[[Any], T]:
    """A value → itself. Raises `ValueError` for any but the choices."""

    def read(value: Any) -> T:
        if value not in choices:
            raise ValueError(f"expected one of {', '.join(map(str, choices))}, found {value!r}")
        return choices[choices.index(value)]

    return read


@dataclass(frozen=True)
class EncodedSentences:
    """S sentences of N tokens in all, over F distinct forms, as flat arrays."""

    offsets: Ints
    """(S + 1,) where each sentence begins."""
    documents: Ints
    """(S,) from 1; 0 for a sentence that is not said to be of a document."""
    forms: Ints
    """(N,) which form each token is."""
    form_words: Ints
    """(F,) row of the word table."""
    form_shapes: Ints
    """(F,)"""
    form_characters: Ints
    """Spellings of all forms, one after the other."""
    form_offsets: Ints
    """(F + 1,) where each spelling begins."""
    tags: Ints | None
    """(N,)"""
    bigrams: Ints | None
    """(N,)"""
    features: NDArray[np.float32] | None
    """(N, F) matches with the lexicon, then the use in the document."""

    def pair_keys(self, rows: int) -> Ints:
        """(N,) each token and the one after it, in a table of so many rows, as one number; 0 follows the last one."""
        words = self.form_words[self.forms]
        following = np.append(words[1:], 0)
        following[self.offsets[1:] - 1] = 0
        keys: Ints = words * rows + following
        return keys

    @property
    def lengths(self) -> Ints:
        """(S,) tokens in each sentence."""
        return np.diff(self.offsets)

    def collate(self, chosen: Ints) -> TokenBatch[NDArray[Any]]:
        """The sentences `chosen` as a padded batch, in this order."""
        positions, mask = ragged(self.offsets, chosen)
        forms, distinct = np.unique(self.forms[positions[mask]], return_inverse=True)
        spelling, within = ragged(self.form_offsets, forms)
        placed = np.zeros(mask.shape, np.int64)
        placed[mask] = distinct
        return TokenBatch(
            words=np.where(mask, self.form_words[self.forms[positions]], 0),
            distinct=placed,
            characters=np.where(within, self.form_characters[spelling], 0),
            shapes=self.form_shapes[forms],
            lengths=self.lengths[chosen],
            mask=mask,
            bigrams=None if self.bigrams is None else np.where(mask, self.bigrams[positions], 0),
            features=None
            if self.features is None
            else np.where(mask[..., None], self.features[positions], np.float32(0)),
            tags=None if self.tags is None else np.where(mask, self.tags[positions], 0),
        )


def ragged(offsets: Ints, chosen: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Rows `chosen` of a ragged array as (B, T) positions in its flat form (0 outside) and their (B, T) mask."""
    starts, lengths = offsets[chosen], offsets[chosen + 1] - offsets[chosen]
    steps = np.arange(lengths.max(initial=0))
    mask = steps < lengths[:, None]
    return np.where(mask, starts[:, None] + steps, 0), mask


def plan(lengths: Ints, tokens: int, generator: np.random.Generator | None = None) -> list[Ints]:
    """Sentences of like length in batches of at most `tokens` tokens, padding included, the longest first.

    A batch takes as many as its longest one lets it, so that batches have few shapes: kernels are prepared for a shape
    and kept. No batch is empty. With a generator, sentences of one length are drawn anew and the batches come in random
    order.
    """
    tie_break = np.arange(len(lengths)) if generator is None else generator.permutation(len(lengths))
    order = np.lexsort((tie_break, -lengths))
    batches: list[Ints] = []
    begin = 0
    while begin < len(order):
        end = begin + max(1, tokens // int(lengths[order[begin]]))
        batches.append(order[begin:end])
        begin = end
    if generator is not None:
        generator.shuffle(batches)
    return batches
