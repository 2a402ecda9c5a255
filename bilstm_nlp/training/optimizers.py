"""The optimizers of torch, without its compiler.

`torch.optim` imports `torch._dynamo` when an optimizer is made and at each step, which takes a second or two. Nothing
is compiled here. The methods below are torch's own without the wrappers that import it, and give the same bits.
"""

from __future__ import annotations

from inspect import unwrap

import torch
from torch import optim


class _Uncompiled(optim.Optimizer):
    """An optimizer that never asks for the compiler."""

    add_param_group = unwrap(optim.Optimizer.add_param_group)
    zero_grad = unwrap(optim.Optimizer.zero_grad)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)


class AdamW(_Uncompiled, optim.AdamW):
    """Adam with decoupled weight decay."""

    step = torch.no_grad()(unwrap(optim.AdamW.step))


class Adam(_Uncompiled, optim.Adam):
    """Adam."""

    step = torch.no_grad()(unwrap(optim.Adam.step))


class SGD(_Uncompiled, optim.SGD):
    """Stochastic gradient descent."""

    step = torch.no_grad()(unwrap(optim.SGD.step))
