"""The optimizers of torch, without its compiler and with less Python around a step.

`torch.optim` imports `torch._dynamo` when an optimizer is made and at each step, which takes a second or two. Nothing
is compiled here. The methods below are torch's own without the wrappers that import it, and give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Any

import torch
from torch import Tensor, optim


class _Uncompiled(optim.Optimizer):
    """An optimizer that never asks for the compiler."""

    add_param_group = unwrap(optim.Optimizer.add_param_group)
    state_dict = unwrap(optim.Optimizer.state_dict)
    load_state_dict = unwrap(optim.Optimizer.load_state_dict)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or set them to 0. torch's own method enters three contexts to do it."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none:
                    parameter.grad = None
                elif parameter.grad is not None:
                    parameter.grad.detach_().zero_()


_adamw_step: Callable[..., None] = torch.no_grad()(unwrap(optim.AdamW.step))
_adam_step: Callable[..., None] = torch.no_grad()(unwrap(optim.Adam.step))


class AdamW(_Uncompiled, optim.AdamW):
    """Adam with decoupled weight decay."""

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Step as torch does."""
        if not _step_fused(self, torch._fused_adamw_):
            _adamw_step(self)


class Adam(_Uncompiled, optim.Adam):
    """Adam."""

    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Step as torch does."""
        if not _step_fused(self, torch._fused_adam_):
            _adam_step(self)


class SGD(_Uncompiled, optim.SGD):
    """Stochastic gradient descent."""

    step = torch.no_grad()(unwrap(optim.SGD.step))


@torch.no_grad()
def _step_fused(optimizer: optim.Optimizer, kernel: Callable[..., None]) -> bool:
    """Call the kernel for each group of parameters. Return False, and do nothing, if torch's own step is needed.

    That is so at the first step of a parameter, which makes its moments, and with settings other than `fused`. torch's
    own step sorts all tensors by device and type each time, for longer than the kernels of a small model run. Here the
    parameters of a model have the same device and type.
    """
    groups: list[tuple[dict[str, Any], list[Tensor]]] = [
        (group, [parameter for parameter in group["params"] if parameter.grad is not None])
        for group in optimizer.param_groups
    ]
    for group, parameters in groups:
        usual = group["fused"] and not (group["amsgrad"] or group["maximize"])
        if not usual or not all(parameter in optimizer.state for parameter in parameters):
            return False
    for group, parameters in groups:
        if parameters:
            moments = [optimizer.state[parameter] for parameter in parameters]
            steps = [of_parameter["step"] for of_parameter in moments]
            torch._foreach_add_(steps, 1)
            kernel(
                parameters,
                [parameter.grad for parameter in parameters],
                [of_parameter["exp_avg"] for of_parameter in moments],
                [of_parameter["exp_avg_sq"] for of_parameter in moments],
                [],
                steps,
                amsgrad=False,
                lr=group["lr"],
                beta1=group["betas"][0],
                beta2=group["betas"][1],
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                maximize=False,
            )
    return True
