"""The head of classifiers: its losses against their formulas."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from bilstm_nlp.nn.class_pooling import AttentiveState, MeanState
from bilstm_nlp.nn.classification_head import ClassificationHead, OneClass, SeveralClasses


class Batch(NamedTuple):
    lengths: Tensor
    classes: Tensor | None


ONE = Batch(torch.tensor([2, 3]), torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]))
SEVERAL = Batch(torch.tensor([2, 3]), torch.tensor([[1.0, 1.0, 0], [0, 0, 0]]))
STATES = torch.randn(2, 3, 4)


def head(outcome, weights=None, pooling=None) -> ClassificationHead:
    return ClassificationHead(pooling or MeanState(4), 3, outcome, weights=weights).eval()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weights", [None, torch.tensor([2.0, 1.0, 0.5])])
def test_loss_of_one_class_is_weighted_cross_entropy(smoothing, weights):
    layer = head(OneClass(smoothing), weights)
    loss = layer.loss(STATES, ONE)
    logs = layer.decode(STATES, ONE).scores.log_softmax(1)
    of_class = [1.0, 1.0, 1.0] if weights is None else weights.tolist()
    total = 0.0
    for row, gold in enumerate([0, 2]):
        target = [(1 - smoothing) * (number == gold) + smoothing / 3 for number in range(3)]
        total -= of_class[gold] * sum(share * log for share, log in zip(target, logs[row].tolist(), strict=True))
    assert loss.total.item() == pytest.approx(total, rel=1e-5)
    assert loss.weight.item() == pytest.approx(of_class[0] + of_class[2])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, torch.tensor([3.0, 1.0, 1.0])])
def test_loss_of_several_classes_is_a_sum_of_binary_ones(smoothing, weights):
    layer = head(SeveralClasses(smoothing), weights)
    loss = layer.loss(STATES, SEVERAL)
    p = layer.decode(STATES, SEVERAL).scores.sigmoid()
    of_class = torch.ones(3) if weights is None else weights
    target = SEVERAL.classes * (1 - smoothing) + smoothing / 2
    expected = -(of_class * target * p.log() + (1 - target) * (1 - p).log()).sum()
    torch.testing.assert_close(loss.total, expected)
    assert loss.weight.item() == 2


def test_loss_without_classes_raises():
    with pytest.raises(ValueError, match="classes"):
        head(OneClass(0.0)).loss(STATES, ONE._replace(classes=None))


@pytest.mark.parametrize("outcome", [OneClass(0.0), SeveralClasses(0.0)])
def test_temperature_divides_the_scores(outcome):
    layer, scores = head(outcome), torch.tensor([[2.0, -1.0, 0.5]])
    torch.testing.assert_close(layer.probabilities(scores, 2.0), layer.probabilities(scores / 2))
    layer.temperature.fill_(2.0)
    torch.testing.assert_close(layer.probabilities(scores), layer.probabilities(scores / 2, 1.0))


def test_only_attention_gives_weights():
    assert head(OneClass(0.0)).decode(STATES, ONE).weights is None
    weights = head(OneClass(0.0), pooling=AttentiveState(4)).decode(STATES, ONE).weights
    assert weights.shape == (2, 3)
    assert weights[0, 2] == 0


def test_dropout_acts_in_training_only():
    torch.manual_seed(1)
    layer = ClassificationHead(MeanState(4), 3, OneClass(0.0), dropout=0.5)
    assert layer.loss(STATES, ONE).total != layer.loss(STATES, ONE).total
    layer.eval()
    assert layer.loss(STATES, ONE).total == layer.loss(STATES, ONE).total
