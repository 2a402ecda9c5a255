"""The exponential moving average of the weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

Tensors = tuple[Tensor, ...] | list[Tensor]


def decay_of(decay: float, updates: int) -> float:
    """Return the share of the average that the next update keeps, after so many updates.

    It rises to `decay`: otherwise, the average of a short training would be that of its first steps.

    >>> decay_of(0.995, 0), decay_of(0.995, 8), decay_of(0.995, 10_000)
    (0.1, 0.5, 0.995)
    """
    return min(decay, (1 + updates) / (10 + updates))


def averaged(model: nn.Module, decay: float) -> AveragedModel:
    """Make the average of a model's weights, which counts its updates. The first update copies the weights.

    The average shares the buffers of the model.
    """

    def update(average: Tensors, weights: Tensors, updates: Tensor | int) -> None:
        get_ema_multi_avg_fn(decay_of(decay, int(updates)))(average, weights, updates)

    average = AveragedModel(model, multi_avg_fn=update, use_buffers=False)
    # Otherwise each update would copy all buffers, the frozen vectors of a whole file among them.
    for copied, module in zip(average.module.modules(), model.modules(), strict=True):
        for name, buffer in module.named_buffers(recurse=False):
            setattr(copied, name, buffer)
    return average
