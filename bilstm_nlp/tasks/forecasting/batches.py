"""The training batches of a forecaster: windows drawn from the seed and the epoch's number. Knows no torch."""

from __future__ import annotations

from typing import Literal, assert_never

import numpy as np

from bilstm_nlp.batch import Ints
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.training.protocols import Batches, TrainingBatch


def epoch_batches(config: ForecastingConfig, codec: SeriesCodec, windows: Windows, epoch: int) -> Batches:
    """Return the batches of an epoch; the same epoch always gives the same batches."""
    size = config.training.batch_size

    def one_pass(number: int) -> EpochBatches[TrainingBatch]:
        generator = np.random.default_rng([config.seed, epoch, number])
        order = drawn(config.data.sampling, windows.counts, generator)
        chosen = [order[start : start + size] for start in range(0, len(order), size)]
        return EpochBatches(chosen, lambda numbers: codec.batch(windows, numbers))

    return epoch_of(one_pass, config.training.steps_of(epoch))


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
