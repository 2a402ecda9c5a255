"""Word vectors to begin with: those of the file, and random ones of like spread."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch

from bilstm_nlp.config.tagging import EmbeddingsConfig
from bilstm_nlp.data.text.small_vectors import arrays_of, rounded
from bilstm_nlp.data.text.vocabulary import FIRST, UNKNOWN, WordTable
from bilstm_nlp.data.text.word_vectors import Pretrained
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.initial_vectors import DEFAULT_DIMENSION, initial_vectors
from bilstm_nlp.tasks.vectors import pretrained_vectors

WORDS = ["".join(letters) for letters in product("abcdefghijklm", repeat=3)][:2000]
FORMS = Counter(WORDS)


def test_without_a_file_there_are_no_pretrained_vectors():
    assert pretrained_vectors(EmbeddingsConfig()) is None


def test_a_file_of_another_dimension_is_refused(tmp_path):
    (tmp_path / "v.txt").write_text("a 1 2 3\nb 4 5 6\n")
    file = str(tmp_path / "v.txt")
    vectors = pretrained_vectors(EmbeddingsConfig(file=file, dimension=3))
    assert vectors is not None
    assert vectors.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(DataError, match=r"v\.txt: expected 4 numbers a row, by embeddings\.dimension, found 3; leave"):
        pretrained_vectors(EmbeddingsConfig(file=file, dimension=4))


def test_the_first_words_of_a_file_are_taken(tmp_path, caplog):
    file = tmp_path / "v.txt"
    file.write_text("the 1 2\nof 3 4\nParis 5 6\n")
    with caplog.at_level("INFO"):
        some = pretrained_vectors(EmbeddingsConfig(file=str(file), file_words=2))
        whole = pretrained_vectors(EmbeddingsConfig(file=str(file), file_words=9))
    assert some is not None
    assert (list(some.words), some.vectors.tolist()) == (["the", "of"], [[1, 2], [3, 4]])
    assert whole is not None
    assert list(whole.words) == ["the", "of", "Paris"]
    assert f"{file}: the first 2 of 3 words" in caplog.text
    table = WordTable.build(Counter({"the": 1}), some)
    initial, frozen = initial_vectors(EmbeddingsConfig(), table, some)
    assert initial[table.id("The")].tolist() == [1, 2]
    assert (frozen.tolist(), table.id("Paris")) == ([[3, 4]], UNKNOWN)


def test_words_beyond_training_are_rounded_to_8_bits():
    vectors = np.random.default_rng(1).normal(size=(50, 20)).astype(np.float32)
    pretrained = Pretrained(WORDS[:50], vectors, "v.txt")
    table = WordTable.build(Counter(WORDS[:10]), pretrained)
    initial, frozen = initial_vectors(EmbeddingsConfig(file="v.txt", file_precision="int8"), table, pretrained)
    np.testing.assert_array_equal(initial[FIRST:], vectors[:10])
    np.testing.assert_array_equal(frozen, rounded(vectors[10:]))
    assert arrays_of(frozen)["frozen"].dtype == np.int8


@pytest.mark.parametrize(("given", "dimension"), [(None, DEFAULT_DIMENSION), (25, 25)])
def test_random_vectors_have_a_length_of_about_1(given, dimension):
    torch.manual_seed(1)
    initial, frozen = initial_vectors(EmbeddingsConfig(dimension=given), WordTable.build(FORMS, None), None)
    assert initial.shape == (FIRST + 2000, dimension)
    assert not initial[0].any()
    assert np.linalg.norm(initial[1:], axis=1).mean() == pytest.approx(1, rel=0.02)
    assert (frozen.shape, frozen.dtype) == ((0, dimension), np.float16)


def test_words_of_the_file_begin_with_its_vectors():
    torch.manual_seed(1)
    generator = np.random.default_rng(1)
    words = [*WORDS[:1000], "unseen"]
    vectors = generator.normal(scale=3, size=(1001, 20)).astype(np.float32)
    pretrained = Pretrained(words, vectors, "v.txt")
    table = WordTable.build(FORMS, pretrained)
    initial, frozen = initial_vectors(EmbeddingsConfig(), table, pretrained)
    rows, file_rows = table.pretrained_rows(pretrained)
    assert len(rows) == 1000
    np.testing.assert_array_equal(initial[rows], vectors[file_rows])
    others = np.setdiff1d(np.arange(1, len(initial)), rows)
    assert initial[others].std() == pytest.approx(3, rel=0.05)
    np.testing.assert_array_equal(frozen, vectors[-1:].astype(np.float16))
