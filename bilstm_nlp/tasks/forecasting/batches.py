"""The training batches of a forecaster: windows drawn from the seed and the epoch's number. Knows no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import Ints, WindowBatch
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.batches import EpochBatches, epoch_of
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import WindowArrays, Windows
from bilstm_nlp.training.protocols import Batches, TrainingBatch

UNKNOWN = 0.05
"""Share of categories and static values that are unknown in training windows."""


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
        return EpochBatches(
            chosen, lambda numbers: training_batch(codec, windows, numbers, [config.seed, epoch, number])
        )

    return epoch_of(one_pass, config.training.steps_of(epoch))


def training_batch(
    codec: SeriesCodec, windows: Windows, numbers: Ints, seed: Sequence[int]
) -> WindowBatch[NDArray[Any]]:
    """Make a batch of windows; a number ~n stands for window n with the negative of all its targets.

    Some categories and static numbers are made unknown, drawn from the seed and the first window.
    """
    mirrored, signs = numbers < 0, None
    arrays = windows.gather(np.where(mirrored, ~numbers, numbers))
    if mirrored.any():
        signs = np.where(mirrored, -1, 1).astype(np.float32)[:, None, None]
        past, width = arrays.past.copy(), len(codec.columns.targets)
        past[..., :width] *= signs
        arrays = replace(arrays, past=past, future=arrays.future * signs)
    if codec.known_labels or arrays.facts is not None:
        arrays = with_unknown(codec, arrays, np.random.default_rng([*seed, int(numbers[0]) % 2**32]))
    return codec.collate(arrays.past, arrays.known, arrays.facts, arrays.future, signs)


def with_unknown(codec: SeriesCodec, arrays: WindowArrays, generator: np.random.Generator) -> WindowArrays:
    """Make categories and static numbers unknown, so that a model learns to forecast without them.

    A category known ahead is unknown in all rows of a window, a static value for all targets.
    """
    windows, past, known = len(arrays.past), arrays.past.copy(), arrays.known.copy()
    for index, labels in enumerate(codec.known_labels):
        dropped = generator.random((windows, labels + 1)) < UNKNOWN
        for values in (past, known):
            codes = values[..., index - len(codec.known_labels)]
            label = np.nan_to_num(codes).astype(np.int64).reshape(windows, -1)
            codes[np.take_along_axis(dropped, label, axis=1).reshape(codes.shape)] = 0
    facts = arrays.facts
    if facts is not None and codec.static is not None:
        facts = facts.copy()
        numbers, categories = len(codec.static.numbers), len(codec.static_labels)
        dropped = np.repeat(generator.random((windows, 1, numbers + categories)) < UNKNOWN, facts.shape[1], axis=1)
        facts[..., :numbers][dropped[..., :numbers]] = 0
        facts[..., numbers : 2 * numbers][dropped[..., :numbers]] = 1
        facts[..., 2 * numbers :][dropped[..., numbers:]] = 0
    return replace(arrays, past=past, known=known, facts=facts)


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
