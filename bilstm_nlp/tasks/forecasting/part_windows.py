"""The windows of each part of a forecaster's data: to train on, to calibrate with, and to score. Knows no torch."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.forecasting.data import SeriesParts
from bilstm_nlp.tasks.forecasting.intervals import training_part

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PartWindows:
    """The windows of the parts of a config's data, as a codec makes them."""

    config: ForecastingConfig
    data: SeriesParts
    codec: SeriesCodec

    @cached_property
    def training(self) -> Windows:
        """The windows to train on, `data.stride` rows apart."""
        return self.of("train", self.config.data.stride, self.config.data.min_future)

    @cached_property
    def validation(self) -> Windows:
        """The windows that choose the epoch and calibrate the intervals."""
        return self.of(self.config.data.validate_on)

    @property
    def calibration(self) -> list[Windows]:
        """The windows that calibrate the intervals, part by part."""
        return [self.validation, *training_part(self.config, self.codec, self.data)]

    @property
    def scored(self) -> list[str]:
        """The parts that are scored after training: without test rows, the validation part alone."""
        return list(dict.fromkeys((self.config.data.validate_on, *(("test",) if self.data.has_test else ()))))

    def of(self, part: str, stride: int = 1, min_future: int | None = None) -> Windows:
        """Return the windows of one part; a warning names the series without windows.

        `min_future`: the least number of targets in the part, by default all.
        Raises `InputError` if there is no window at all.
        """
        series_set, rows = self.data.series_set, self.data.rows(part)
        if part == "train":
            rows = self.data.training_rows(self.config.data.least_past)
        try:
            windows = self.codec.windows(series_set.series, rows, stride, min_future)
        except InputError as error:
            raise InputError(f"{series_set.source}, {part} part: {error}") from None
        if windows.left_out.any():
            logger.warning(
                "%s: %d %s windows are left out, as the file lacks all their targets or all their past",
                *(series_set.source, windows.left_out.sum(), part),
            )
        # A series outside of `data.validation_series` is to have none.
        spared = self.config.data.validation_series < 1 and part == "validation"
        without = [
            series.id
            for series, count, of in zip(series_set.series, windows.counts, rows, strict=True)
            if count == 0 and not (spared and of.start == of.stop)
        ]
        if without:
            logger.warning("%s: no %s window in %d series: %s", series_set.source, part, len(without), without[:5])
        return windows
