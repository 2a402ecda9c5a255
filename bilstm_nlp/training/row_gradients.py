"""The gradients of large tables, of which a batch reads few rows.

They come as sparse tensors of rows and are written into dense buffers that are zero elsewhere. The optimizer takes the
step that it takes with gradients of torch's own, in the same bits; filling, adding up and measuring the zeros is saved.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

LANES = 16
"""Numbers that torch's norm adds up side by side: at most 16, of which fewer are a part."""


class RowGradients:
    """Dense gradients of tables, in buffers that are kept from step to step.

    >>> table = nn.Parameter(torch.zeros(3, 2))
    >>> table.grad = torch.sparse_coo_tensor([[1]], [[3.0, 4.0]], (3, 2), is_coalesced=True, check_invariants=False)
    >>> gradients = RowGradients()
    >>> gradients.spread([table])
    >>> table.grad.tolist(), gradients.norm([table])
    ([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]], tensor(5.))
    """

    def __init__(self) -> None:
        self._buffers: dict[nn.Parameter, Tensor] = {}
        self._rows: dict[nn.Parameter, Tensor] = {}
        """Of each buffer, the rows that may not be zero."""

    def spread(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace sparse gradients by dense ones, which are valid until the next call."""
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is None or not gradient.is_sparse:
                continue
            gradient = gradient.coalesce()
            rows = gradient.indices()[0]
            if parameter in self._buffers:
                self._buffers[parameter].index_fill_(0, self._rows[parameter], 0.0)
            else:
                self._buffers[parameter] = torch.zeros_like(parameter)
            self._rows[parameter] = rows
            parameter.grad = self._buffers[parameter].index_copy_(0, rows, gradient.values())

    def norm(self, parameters: Sequence[nn.Parameter]) -> Tensor:
        """Return the norm () of all gradients: `torch.nn.utils.get_total_norm`, with one thread in the same bits."""
        gradients = [self._dense_part(p, p.grad) for p in parameters if p.grad is not None]
        if not gradients:
            return torch.tensor(0.0)
        return torch.as_tensor(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients))))

    def _dense_part(self, parameter: nn.Parameter, gradient: Tensor) -> Tensor:
        """Return the numbers of a gradient without most of its zeros, the others in the lanes where they were."""
        if gradient is not self._buffers.get(parameter):
            return gradient
        numbers, width = gradient.flatten(), gradient.shape[1]
        whole = numbers.numel() // LANES
        rows = self._rows[parameter]
        first, last = rows * width // LANES, (rows * width + width - 1) // LANES
        blocks = first[:, None] + torch.arange((width + LANES - 2) // LANES + 1)
        # Neighbouring rows share blocks: `earlier` is the last block that is taken already.
        earlier = torch.cat([first.new_full((min(1, len(rows)),), -1), last[:-1]])
        wanted = (blocks <= last[:, None]) & (blocks > earlier[:, None]) & (blocks < whole)
        chosen = numbers[: whole * LANES].view(whole, LANES).index_select(0, blocks[wanted])
        return torch.cat([chosen.flatten(), numbers[whole * LANES :]])
