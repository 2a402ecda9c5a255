"""Masks and reversal of padded sequences."""

from __future__ import annotations

import torch

from bilstm_nlp.nn.padding import inside, reversed_steps


def test_inside_is_true_up_to_each_length():
    assert inside(torch.tensor([1, 2, 0]), 2).tolist() == [[True, False], [True, True], [False, False]]


def test_sequences_are_reversed_within_their_length():
    assert reversed_steps(torch.tensor([3, 5, 1]), 5).tolist() == [
        [2, 1, 0, 3, 4],
        [4, 3, 2, 1, 0],
        [0, 1, 2, 3, 4],
    ]
