"""Channels and patches of windows."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.nn.channels import IndependentChannels
from bilstm_nlp.nn.series_embedder import PatchReader
from tests.nn.windows import EXTRA, B, C, H, L, batch


def test_independent_channels_put_each_target_beside_other_columns():
    channels, windows = IndependentChannels(C + EXTRA, C), batch()
    sequences, known = channels.sequences(windows), channels.known(windows)
    assert channels.features == sequences.shape[2]
    for b in range(B):
        for c in range(C):
            row = b * C + c
            assert torch.equal(sequences[row, :, 0], windows.past[b, :, c])
            assert torch.equal(sequences[row, :, 1:], windows.past[b, :, C:])
            assert torch.equal(known[row], windows.known[b])
    outputs = torch.randn(B * C, H, 1, 2)
    forecast = channels.forecast(outputs)
    for b in range(B):
        for c in range(C):
            assert torch.equal(forecast[b, :, c], outputs[b * C + c, :, 0])


@pytest.mark.parametrize(("length", "stride"), [(3, 3), (4, 2), (4, 3), (1, 1), (10, 5), (12, 4)])
def test_patches_end_with_the_newest_step_and_repeat_the_oldest(length, stride):
    reader = PatchReader(2, length, stride, 3)
    sequences = torch.randn(2, L, 2)
    patches = []
    end = L
    while end > 0 and (not patches or end - length + stride > 0):
        steps = [max(step, 0) for step in range(end - length, end)]
        patches.insert(0, sequences[:, steps].transpose(1, 2).flatten(1))
        end -= stride
    torch.testing.assert_close(reader(sequences), reader.projection(torch.stack(patches, 1)))
