"""Batches: arrays whose shapes don't fit together are refused."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from bilstm_nlp.batch import SentenceWindows, SequenceBatch, TokenBatch, WindowBatch


def token_values(**changed: object) -> dict[str, object]:
    """Return two sentences of at most three tokens, with four word forms of at most five characters."""
    ids = np.zeros((2, 3), np.int64)
    fitting = {
        "words": ids,
        "distinct": ids,
        "characters": np.zeros((4, 5), np.int64),
        "shapes": np.zeros(4, np.int64),
        "lengths": np.array([3, 1]),
        "mask": np.array([[True, True, True], [True, False, False]]),
        "bigrams": ids,
        "features": np.zeros((2, 3, 8), np.float32),
        "values": np.zeros((2, 3, 2), np.int64),
        "tags": ids,
        "classes": np.zeros((2, 4), np.float32),
        "windows": SentenceWindows(np.zeros((1, 5), np.int64), np.array([5]), ids),
    }
    return {**fitting, **changed}


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("words", (6,), r"TokenBatch.words must be \(B, T\), got \(6,\)"),
        ("distinct", (2, 4), r"TokenBatch.distinct must be \(2, 3\), got \(2, 4\)"),
        ("characters", (4,), r"TokenBatch.characters must be \(U, C\), got \(4,\)"),
        ("characters", (), r"TokenBatch.characters must be \(U, C\), got \(\)"),
        ("shapes", (5,), r"TokenBatch.shapes must be \(4,\), got \(5,\)"),
        ("lengths", (3,), r"TokenBatch.lengths must be \(2,\), got \(3,\)"),
        ("mask", (3, 2), r"TokenBatch.mask must be \(2, 3\), got \(3, 2\)"),
        ("bigrams", (2,), r"TokenBatch.bigrams must be \(2, 3\), got \(2,\)"),
        ("features", (2, 3), r"TokenBatch.features must be \(2, 3, F\), got \(2, 3\)"),
        ("features", (2, 4, 8), r"TokenBatch.features must be \(2, 3, F\), got \(2, 4, 8\)"),
        ("values", (2, 4, 2), r"TokenBatch.values must be \(2, 3, C\), got \(2, 4, 2\)"),
        ("tags", (2,), r"TokenBatch.tags must be \(2, 3\), got \(2,\)"),
    ],
)
def test_token_batch_with_a_wrong_shape_is_refused(name, shape, message):
    with pytest.raises(ValueError, match=message):
        TokenBatch(**token_values(**{name: np.zeros(shape, np.int64)}))


def test_windows_without_a_place_for_each_token_are_refused():
    windows = SentenceWindows(*3 * [np.zeros((2, 4), np.int64)])
    with pytest.raises(ValueError, match=r"TokenBatch.windows.cells must be \(2, 3\), got \(2, 4\)"):
        TokenBatch(**token_values(windows=windows))


def test_mask_of_integers_is_refused():
    with pytest.raises(ValueError, match=r"TokenBatch.mask must be bool, got int64"):
        TokenBatch(**token_values(mask=np.ones((2, 3), np.int64)))


def test_mapping_a_token_batch_converts_each_array_once():
    tagged, untagged = TokenBatch(**token_values()), TokenBatch(**{**token_values(), "tags": None})
    assert len(tagged) == len(untagged) == 2
    assert untagged.mapped(np.copy).tags is None
    copied = tagged.mapped(np.copy)
    assert copied.windows is not None
    for before, after in ((tagged, copied), (tagged.windows, copied.windows)):
        for name in {field.name for field in fields(before)} - {"windows"}:
            assert np.array_equal(getattr(before, name), getattr(after, name))
            assert not np.shares_memory(getattr(before, name), getattr(after, name))


def test_batches_print_their_size():
    assert str(TokenBatch(**token_values())) == "2 sentences of up to 3 tokens"
    assert str(WindowBatch(**window_values())) == "4 windows of 6 rows and 3 columns"


def window_values(**changed: object) -> dict[str, object]:
    """Return four windows of six rows and three columns, two of them targets, with five rows to forecast."""
    fitting = {
        "past": np.zeros((4, 6, 3)),
        "level": np.zeros((4, 1, 2)),
        "scale": np.ones((4, 1, 2)),
        "known": np.zeros((4, 5, 1)),
        "future": np.zeros((4, 5, 2)),
    }
    return {**fitting, **changed}


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("past", (4, 6), r"must be \(B, L, F\), \(B, 1, C\), \(B, H, K\), got \(4, 6\), \(4, 1, 2\), \(4, 5, 1\)"),
        ("past", (4, 6, 1), r"WindowBatch.past must hold the 2 targets, got 1 columns"),
        ("level", (4, 2, 2), r"WindowBatch.level must be \(4, 1, 2\), got \(4, 2, 2\)"),
        ("scale", (3, 1, 2), r"WindowBatch.scale must be \(4, 1, 2\), got \(3, 1, 2\)"),
        ("known", (3, 5, 1), r"WindowBatch.known must be \(4, 5, 1\), got \(3, 5, 1\)"),
        ("future", (4, 5, 1), r"WindowBatch.future must be \(4, 5, 2\), got \(4, 5, 1\)"),
        ("facts", (4, 1, 3), r"WindowBatch.facts must be \(4, 2, 3\), got \(4, 1, 3\)"),
        ("past_codes", (4, 5, 2), r"WindowBatch.past_codes must be \(4, 6, 2\), got \(4, 5, 2\)"),
        ("known_codes", (4, 6, 2), r"WindowBatch.known_codes must be \(4, 5, 2\), got \(4, 6, 2\)"),
        ("static_codes", (4, 1, 2), r"WindowBatch.static_codes must be \(4, 2, 2\), got \(4, 1, 2\)"),
    ],
)
def test_window_batch_with_a_wrong_shape_is_refused(name, shape, message):
    with pytest.raises(ValueError, match=message):
        WindowBatch(**window_values(**{name: np.zeros(shape)}))


def test_mapping_a_window_batch_converts_each_array():
    codes = {"past_codes": (4, 6, 1), "known_codes": (4, 5, 1), "static_codes": (4, 2, 2)}
    further = {"facts": (4, 2, 3)} | codes
    batch = WindowBatch(**window_values(**{name: np.zeros(shape) for name, shape in further.items()}))
    single = batch.mapped(np.float32)
    assert {getattr(single, field.name).dtype for field in fields(single)} == {np.dtype(np.float32)}
    assert WindowBatch(**window_values(future=None)).mapped(np.float32).future is None


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("values", np.zeros((2, 3), np.float32), r"SequenceBatch.values must be \(B, T, F\), got \(2, 3\)"),
        ("lengths", np.zeros(3, np.int64), r"SequenceBatch.lengths must be \(2,\), got \(3,\)"),
        ("mask", np.zeros((2, 4), bool), r"SequenceBatch.mask must be \(2, 3\), got \(2, 4\)"),
        ("mask", np.zeros((2, 3), np.int64), "SequenceBatch.mask must be bool, got int64"),
        ("tags", np.zeros((3, 2), np.int64), r"SequenceBatch.tags must be \(2, 3\), got \(3, 2\)"),
    ],
)
def test_sequence_batch_with_a_wrong_array_is_refused(name, array, message):
    fitting = {
        "values": np.zeros((2, 3, 5), np.float32),
        "lengths": np.array([3, 1]),
        "mask": np.ones((2, 3), bool),
        "tags": np.zeros((2, 3), np.int64),
    }
    assert len(SequenceBatch(**fitting)) == 2
    with pytest.raises(ValueError, match=message):
        SequenceBatch(**{**fitting, name: array})
