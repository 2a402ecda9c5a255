"""Rows of large tables whose gradient is a sparse tensor of rows.

torch's own lookup makes a gradient as large as the table, nearly all of it zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn import functional

LARGE = 2**18
"""Numbers in a table from which on its gradient is sparse. The zeros of smaller tables take less time than the rows."""


def look_up(table: nn.Embedding, rows: Tensor) -> Tensor:
    """(B, T) rows → (B, T, D): look rows up in a table (V, D). The row of padding has no gradient.

    If the table is `LARGE` and on the CPU, the gradient is a sparse tensor with the same sums, each of the
    batch's rows once. On a GPU, to count the rows would be to wait.

    >>> table = nn.Embedding(3000, 100, padding_idx=0)
    >>> look_up(table, torch.tensor([[5, 5, 0]])).sum().backward()
    >>> table.weight.grad.coalesce().indices()
    tensor([[5]])
    """
    weight, padding = table.weight, table.padding_idx
    if weight.device.type != "cpu" or weight.numel() < LARGE or not weight.requires_grad or padding != 0:
        return torch.as_tensor(table(rows))
    return torch.as_tensor(_LookUp.apply(weight, rows))


class _LookUp(torch.autograd.Function):
    """(V, D) table, (B, T) rows → (B, T, D). Row 0 is padding."""

    @staticmethod
    def forward(ctx: FunctionCtx, table: Tensor, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        ctx.shape = table.shape  # type: ignore[attr-defined]
        return functional.embedding(rows, table)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors  # type: ignore[attr-defined]
        distinct, places = torch.unique(rows, return_inverse=True)  # sorted
        sums = gradient.new_zeros(len(distinct), gradient.shape[-1])
        sums.index_add_(0, places.flatten(), gradient.flatten(0, -2))
        if len(distinct) and distinct[0] == 0:
            distinct, sums = distinct[1:], sums[1:]
        return _of_rows(distinct, sums, ctx.shape), None  # type: ignore[attr-defined]


def _of_rows(rows: Tensor, values: Tensor, shape: torch.Size) -> Tensor:
    """(R,) sorted rows, (R, D) values → a sparse (V, D) tensor"""
    return torch.sparse_coo_tensor(rows[None], values, shape, is_coalesced=True, check_invariants=False)
