"""Batches of arrays become batches of tensors."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import torch

from bilstm_nlp.batch import TokenBatch, WindowBatch
from bilstm_nlp.nn.tensors import on
from tests.test_batch import token_values, window_values


def test_tensors_on_the_cpu_share_the_arrays_memory():
    codes = {"past_codes": (4, 6, 1), "known_codes": (4, 5, 1), "static_codes": (4, 2, 2)}
    further = {"facts": np.zeros((4, 2, 3))} | {name: np.zeros(shape, np.int64) for name, shape in codes.items()}
    for batch in (TokenBatch(**token_values()), WindowBatch(**window_values(**further))):
        moved = on(batch)
        for name in {field.name for field in fields(batch)} - {"windows"}:
            tensor = getattr(moved, name)
            assert isinstance(tensor, torch.Tensor)
            assert np.shares_memory(tensor.numpy(), getattr(batch, name))


def test_a_whole_batch_moves_to_a_device():
    meta = torch.device("meta")
    moved = on(TokenBatch(**token_values()), meta)
    assert moved.windows is not None
    for part in (moved, moved.windows):
        assert {getattr(part, field.name).device for field in fields(part) if field.name != "windows"} == {meta}


def test_a_batch_of_tensors_moves_as_well():
    tensors = on(TokenBatch(**token_values()))
    assert on(tensors).words is tensors.words
    assert on(tensors, "meta").mask.device.type == "meta"
