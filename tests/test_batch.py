"""A batch whose tensors don't fit together is not made."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch

from bilstm_nlp.batch import SentenceWindows, TokenBatch


def values(**changed: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two sentences of at most three tokens, four word forms of at most five characters."""
    fitting = {
        "words": torch.zeros(2, 3, dtype=torch.long),
        "distinct": torch.zeros(2, 3, dtype=torch.long),
        "characters": torch.zeros(4, 5, dtype=torch.long),
        "shapes": torch.zeros(4, dtype=torch.long),
        "lengths": torch.tensor([3, 1]),
        "mask": torch.tensor([[True, True, True], [True, False, False]]),
        "bigrams": torch.zeros(2, 3, dtype=torch.long),
        "features": torch.zeros(2, 3, 8),
        "tags": torch.zeros(2, 3, dtype=torch.long),
        "windows": SentenceWindows(torch.zeros(1, 5, dtype=torch.long), torch.tensor([5]), torch.zeros(2, 3).long()),
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
        ("tags", (2,), r"TokenBatch.tags must be \(2, 3\), got \(2,\)"),
    ],
)
def test_shapes(name, shape, message):
    with pytest.raises(ValueError, match=message):
        TokenBatch(**values(**{name: torch.zeros(shape, dtype=torch.long)}))


def test_windows_say_where_each_token_is_read():
    windows = SentenceWindows(*3 * [torch.zeros(2, 4, dtype=torch.long)])
    with pytest.raises(ValueError, match=r"TokenBatch.windows.places must be \(2, 3\), got \(2, 4\)"):
        TokenBatch(**values(windows=windows))


def test_the_mask_is_of_booleans():
    with pytest.raises(ValueError, match=r"TokenBatch.mask must be bool, got torch.int64"):
        TokenBatch(**values(mask=torch.ones(2, 3, dtype=torch.long)))


def test_a_batch_may_do_without_tags_and_moves_as_a_whole():
    tagged, untagged = TokenBatch(**values()), TokenBatch(**{**values(), "tags": None})
    assert len(tagged) == len(untagged) == 2
    meta = torch.device("meta")
    moved = tagged.to(meta)
    windows = moved.windows
    assert windows is not None
    for whole in (moved, windows):
        assert all(getattr(whole, field.name).device == meta for field in fields(whole) if field.name != "windows")
    assert untagged.to(meta).tags is None
    assert tagged.words.device.type == "cpu"
