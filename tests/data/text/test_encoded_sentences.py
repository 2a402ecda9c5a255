"""Padded batches of encoded sentences."""

from __future__ import annotations

import numpy as np

from bilstm_nlp.data.text.encoded_sentences import EncodedSentences


def encoded() -> EncodedSentences:
    """The sentences `a b a` and `c`, with the spellings 5 6, 7 and 8."""
    return EncodedSentences(
        offsets=np.array([0, 3, 4]),
        documents=np.array([1, 0]),
        forms=np.array([0, 1, 0, 2]),
        form_words=np.array([2, 3, 1]),
        form_shapes=np.array([4, 5, 6]),
        form_spellings=[np.array(characters).tobytes() for characters in ([5, 6], [7], [8])],
        tags=np.array([1, 0, 2, 3]),
        bigrams=None,
        features=np.ones((4, 2), np.float32),
    )


def test_a_batch_is_padded_with_zeros():
    batch = encoded().collate(np.array([1, 0]))
    assert batch.words.tolist() == [[1, 0, 0], [2, 3, 2]]
    assert batch.distinct.tolist() == [[2, 0, 0], [0, 1, 0]]
    assert batch.characters.tolist() == [[5, 6], [7, 0], [8, 0]]
    assert batch.shapes.tolist() == [4, 5, 6]
    assert batch.lengths.tolist() == [1, 3]
    assert batch.tags.tolist() == [[3, 0, 0], [1, 0, 2]]
    assert batch.features[..., 0].tolist() == [[1, 0, 0], [1, 1, 1]]
    assert (batch.bigrams, batch.windows) == (None, None)


def test_a_batch_has_only_the_forms_of_its_sentences():
    batch = encoded().collate(np.array([1]))
    assert batch.distinct.tolist() == [[0]]
    assert batch.characters.tolist() == [[8]]
    assert batch.shapes.tolist() == [6]


def test_pairs_end_with_the_sentence():
    assert encoded().pair_keys(10).tolist() == [23, 32, 20, 10]
