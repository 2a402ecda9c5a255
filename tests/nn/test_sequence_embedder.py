"""The input end for sequences of unequal lengths: steps, and patches that no padding reaches."""

from __future__ import annotations

import pytest
import torch

from bilstm_nlp.batch import SequenceBatch
from bilstm_nlp.nn.padding import inside
from bilstm_nlp.nn.sequence_embedder import SequencePatches, SequenceSteps


def batch_of(values: torch.Tensor, lengths: list[int]) -> SequenceBatch[torch.Tensor]:
    return SequenceBatch(values, torch.tensor(lengths), inside(torch.tensor(lengths), values.shape[1]))


def test_steps_are_passed_on():
    values = torch.randn(2, 4, 3)
    embedder = SequenceSteps(3)
    sequences = embedder(batch_of(values, [4, 2]))
    assert sequences.inputs is values
    assert sequences.lengths.tolist() == [4, 2]
    assert embedder.outputs == 3


@pytest.mark.parametrize(("steps", "patches"), [(1, 1), (4, 1), (5, 2), (6, 2), (7, 3), (8, 3), (9, 4)])
def test_last_patch_is_the_first_to_reach_the_end(steps, patches):
    embedder = SequencePatches(1, length=4, stride=2, outputs=5)
    sequences = embedder(batch_of(torch.randn(1, steps, 1), [steps]))
    assert sequences.inputs.shape == (1, patches, 5)
    assert sequences.lengths.tolist() == [patches]


def test_patch_is_a_projection_of_its_steps_and_repeats_the_last():
    embedder = SequencePatches(2, length=3, stride=2, outputs=4)
    values = torch.randn(1, 4, 2)
    first = embedder.projection(values[0, :3].flatten())
    second = embedder.projection(torch.cat([values[0, 2:], values[0, 3:]]).flatten())
    torch.testing.assert_close(embedder(batch_of(values, [4])).inputs[0], torch.stack([first, second]))


@pytest.mark.parametrize("length", range(1, 8))
def test_padding_reaches_no_patch_of_a_sequence(length):
    embedder = SequencePatches(2, length=3, stride=2, outputs=4)
    values = torch.randn(1, length, 2)
    alone = embedder(batch_of(values, [length]))
    padded = torch.cat([values, torch.full((1, 12 - length, 2), torch.nan)], dim=1)
    beside = embedder(batch_of(torch.cat([padded, torch.randn(1, 12, 2)]), [length, 12]))
    assert beside.lengths.tolist() == [alone.lengths.item(), 6]
    torch.testing.assert_close(beside.inputs[0, : alone.inputs.shape[1]], alone.inputs[0])
