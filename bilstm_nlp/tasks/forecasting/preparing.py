"""The preparation of a forecaster's training: codec, baselines and model of its training rows."""

from __future__ import annotations

import logging

import torch

from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.data.series.baselines import Baselines
from bilstm_nlp.data.series.calendar import season
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.normalisation import Theta
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.forecasting import covariates, outliers, requirements
from bilstm_nlp.tasks.forecasting.codec import ForecastingCodec
from bilstm_nlp.tasks.forecasting.data import SeriesParts
from bilstm_nlp.tasks.forecasting.intervals import levels_with
from bilstm_nlp.tasks.forecasting.leading import with_leads
from bilstm_nlp.tasks.forecasting.model import model
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.prepared import PreparedForecasting
from bilstm_nlp.tasks.forecasting.torch_network import TorchNetwork

logger = logging.getLogger(__name__)


def fitted(config: ForecastingConfig, data: SeriesParts) -> PreparedForecasting:
    """Seed, fit scalers and baselines to the training rows, and make the untrained model.

    Raises `InputError` if a part that is needed has no window, or too few to calibrate intervals.
    """
    requirements.check(config, data)
    outliers.remark(config.data, data)
    covariates.warn_of_mirrored_effects(config, data.columns)
    torch.manual_seed(config.seed)
    with allocating("making the model", "size of the encoder or of the horizon"):
        codec = _codec(config, data)
        for remark in covariates.idle_remarks(data.columns, data.series_set.series, data.parts):
            logger.warning("%s: %s", data.series_set.source, remark)
        prepared = PreparedForecasting(config, data, codec, model(config, codec.series))
        if config.input.leads == "linear":
            prepared = with_leads(prepared)
    prepared.windows.training  # noqa: B018 (raises before anything is written)
    prepared.windows.validation  # noqa: B018
    return prepared


def trained(config: ForecastingConfig, data: SeriesParts, forecaster: Forecaster) -> PreparedForecasting:
    """Put a trained forecaster, whose network is one of torch, in the place of the one that would be fitted."""
    assert isinstance(forecaster.network, TorchNetwork)
    codec = ForecastingCodec(forecaster.codec, forecaster.baselines())
    return PreparedForecasting(config, data, codec, forecaster.network.model)


def _codec(config: ForecastingConfig, data: SeriesParts) -> ForecastingCodec:
    """Fit scalers and baselines to the training rows."""
    settings = config.data
    try:
        codec = SeriesCodec.fit(
            data.series_set,
            data.parts,
            data.columns,
            calendar=settings.calendar,
            normalisation=config.input.normalisation,
            scaler=settings.scaler,
            look_back=settings.look_back,
            horizon=settings.horizon,
            levels=levels_with(config.interval),
            transform=settings.transform,
            lower=settings.lower,
            theta=_theta(config, data.series_set.frequency),
            min_past=settings.min_past,
            encoder_rows=config.input.rows,
            linear_effects=config.input.effects == "linear",
        )
        baselines = Baselines.fit(codec, data.series_set, data.parts, settings.season)
    except InputError as error:
        if settings.fraction == 1:
            raise
        raise InputError(f"{error}, as data.fraction = {settings.fraction} leaves them") from None
    return ForecastingCodec(codec, baselines)


def _theta(config: ForecastingConfig, frequency: str) -> Theta | None:
    """Return the settings of the normalisation `theta`; `None` for another."""
    if config.input.normalisation != "theta":
        return None
    return Theta(config.data.season or season(frequency), config.input.damping, config.input.trend_smoothing)
