"""From the config of a saved run to what predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from torch import Tensor

from bilstm_nlp.config import Config
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.errors import RunError

if TYPE_CHECKING:
    from bilstm_nlp.tasks.forecasting.predictor import Forecaster
    from bilstm_nlp.tasks.tagging.predictor import Tagger


def restored(config: Config, codec: dict[str, Any], tensors: dict[str, Tensor]) -> Tagger | Forecaster:
    """The tagger or forecaster of a saved run, whose weights are still to be loaded. Raises `RunError`."""
    # Imported here: a tagger has no use for what a forecaster needs.
    try:
        match config:
            case TaggingConfig():
                from bilstm_nlp.tasks.tagging import model as tagger

                return tagger.restored(config, codec, tensors)
            case ForecastingConfig():
                from bilstm_nlp.tasks.forecasting import model as forecaster

                return forecaster.restored(config, codec, tensors)
            case _:
                assert_never(config)
    except (ValueError, RuntimeError) as error:  # of layers that can't be made so, or for which there is no memory
        reason = " ".join(str(error).split())
        raise RunError(f"config.json: expected a model that can be made of codec.json, found {reason}") from None
