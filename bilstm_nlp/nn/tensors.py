"""From batches of numpy arrays to batches of tensors, where a model is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

T_co = TypeVar("T_co", covariant=True)


class Batch(Protocol[T_co]):
    """A batch of arrays that can be converted one by one."""

    def mapped(self, convert: Callable[[Any], Tensor], /) -> T_co: ...


def on(batch: Batch[T_co], device: torch.device | str = "cpu") -> T_co:
    """Make tensors of a batch's arrays on `device`.

    On the CPU, tensors share the arrays' memory. Tensors are taken as well.

    >>> import numpy as np
    >>> from bilstm_nlp.batch import SentenceWindows
    >>> ids = np.array([[1, 2]])
    >>> on(SentenceWindows(ids, np.array([2]), ids)).lengths
    tensor([2])
    """
    return batch.mapped(lambda array: torch.as_tensor(array, device=device))
