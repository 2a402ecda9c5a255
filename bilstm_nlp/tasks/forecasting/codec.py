"""All that a forecaster learns before training: the codec of its series, and the baselines beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.codec_file import codec_json

KEYS = (
    *("targets", "observed", "known", "calendar", "normalisation", "look_back", "horizon", "frequency", "season"),
    *("scalers", "naive_errors", "deviations"),
    *("levels", "ends", "excerpts", "timezone", "transform", "curves", "lower", "theta", "min_past", "encoder_rows"),
    *("categories", "static", "effects", "leads", "idle"),
)
"""The keys of codec.json, in the order of the file. Further keys follow."""


@dataclass(frozen=True, eq=False)
class ForecastingCodec:
    """A codec of series with baselines, as saved in codec.json and codec.safetensors."""

    series: SeriesCodec
    """For training and prediction."""
    baselines: Baselines
    """For evaluation."""

    def to_json(self) -> dict[str, Any]:
        """Return the content of codec.json."""
        values = {**codec_json(self.series), **self.baselines.to_json()}
        return {key: values[key] for key in KEYS if key in values} | values

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the content of codec.safetensors."""
        return self.baselines.tensors()
