"""The forecaster of saved files: its codec, baselines and scores, around a network of any engine. Knows no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from numpy.typing import NDArray

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.codec_file import codec_of
from bilstm_nlp.data.series.recognition import Ends
from bilstm_nlp.data.series.series import Columns, Series
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.tasks.forecasting.data import SeriesLoader, table_format
from bilstm_nlp.tasks.forecasting.intervals import training_part
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork
from bilstm_nlp.tasks.forecasting.predictor import Forecaster


@dataclass(frozen=True)
class SavedForecaster:
    """All of a saved forecaster but its network."""

    config: ForecastingConfig
    codec: SeriesCodec
    baselines: Callable[[], Baselines]
    """Reads the baselines, which evaluation alone needs."""
    scores: Mapping[str, float]
    """Mean squared error by the name of the part."""

    @classmethod
    def of(
        cls,
        config: ForecastingConfig,
        values: dict[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        results: Mapping[str, Any],
    ) -> Self:
        """Read the content of codec.json, codec.safetensors and metrics.json.

        Raises `RunError` if the codec is damaged or does not fit the config.
        """
        codec = codec_of(values)
        sizes, expected = (codec.look_back, codec.horizon), (config.data.look_back, config.data.horizon)
        if sizes != expected:
            raise RunError(f"codec.json: expected look_back and horizon {expected} as in config.json, found {sizes}")
        return cls(config, codec, partial(Baselines.from_json, values, arrays, codec), _scores(results))

    def around(self, network: ForecastingNetwork) -> Forecaster:
        """Return the forecaster with a network."""
        config, codec = self.config, self.codec
        calibration, level = partial(calibration_parts, config, codec), config.interval
        return Forecaster(network, codec, table_format(config), level, self.baselines, self.scores, calibration)


def calibration_parts(
    config: ForecastingConfig, codec: SeriesCodec, columns: Columns
) -> tuple[Sequence[Series], Sequence[Windows]]:
    """Read these columns of the config's file, and make the windows that calibrate intervals, part by part.

    Raises `InputError` if it can't be read, or if its parts end elsewhere than in training.
    """
    data = SeriesLoader(config.data, table_format(config).with_columns(columns)).load()
    series = data.series_set.series
    ends = {each.id: Ends.of(each, parts) for each, parts in zip(series, data.parts, strict=True)}
    if codec.ends and ends != codec.ends:
        changed = [name for name in codec.ends | ends if codec.ends.get(name) != ends.get(name)]
        shown = f"{ends.get(changed[0])} in series {changed[0]!r}, not {codec.ends.get(changed[0])}"
        raise InputError(f"{config.data.file}: expected the parts that the run was trained with, found {shown}")
    return series, [codec.windows(series, data.rows(config.data.validate_on)), *training_part(config, codec, data)]


def _scores(results: Mapping[str, Any]) -> dict[str, float]:
    """Return the mean squared error by the name of the part, of those parts that have it."""
    mse = {name: part.get("mse") for name, part in results.items() if isinstance(part, dict)}
    return {name: score for name, score in mse.items() if isinstance(score, float)}
