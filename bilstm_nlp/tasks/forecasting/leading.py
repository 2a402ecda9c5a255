"""Leads of a codec: coefficients fitted to training windows, kept where validation windows confirm them."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from bilstm_nlp.batch import Ints, Values
from bilstm_nlp.data.series.codec import SeriesCodec
from bilstm_nlp.data.series.effects import effects_of
from bilstm_nlp.data.series.leads import Leads, fit_leads, led, led_targets, nearer
from bilstm_nlp.data.series.windows import Windows
from bilstm_nlp.tasks.forecasting.prepared import PreparedForecasting
from bilstm_nlp.tasks.measurement import evenly_spaced

logger = logging.getLogger(__name__)

MOST = 4096
"""Windows of a part that are read, at most."""


def with_leads(prepared: PreparedForecasting) -> PreparedForecasting:
    """Return a forecaster in training whose forecasts begin with leads, and say which targets are led."""
    codec = prepared.codec.series
    leads = leads_of(codec, prepared.windows.training, prepared.windows.validation)
    if leads is None:
        logger.info("input.leads: no column clearly leads another, so none is read for another's forecast")
        return prepared
    logger.info("input.leads: changes of all columns lead %s", ", ".join(led_targets(leads, codec.columns.targets)))
    return replace(prepared, codec=replace(prepared.codec, series=replace(codec, leads=leads)))


def leads_of(codec: SeriesCodec, training: Windows, validation: Windows) -> Leads | None:
    """Return the leads that training windows suggest and validation windows confirm; `None` if there is none."""
    past, future, start, numbers = _read(codec, training)
    leads = fit_leads(past, future, start, training.series[numbers])
    if leads is None:
        return None
    past, future, start, _ = _read(codec, validation)
    width = future.shape[2]
    with_leads = start + led(leads, past[..., :width], past[..., width:], None)
    errors, without = (np.nansum(np.abs(future - each), axis=(0, 1)) for each in (with_leads, start))
    confirmed = errors < nearer(len(validation), codec.horizon) * without
    kept = replace(leads, coefficients=leads.coefficients * confirmed)
    return kept if kept.led.any() else None


def _read(codec: SeriesCodec, windows: Windows) -> tuple[Values, Values, Values, Ints]:
    """Return look-backs (N, L, C + O) without effects, values (N, H, C), forecasts at no cost, and the numbers (N,)."""
    numbers = evenly_spaced(len(windows), MOST)
    arrays = windows.gather(numbers)
    targets, read = len(codec.columns.targets), len(codec.columns.targets) + len(codec.columns.observed)
    behind, _ = effects_of(codec.effects, arrays.past[..., read:], arrays.known, None)
    past = np.concatenate([arrays.past[..., :targets] - behind, arrays.past[..., targets:read]], axis=2)
    start = codec.collate(arrays.past, arrays.known, arrays.facts).level
    return past, arrays.future, start, numbers
