"""Features of a word's use elsewhere in its document, compared with a slow function written from the definitions."""

from __future__ import annotations

import json
from collections import Counter
from math import log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.document_features import Use, usage
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable

often = settings(max_examples=100, deadline=None)

documents = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.lists(st.sampled_from(["US", "us", "Us", "Bank", "bank", "BANK", "A", "a", "3", "ß", "北"]), max_size=6),
    ),
    max_size=8,
)


def found(sentences: list[tuple[int, list[str]]]) -> np.ndarray:
    tokens = [token for _, sentence in sentences for token in sentence]
    forms = list(dict.fromkeys(tokens))
    return usage(
        forms,
        np.array([forms.index(token) for token in tokens], np.int64),
        np.array([len(sentence) for _, sentence in sentences], np.int64),
        np.array([document for document, _ in sentences], np.int64),
    )


def plainly(sentences: list[tuple[int, list[str]]]) -> list[list[float]]:
    """The same by comparing each token with every other one."""
    positions = [(number, position) for number, (_, tokens) in enumerate(sentences) for position in range(len(tokens))]
    rows = []
    for index, (number, position) in enumerate(positions):
        document, tokens = sentences[number]
        small = capitalised = capitals = before_capital = earlier = False
        count = 0
        for other, (there, where) in enumerate(positions):
            same_document = there == number or (document > 0 and sentences[there][0] == document)
            form = sentences[there][1][where]
            if other == index or not same_document or form.lower() != tokens[position].lower():
                continue
            count += 1
            alone = form.isupper() and sum(character.isalpha() for character in form) > 1
            small |= form.islower()
            capitalised |= form[0].isupper() and not alone and where > 0
            capitals |= alone
            following = sentences[there][1][where + 1 :]
            before_capital |= bool(following) and following[0][0].isupper()
            earlier |= other < index
        rows.append([small, capitalised, capitals, before_capital, earlier, log1p(count) / 2])
    return [[float(value) for value in row] for row in rows]


@often
@given(documents)
def test_features_are_those_of_every_other_token_of_the_document(sentences):
    rows = found(sentences)
    assert rows.dtype == np.float32
    assert rows.shape == (sum(len(tokens) for _, tokens in sentences), len(Use))
    assert np.allclose(rows, np.reshape(plainly(sentences), rows.shape), rtol=1e-6)


def test_a_headline_learns_from_its_article():
    rows = found([(1, ["BANK", "ROBBED"]), (1, ["The", "bank", "said"]), (2, ["bank"])])
    assert [use.name for use in Use if rows[0, use]] == ["SMALL", "COUNT"]
    assert [use.name for use in Use if rows[3, use]] == ["CAPITALS", "BEFORE_CAPITAL", "MENTIONED", "COUNT"]
    assert not rows[[1, 2, 4, 5]].any()


def test_a_sentence_of_no_document_is_told_of_itself_alone():
    rows = found([(0, ["Bank"]), (0, ["bank", "bank"])])
    assert not rows[0].any()
    assert rows[:, Use.MENTIONED].tolist() == [0, 0, 1]


def test_batches_have_document_features_after_the_lexicons():
    train = [Sentence(("Ann", "ran"), ("B-PER", "O"), 1, document=1), Sentence(("ann",), ("O",), 2, document=1)]
    table = WordTable.build(Counter(token for sentence in train for token in sentence.tokens), None)
    nothing = np.empty((0, 2), np.float16)
    codec = TaggingCodec.fit(
        train, table, nothing, scheme="IOBES", file_scheme="IOB2", with_lexicon=True, with_usage=True
    )
    assert codec.reads_documents
    assert codec.features == 4 + len(Use)
    batch = codec.encode(train).collate(np.array([1, 0]))
    assert batch.features is not None
    assert batch.features[0].tolist() == [[0, 0, 0, 0, 0, 0, 0, 0, 1, pytest.approx(log1p(1) / 2)], [0] * 10]
    assert batch.features[1, 0].tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0, pytest.approx(log1p(1) / 2)]
    again = TaggingCodec.from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    assert np.array_equal(again.encode(train).features, codec.encode(train).features)
