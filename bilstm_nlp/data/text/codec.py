"""The tagging codec: vocabularies and tags of the training data, and sentences as numbers of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Bools, Ints, TokenBatch
from bilstm_nlp.data.text.codec_file import (
    column_as_json,
    saved_agreement,
    saved_arrays,
    saved_codec,
    saved_cut,
    tables_as_json,
)
from bilstm_nlp.data.text.column_codec import ColumnCodec, encoded_numbers, encoded_values
from bilstm_nlp.data.text.cut_learning import NOT_COUNTED, Agreement, agreement
from bilstm_nlp.data.text.document_features import Use, usage
from bilstm_nlp.data.text.encoded_sentences import EncodedSentences
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.forms import FormTables
from bilstm_nlp.data.text.gazetteers import Gazetteers
from bilstm_nlp.data.text.lexicon import EntityLexicon, Fold, entities_of, matches
from bilstm_nlp.data.text.sentence import Sentence, widths_of
from bilstm_nlp.data.text.small_vectors import arrays_of
from bilstm_nlp.data.text.tokenizer import WORDS, Cut
from bilstm_nlp.data.text.vocabulary import Vocabulary, WordTable
from bilstm_nlp.tags import UNTYPED, Scheme, continuing, convert, parse, tag_set


@dataclass(frozen=True)
class TaggingCodec:
    """Vocabularies and tags of a tagger."""

    words: WordTable
    characters: Vocabulary
    shapes: Vocabulary
    tags: tuple[str, ...]
    scheme: Scheme
    """Of `tags`."""
    file_scheme: Scheme
    """Of the tags in files."""
    entities: dict[tuple[str, ...], set[str]]
    """The tokens of each entity in the training data → its types there."""
    frozen: NDArray[np.float16]
    """(E, D) vectors of the words beyond the training data."""
    cut: Cut = WORDS
    """The cut of plain text, as in the training data."""
    agreement: Agreement = NOT_COUNTED
    """The training tokens beside those into which `cut` cuts their text; `NOT_COUNTED` in earlier runs."""
    pairs: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """(P,) ascending: `pair_keys` of the neighbours in the training data; empty without bigrams."""
    lexicon: EntityLexicon | None = None
    """The trie of `entities`, as features; None without."""
    with_usage: bool = False
    """The use of a token elsewhere in its document is a feature."""
    context: int = 0
    """Tokens in a window of neighbours that are read together; 0 if each sentence is read by itself."""
    columns: tuple[ColumnCodec, ...] = ()
    """The columns of files that are features."""
    gazetteers: Gazetteers = field(default_factory=lambda: Gazetteers({}))
    """Lists of phrases, whose matches are features."""
    widths: tuple[int, ...] = ()
    """The numbers of columns of the training files; empty for other files, and in earlier runs."""

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
        columns: Sequence[FeatureColumn] = (),
        gazetteers: Gazetteers | None = None,
        cut: Cut = WORDS,
    ) -> TaggingCodec:
        """Collect characters, shapes, tags and entities of the training sentences, whose tags are in `file_scheme`.

        `gazetteers`: lists of phrases as features. `cut`: the cut of plain text, as in these sentences.
        """
        tables = FormTables.fit(sentences, words)
        entities = entities_of(sentences, file_scheme)
        types = sorted(set().union(*entities.values()))
        codec = cls(
            words=words,
            characters=tables.characters,
            shapes=tables.shapes,
            tags=_tags_of(sentences, types, scheme),
            scheme=scheme,
            file_scheme=file_scheme,
            entities=entities,
            frozen=frozen,
            cut=cut,
            agreement=agreement(sentences, cut),
            lexicon=EntityLexicon(entities, types) if with_lexicon else None,
            with_usage=with_usage,
            context=context,
            columns=tuple(ColumnCodec.fit(column, sentences) for column in columns),
            gazetteers=gazetteers or Gazetteers({}),
            widths=widths_of(sentences),
        )
        if not with_pairs:
            return codec
        return replace(codec, pairs=tables.known_pairs(tables.encode(sentences).sentences))

    @cached_property
    def types(self) -> tuple[str, ...]:
        """List the types of segments, or the plain labels, sorted."""
        return tuple(sorted({kind for kind in self.type_of_each if kind is not None}))

    @cached_property
    def type_of_each(self) -> tuple[str | None, ...]:
        """The type of each tag; None for the tag of tokens outside segments."""
        parsed = [parse(tag, self.scheme) or ("O", UNTYPED) for tag in self.tags]
        return tuple(None if role == "O" else kind for role, kind in parsed)

    @cached_property
    def tags_of_type(self) -> dict[str, Bools]:
        """Type → (K,) bool: True for its tags."""
        kinds = np.array(self.type_of_each, dtype=object)
        return {kind: (kinds == kind).astype(np.bool_) for kind in self.types}

    @cached_property
    def continues(self) -> Bools:
        """(K, K) bool: True if the column's tag, right after the row's tag, continues the same entity."""
        continuations = [continuing(tag, self.scheme) for tag in self.tags]
        return np.array([[tag in following for tag in self.tags] for following in continuations])

    @cached_property
    def features(self) -> int:
        """Count the features of a token from lexicons, the document and columns of numbers; 0 without any."""
        lexicons = (self.lexicon.features if self.lexicon else 0) + self.gazetteers.features
        numbers = sum(codec.column.numeric for codec in self.columns)
        return lexicons + (len(Use) if self.with_usage else 0) + numbers

    @property
    def reads_documents(self) -> bool:
        """Tell whether the tags of a sentence depend on the other sentences of its document."""
        return self.with_usage or self.context > 0

    # --- encoding ---

    def encode(self, sentences: Sequence[Sentence], *, with_tags: bool = False) -> EncodedSentences:
        """Encode sentences, matched with the lexicon of all training entities.

        `with_tags` asks for gold tags. Raises `KeyError` for a tag outside the training data.
        """
        return self.encode_folds([Fold(sentences, self.lexicon)], with_tags=with_tags)

    def alone(self, sentence: Sentence) -> TokenBatch[AnyArray]:
        """Encode a sentence with tokens as a batch of its own, without tags."""
        if self.features or self.columns or len(self.pairs):
            return self.encode([sentence]).collate(np.zeros(1, np.int64))
        return self.tables.alone(sentence.tokens)

    def encode_folds(self, folds: Sequence[Fold], *, with_tags: bool = False) -> EncodedSentences:
        """Encode the sentences of all folds, each matched with its own lexicon. Raises `KeyError` as `encode` does."""
        sentences = list(chain.from_iterable(fold.sentences for fold in folds))
        encoded, table = self.tables.encode(sentences)
        forms, lengths = encoded.forms, encoded.lengths
        features: list[NDArray[np.float32]] = []
        matched = matches(folds, table, forms, lengths)
        if matched is not None:
            features.append(matched.astype(np.float32))
        if self.with_usage:
            features.append(usage(table, forms, lengths, encoded.documents))
        if self.gazetteers.phrases:
            features.append(self.gazetteers.roles(table, forms, lengths))
        values = None
        if self.columns:
            numbers, values = encoded_numbers(self.columns, sentences), encoded_values(self.columns, sentences)
            features += [] if numbers is None else [numbers]
        if not (features or with_tags or len(self.pairs) or values is not None):
            return encoded
        return replace(
            encoded,
            tags=self._tags(sentences, len(forms)) if with_tags else None,
            bigrams=self.tables.bigrams(encoded, self.pairs) if len(self.pairs) else None,
            features=np.concatenate(features, axis=1) if features else None,
            values=values,
        )

    def _tags(self, sentences: Sequence[Sentence], tokens: int) -> Ints:
        """Look up the gold tag of each token: (N,). Raises `KeyError` for a tag outside the training data."""
        index = {tag: number for number, tag in enumerate(self.tags)}
        converted = (convert(sentence.tags or (), self.file_scheme, self.scheme) for sentence in sentences)
        return np.fromiter((index[tag] for tag in chain.from_iterable(converted)), np.int64, tokens)

    @cached_property
    def tables(self) -> FormTables:
        """The tables of the forms of tokens."""
        return FormTables(self.words, self.characters, self.shapes)

    # --- on disk ---

    def to_json(self) -> dict[str, Any]:
        """Return everything but the arrays, for codec.json."""
        return {
            "scheme": self.scheme,
            "file_scheme": self.file_scheme,
            "cut": saved_cut(self.cut),
            "agreement": saved_agreement(self.agreement),
            "tags": list(self.tags),
            **tables_as_json(self.tables),
            "entities": [[list(surface), sorted(types)] for surface, types in sorted(self.entities.items())],
            "lexicon": self.lexicon is not None,
            "usage": self.with_usage,
            "context": self.context,
            "columns": [column_as_json(codec) for codec in self.columns],
            "gazetteers": {kind: list(map(list, phrases)) for kind, phrases in self.gazetteers.phrases.items()},
            "gazetteers_fold_case": self.gazetteers.folds_case,
            "widths": list(self.widths),
        }

    def tensors(self) -> dict[str, AnyArray]:
        """Return the arrays, for codec.safetensors."""
        return {**arrays_of(self.frozen), "pairs": self.pairs}

    @classmethod
    def from_json(cls, values: object, arrays: Mapping[str, AnyArray]) -> TaggingCodec:
        """Restore a codec from `to_json` and `tensors`. Raises `RunError` if something is missing or wrong."""
        saved = saved_codec(values)
        frozen, pairs = saved_arrays(arrays, saved.words)
        types = sorted(set().union(*saved.entities.values()))
        return cls(
            words=saved.words,
            characters=saved.characters,
            shapes=saved.shapes,
            tags=saved.tags,
            scheme=saved.scheme,
            file_scheme=saved.file_scheme,
            entities=saved.entities,
            frozen=frozen,
            cut=saved.cut,
            agreement=saved.agreement,
            pairs=pairs,
            lexicon=EntityLexicon(saved.entities, types) if saved.lexicon else None,
            with_usage=saved.usage,
            context=saved.context,
            columns=saved.columns,
            gazetteers=saved.gazetteers,
            widths=saved.widths,
        )


def _tags_of(sentences: Sequence[Sentence], types: Sequence[str], scheme: Scheme) -> tuple[str, ...]:
    """List the tags to train. Segments without types may fill all sentences, as words do: there is no O then."""
    tags = tag_set(types, scheme)
    if list(types) == [UNTYPED] and not any("O" in (sentence.tags or ()) for sentence in sentences):
        tags.remove("O")
    return tuple(tags)
