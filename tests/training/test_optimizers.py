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
