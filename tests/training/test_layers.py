"""Layers by name: frozen, thawed, and with learning rates of their own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim import SGD

from bilstm_nlp.errors import InputError
from bilstm_nlp.training.layers import Freezing, check_layers, parameter_groups
from bilstm_nlp.training.loop import fit
from bilstm_nlp.training.state import Paused
from tests.training.toy import Line, evaluate, points, settings


@pytest.mark.parametrize(
    ("layers", "every", "frozen"),
    [
        (("a", "b"), None, [("a", "b")] * 5),
        (("a", "b"), 1, [("a", "b"), ("a",), (), (), ()]),
        (("a", "b"), 2, [("a", "b"), ("a", "b"), ("a",), ("a",), ()]),
        ((), 1, [()] * 5),
    ],
)
def test_the_last_layer_is_thawed_first(layers, every, frozen):
    assert [Freezing(layers, every).in_epoch(epoch) for epoch in range(1, 6)] == frozen


class TwoLayers(Line):
    """A linear model of two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Sequential(nn.Dropout(0.3), nn.Linear(3, 3), nn.Linear(3, 1))


def trained(freezing: Freezing, **changed) -> list[dict[str, torch.Tensor]]:
    """Return the weights before training and after each epoch."""
    model = TwoLayers()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    epochs = fit(model, points, evaluate, replace(settings(epochs=3), freezing=freezing, **changed))
    return [before, *(epoch.weights for epoch in epochs)]


def changes(weights: list[dict[str, torch.Tensor]], name: str) -> list[bool]:
    return [not torch.equal(a[name], b[name]) for a, b in pairwise(weights)]


def test_frozen_weights_stay_until_they_are_thawed():
    weights = trained(Freezing(("map.1",), every=2))
    assert changes(weights, "map.1.weight") == [False, False, True]
    assert changes(weights, "map.2.weight") == [True, True, True]


def test_frozen_weights_do_not_decay():
    assert changes(trained(Freezing(("map.1",))), "map.1.weight") == [False] * 3


def test_a_thawed_training_resumes_in_the_same_bits():
    whole = trained(Freezing(("map.1",), every=1))
    model, chosen = TwoLayers(), replace(settings(epochs=3), freezing=Freezing(("map.1",), every=1))
    first = next(iter(fit(model, points, evaluate, chosen)))
    rest = list(fit(TwoLayers(), points, evaluate, chosen, first.state))
    for name, value in whole[-1].items():
        assert torch.equal(rest[-1].weights[name], value), name
    calls = iter(range(100))
    with pytest.raises(Paused) as paused:
        list(fit(TwoLayers(), points, evaluate, chosen, None, lambda: next(calls) > 4))
    rest = list(fit(TwoLayers(), points, evaluate, chosen, paused.value.state))
    assert torch.equal(rest[-1].weights["map.1.weight"], whole[-1]["map.1.weight"])


def test_layers_have_learning_rates_of_their_own():
    model = TwoLayers()
    groups = parameter_groups(model, 0.1, {"map": 0.5, "map.2": 0.25})
    optimizer = SGD(groups, lr=1.0)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert {name: rates[id(p)] for name, p in model.named_parameters()} == {
        "map.1.weight": 0.5,
        "map.1.bias": 0.5,
        "map.2.weight": 0.25,
        "map.2.bias": 0.25,
    }
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert [decays[id(p)] for p in model.parameters()] == [0.1, 0.0, 0.1, 0.0]


@pytest.mark.parametrize(
    ("freezing", "rates", "said"),
    [
        (("mop",), {}, "training.freeze: expected names of layers with parameters, such as map, found 'mop'"),
        (("map.5",), {}, "such as map.1, map.2, found 'map.5'"),
        (("ma",), {}, "found 'ma'"),
        ((), {"map.0": 1.0}, "training.learning_rates: expected names of layers with parameters"),
        (("map",), {}, "training.freeze: expected at least one layer that is trained, found all frozen"),
        (("map.1", "map.2"), {}, "found all frozen"),
    ],
)
def test_names_that_are_no_layers_are_refused(freezing, rates, said):
    with pytest.raises(InputError) as error:
        check_layers(TwoLayers(), Freezing(freezing), rates)
    assert said in str(error.value)
