"""The contract between forecasts and the network that computes them, whatever its engine. Knows no torch.

To add an engine, write a class with the members of `ForecastingNetwork`. `torch_network.py` has that of torch.
"""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from bilstm_nlp.batch import Values, WindowBatch


class ForecastingNetwork(Protocol):
    """A trained network: a batch of windows in, quantiles out, with what was fitted to validation data beside it."""

    @property
    def point(self) -> int:
        """The index of the quantile that is the point forecast."""
        ...

    @property
    def shares(self) -> Values | None:
        """(2,) float32: the shares of the start's and of the model's departure; None if forecasts are not shrunk."""
        ...

    @property
    def levels(self) -> tuple[float, ...]:
        """The L nominal coverages that intervals have margins for."""
        ...

    @property
    def margins(self) -> Values:
        """(L, S, H, C) float32: the margins of each level and series in training; not finite without calibration."""
        ...

    def quantiles(self, batch: WindowBatch[NDArray[Any]], /) -> Values:
        """Forecast a batch: (B, H, C, Q) ascending, in scaled units, not shrunk; Q = 1 for a point forecast."""
        ...
