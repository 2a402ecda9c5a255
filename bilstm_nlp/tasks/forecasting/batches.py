"""The training batches of a forecaster: windows drawn from the seed and the epoch's number. Knows no torch."""

from __future__ import annotations

from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints, WindowBatch
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.training.protocols import Batches, TrainingBatch


def epoch_batches(config: ForecastingConfig, codec: SeriesCodec, windows: Windows, epoch: int) -> Batches:
    """Return the batches of an epoch; the same epoch always gives the same batches."""
    size = config.training.batch_size

    def one_pass(number: int) -> EpochBatches[TrainingBatch]:
        # A 0 at the end changes no seed: the first pass is that of an epoch without `training.steps`.
        generator = np.random.default_rng([config.seed, epoch, number])
        order = drawn(config.data.sampling, windows.counts, generator)
        if config.training.mirror > 0:
            order = np.where(generator.random(len(order)) < config.training.mirror, ~order, order)
        chosen = [order[start : start + size] for start in range(0, len(order), size)]
        return EpochBatches(chosen, lambda numbers: mirrored_batch(codec, windows, numbers))

    return epoch_of(one_pass, config.training.steps_of(epoch))


def mirrored_batch(codec: SeriesCodec, windows: Windows, numbers: Ints) -> WindowBatch[NDArray[Any]]:
    """Make a batch of windows; a number ~n stands for window n with the negative of all its targets."""
    mirrored = numbers < 0
    if not mirrored.any():
        return codec.batch(windows, numbers)
    arrays = windows.gather(np.where(mirrored, ~numbers, numbers))
    signs = np.where(mirrored, -1, 1).astype(np.float32)[:, None, None]
    past, width = arrays.past.copy(), len(codec.columns.targets)
    past[..., :width] *= signs
    return codec.collate(past, arrays.known, arrays.future * signs)


def drawn(sampling: Literal["windows", "series"], counts: Ints, generator: np.random.Generator) -> Ints:
    """Draw the numbers (N,) of the windows of a pass; `counts` (S,) are the windows of each series, N in all."""
    match sampling:
        case "windows":
            return generator.permutation(int(counts.sum()))
        case "series":
            return by_series(counts, int(counts.sum()), generator)
        case unknown:
            assert_never(unknown)


def by_series(counts: Ints, total: int, generator: np.random.Generator) -> Ints:
    """Draw the numbers (total,) of windows: each time a series that has windows, all alike, then one of its windows.

    >>> numbers = by_series(np.array([1000, 0, 2]), 4000, np.random.default_rng(0))
    >>> round(float((numbers < 1000).mean()), 1)
    0.5
    """
    filled = np.flatnonzero(counts)
    series = filled[generator.integers(len(filled), size=total)]
    first = np.cumsum(counts) - counts
    numbers: Ints = first[series] + generator.integers(counts[series])
    return numbers
