"""The config of the layer that turns states into a forecast: its pooling, its bypass and its training loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bilstm_nlp.config.sections import Positive, Section
from bilstm_nlp.config.splits import Fraction


class MseConfig(Section):
    """The mean squared error."""

    kind: Literal["mse"] = "mse"


class MaeConfig(Section):
    """The mean absolute error."""

    kind: Literal["mae"] = "mae"


class HuberConfig(Section):
    """The Huber loss: squared for small errors, absolute for large errors."""

    kind: Literal["huber"] = "huber"
    delta: float = Field(1.0, gt=0)
    """Largest error for which the loss is squared, in scaled units."""


def with_median(levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return the levels if they are ascending and 0.5 lies between two others.

    Raises `ValueError` for other levels.
    """
    if list(levels) != sorted(set(levels)) or 0.5 not in levels[1:-1]:
        raise ValueError("expected ascending levels with 0.5 between two others")
    return levels


class QuantileConfig(Section):
    """The pinball loss of several quantiles (Koenker and Bassett 1978)."""

    kind: Literal["quantile"] = "quantile"
    levels: Annotated[tuple[Fraction, ...], AfterValidator(with_median)] = (0.05, 0.5, 0.95)
    """Quantiles to forecast. The median is the forecast, the first and last level make the interval."""


class NoBypass(Section):
    """The forecast comes from the encoder alone."""

    kind: Literal["none"] = "none"


class LinearBypassConfig(Section):
    """A linear map from the look-back to the horizon, added to the encoder's forecast (Zeng et al. 2023)."""

    kind: Literal["linear"] = "linear"


class RegressionHeadConfig(Section):
    """The layer that turns states of the encoder into a forecast."""

    pooling: Literal["last", "both-ends", "mean", "attention"] = "both-ends"
    """States that the forecast is made from: the last state, the last state of each direction, or a mean of all."""
    hidden: Positive | None = None
    """Size of a hidden layer with ReLU before the forecast. Not set: no hidden layer."""
    bypass: LinearBypassConfig | NoBypass = Field(NoBypass.model_construct(), discriminator="kind")
    """Forecast made from the look-back without the encoder, added to the encoder's forecast."""
    shrinkage: Literal["none", "last"] = "none"
    """Shrinkage of the forecast after training. `last`: towards the last value, and farther if windows are few. All
    windows tell how much of each window's own level and trend to keep; those of the validation part, how much of what
    the model has learnt. For series close to random walks."""
    objective: MseConfig | MaeConfig | HuberConfig | QuantileConfig = Field(
        MaeConfig.model_construct(), discriminator="kind"
    )
    """The training loss."""
