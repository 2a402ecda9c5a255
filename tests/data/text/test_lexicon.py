"""Matches with the entities of the training data, against a twin that tries every stretch of tokens."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.lexicon import EntityLexicon, Fold, entities_of, neighbour_folds, with_lexicons_of_others
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.tags import Span, encode

TYPES = ("ORG", "PER")
ROLES = "BIES"


def sentence(text: str, *spans: tuple[str, int, int]) -> Sentence:
    tokens = tuple(text.split())
    return Sentence(tokens=tokens, tags=tuple(encode([Span(*span) for span in spans], len(tokens), "IOB2")), line=1)


def matched(lexicon: EntityLexicon, sentences: list[Sentence]) -> np.ndarray:
    """The lexicon's matches with whole sentences."""
    forms = sorted({token for sentence in sentences for token in sentence.tokens})
    tokens = [forms.index(token) for sentence in sentences for token in sentence.tokens]
    lengths = [len(sentence.tokens) for sentence in sentences]
    return lexicon.matches(forms, np.array(tokens, np.int64), np.array(lengths, np.int64))


def shown(row: np.ndarray) -> set[str]:
    """One token's features in words."""
    return {f"{ROLES[role]}-{TYPES[kind]}" for kind, role in zip(*np.nonzero(row.reshape(2, 4)), strict=True)}


def twin(entities: dict[tuple[str, ...], set[str]], tokens: tuple[str, ...]) -> list[set[str]]:
    matches: list[set[str]] = [set() for _ in tokens]
    for kind in TYPES:
        for start in range(len(tokens)):
            ends = [end for end in range(start + 1, len(tokens) + 1) if kind in entities.get(tokens[start:end], ())]
            if ends:
                inside = ["S"] if ends[-1] == start + 1 else ["B", *"I" * (ends[-1] - start - 2), "E"]
                for index, role in enumerate(inside, start):
                    matches[index].add(f"{role}-{kind}")
    return matches


words = st.sampled_from(["a", "b", "c", "New", "York"])
phrase = st.lists(words, min_size=1, max_size=4).map(tuple)
known = st.dictionaries(phrase, st.sets(st.sampled_from(TYPES), min_size=1), max_size=12)
texts = st.lists(st.lists(words | st.just("unknown"), min_size=1, max_size=9).map(tuple), max_size=5)


@settings(max_examples=100, deadline=None)
@given(known, texts)
def test_the_longest_match_of_each_type_from_each_token(entities, texts):
    lexicon = EntityLexicon(entities, TYPES)
    matches = matched(lexicon, [Sentence(tokens=tokens, tags=None, line=1) for tokens in texts])
    assert matches.shape == (sum(map(len, texts)), lexicon.features)
    assert lexicon.features == 4 * len(TYPES)
    expected = [marks for tokens in texts for marks in twin(entities, tokens)]
    assert [shown(row) for row in matches] == expected


def test_a_match_ends_with_its_sentence():
    lexicon = EntityLexicon({("New", "York"): {"ORG"}}, TYPES)
    apart = [sentence("in New"), sentence("York now")]
    assert not matched(lexicon, apart).any()
    assert matched(lexicon, [sentence("in New York")]).any()


def test_a_fold_is_matched_with_the_entities_of_the_others():
    """Acme is known from its own part alone, Bolt from two parts, Cask from another."""
    parts = [
        [sentence("Acme and Bolt", ("ORG", 0, 1), ("ORG", 2, 3)), sentence("Acme again", ("ORG", 0, 1))],
        [sentence("Bolt", ("ORG", 0, 1)), sentence("Cask", ("ORG", 0, 1))],
    ]
    first, second = (fold.lexicon for fold in with_lexicons_of_others(parts, "IOB2", TYPES))
    probe = [sentence("Acme Bolt Cask")]
    assert [shown(row) for row in matched(first, probe)] == [set(), {"S-ORG"}, {"S-ORG"}]
    assert [shown(row) for row in matched(second, probe)] == [{"S-ORG"}, {"S-ORG"}, set()]
    everything = EntityLexicon(entities_of([*parts[0], *parts[1]], "IOB2"), TYPES)
    assert [shown(row) for row in matched(everything, probe)] == [{"S-ORG"}] * 3


@pytest.mark.parametrize("count", [0, 1, 3, 10, 11, 57])
def test_folds_are_runs_of_neighbours_and_make_up_the_corpus(count):
    sentences = [sentence(str(number)) for number in range(count)]
    parts = neighbour_folds(sentences)
    assert [member for part in parts for member in part] == sentences
    assert len(parts) == min(count, 10)
    assert all(part for part in parts)


def a_codec(train: list[Sentence]) -> TaggingCodec:
    table = WordTable.build(Counter(token for example in train for token in example.tokens), None)
    none = np.empty((0, 2), np.float16)
    return TaggingCodec.fit(train, table, none, scheme="IOBES", file_scheme="IOB2", with_lexicon=True)


def test_a_batch_has_the_matches_of_its_sentences():
    train = [sentence("Ann saw New York", ("PER", 0, 1), ("ORG", 2, 4)), sentence("Ann", ("PER", 0, 1))]
    codec = a_codec(train)
    new = [sentence("in New York"), sentence("Ann")]
    batch = codec.encode(new).collate(np.array([1, 0]))
    assert batch.features is not None
    assert batch.features.shape == (2, 3, 8)
    assert [shown(row) for row in batch.features[1]] == [set(), {"B-ORG"}, {"E-ORG"}]
    assert [shown(row) for row in batch.features[0]] == [{"S-PER"}, set(), set()]
    again = TaggingCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    assert np.array_equal(again.encode(new).features, codec.encode(new).features)


def test_each_fold_is_encoded_with_its_own_lexicon():
    parts = [[sentence("Ann ran", ("PER", 0, 1))], [sentence("Bob and Ann", ("PER", 0, 1), ("PER", 2, 3))]]
    codec = a_codec([*parts[0], *parts[1]])
    encoded = codec.encode_folds(with_lexicons_of_others(parts, "IOB2", codec.types), with_tags=True)
    assert [row.any() for row in encoded.features] == [True, False, False, False, True]
    plain = codec.encode_folds([Fold(part, None) for part in parts], with_tags=True)
    assert plain.features is None
    assert np.array_equal(plain.tags, encoded.tags)
