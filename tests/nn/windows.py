"""Window batches that tests of layers for series share."""

from __future__ import annotations

import torch

from bilstm_nlp.batch import WindowBatch

B, L, H, C, EXTRA, K = 3, 10, 4, 2, 3, 5


def batch(**changes: torch.Tensor | None) -> WindowBatch:
    generator = torch.Generator().manual_seed(0)
    values = {
        "past": torch.randn(B, L, C + EXTRA, generator=generator),
        "level": torch.randn(B, 1, C, generator=generator),
        "scale": torch.rand(B, 1, C, generator=generator) + 0.5,
        "known": torch.randn(B, H, K, generator=generator),
        "future": torch.randn(B, H, C, generator=generator),
    }
    return WindowBatch(**(values | changes))
