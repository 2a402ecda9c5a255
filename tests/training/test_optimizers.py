"""The optimizers: torch's own bits, without torch's compiler."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from textwrap import dedent

import pytest
import torch
from torch import nn, optim

from bilstm_nlp.training import optimizers

Maker = Callable[[Iterable[torch.Tensor]], optim.Optimizer]


def _trained(maker: Maker) -> list[torch.Tensor]:
    """Take a step, save and load the optimizer's state, and take two more."""
    torch.manual_seed(1)
    model, inputs = nn.Linear(3, 2), torch.randn(3, 5, 3)
    optimizer = maker(model.parameters())
    for number, batch in enumerate(inputs):
        optimizer.zero_grad()
        (model(batch) ** 2).sum().backward()
        optimizer.step()
        if number == 0:
            state = optimizer.state_dict()
            optimizer = maker(model.parameters())
            optimizer.load_state_dict(state)
    return [parameter.detach() for parameter in model.parameters()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "of_torch"),
    [
        (
            lambda weights: optimizers.AdamW(weights, lr=0.1, fused=True),
            lambda weights: optim.AdamW(weights, lr=0.1, fused=True),
        ),
        (
            lambda weights: optimizers.Adam(weights, lr=0.1, fused=True),
            lambda weights: optim.Adam(weights, lr=0.1, fused=True),
        ),
        (
            lambda weights: optimizers.SGD(weights, lr=0.1, momentum=0.9, weight_decay=0.1),
            lambda weights: optim.SGD(weights, lr=0.1, momentum=0.9, weight_decay=0.1),
        ),
    ],
    ids=["adamw", "adam", "sgd"],
)
def test_optimizers_give_the_bits_of_torch(own: Maker, of_torch: Maker) -> None:
    for ours, theirs in zip(_trained(own), _trained(of_torch), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize(
    ("own", "of_torch"), [(optimizers.AdamW, optim.AdamW), (optimizers.Adam, optim.Adam)], ids=["adamw", "adam"]
)
def test_fused_steps_have_the_bits_and_state_of_torch(own, of_torch):
    """Over 60 steps with decay, clipping, a schedule, a layer that is thawed late, and a state that is restored."""
    models = []
    for kind in (own, of_torch):
        torch.manual_seed(1)
        model = nn.Sequential(nn.Embedding(30, 7), nn.Linear(7, 5), nn.Linear(5, 3))
        optimizer = _groups(kind, model)
        for number in range(60):
            model[1].requires_grad_(number >= 20)
            if number == 40:
                state = optimizer.state_dict()
                optimizer = _groups(kind, model)
                optimizer.load_state_dict(state)
            for group in optimizer.param_groups:
                group["lr"] = 0.1 / (1 + number)
            optimizer.zero_grad()
            model(torch.randint(30, (4, 6))).square().sum().backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
        models.append((list(model.parameters()), optimizer.state_dict()))
    (ours, state), (theirs, expected) = models
    assert all(map(torch.equal, ours, theirs))
    assert state["param_groups"] == expected["param_groups"]
    assert state["state"].keys() == expected["state"].keys()
    for index, moments in expected["state"].items():
        assert state["state"][index].keys() == moments.keys()
        assert all(torch.equal(state["state"][index][name], value) for name, value in moments.items())


def _groups(kind: type[optim.Adam], model: nn.Sequential) -> optim.Optimizer:
    """Make an optimizer whose linear layers decay."""
    linear = [*model[1].parameters(), *model[2].parameters()]
    groups = [{"params": linear, "weight_decay": 0.1}, {"params": list(model[0].parameters()), "weight_decay": 0.0}]
    return kind(groups, lr=0.1, betas=(0.8, 0.95), fused=True)


def test_gradients_are_dropped_or_set_to_zero():
    weight = torch.ones(2, requires_grad=True)
    optimizer = optimizers.SGD([weight], lr=0.1)
    for to_none in (False, True):
        optimizer.zero_grad(set_to_none=to_none)
        assert weight.grad is None
        weight.sum().backward()
        optimizer.zero_grad(set_to_none=to_none)
        assert weight.grad is None if to_none else weight.grad.tolist() == [0, 0]
        weight.grad = None


@pytest.mark.slow
def test_optimizers_never_import_the_compiler() -> None:
    code = """
    import sys
    import torch
    from bilstm_nlp.training import optimizers

    before = "torch._dynamo" in sys.modules
    for kind in (optimizers.AdamW, optimizers.Adam, optimizers.SGD):
        weight = torch.ones(2, requires_grad=True)
        optimizer = kind([weight], lr=0.1)
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()
        optimizer.load_state_dict(optimizer.state_dict())
        assert weight[0] < 1
    print(before, "torch._dynamo" in sys.modules)
    """
    run = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]
