"""The average of the weights in training, against an average by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from bilstm_nlp.training.averaging import averaged


def path_of_weights(steps: int) -> list[float]:
    """Return a weight's value after each step: far from 0 at the first step alone."""
    return [100.0, *range(1, steps)]


def average_after(values: list[float], decay: float) -> float:
    """Average a weight that has these values after each step."""
    model = nn.Linear(1, 1, bias=False)
    average = averaged(model, decay)
    for value in values:
        nn.init.constant_(model.weight, value)
        average.update_parameters(model)
    return average.module.weight.item()


def test_average_after_four_steps_equals_that_by_hand():
    by_hand = 100.0
    for weight, decay in ((1.0, 2 / 11), (2.0, 3 / 12), (3.0, 4 / 13)):
        by_hand = decay * by_hand + (1 - decay) * weight
    assert average_after(path_of_weights(4), 0.995) == pytest.approx(by_hand, rel=1e-6)


def test_first_weights_weigh_nothing_after_twenty_steps():
    assert average_after([1.0] + [0.0] * 19, 0.995) < 1e-6


def test_decay_of_long_training_is_the_one_set():
    before, after = (average_after([1.0] * count + [0.0], 0.9) for count in (100, 200))
    assert before == pytest.approx(0.9, rel=1e-5) == after


def test_average_shares_the_buffers_of_the_model():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    average = averaged(model, 0.9)
    model[1].running_mean.fill_(3.0)
    average.update_parameters(model)
    shared = dict(model.named_buffers())
    assert {name: value.data_ptr() for name, value in average.module.named_buffers()} == {
        name: value.data_ptr() for name, value in shared.items()
    }
    assert torch.equal(average.module[1].running_mean, torch.full((2,), 3.0))
