"""From the config of a saved run to what predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, assert_never

from numpy.typing import NDArray

from bilstm_nlp.config import Config
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import RunError

if TYPE_CHECKING:
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster
    from bilstm_nlp.tasks.tagging.predictor import Tagger


def restored(config: Config, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Tagger | Forecaster:
    """The tagger or forecaster of a saved run, whose weights are still to be loaded. Raises `RunError`."""
    # Imported here: a tagger has no use for what a forecaster needs.
    try:
        match config:
            case TaggingConfig():
                from bilstm_nlp.tasks.tagging import model as tagger

                return tagger.restored(config, codec, arrays)
            case ForecastingConfig():
                from bilstm_nlp.tasks.forecasting import model as forecaster

                return forecaster.restored(config, codec, arrays)
            case _:
                assert_never(config)
    except (ValueError, RuntimeError) as error:  # of layers that can't be made so, or for which there is no memory
        reason = " ".join(str(error).split())
        raise RunError(f"config.json: expected a model that can be made of codec.json, found {reason}") from None
