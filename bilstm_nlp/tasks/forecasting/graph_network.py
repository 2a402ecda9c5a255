"""The network of a forecaster in ONNX Runtime. Knows no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.batch import AnyArray, Values, WindowBatch
from bilstm_nlp.config.forecasting import ForecastingConfig
from bilstm_nlp.system.arrays import expect_array
from bilstm_nlp.tasks.forecasting.network import ForecastingNetwork
from bilstm_nlp.tasks.forecasting.predictor import Forecaster
from bilstm_nlp.tasks.forecasting.saved import SavedForecaster
from bilstm_nlp.tasks.graph_inputs import array_inputs
from bilstm_nlp.tasks.graph_session import Graph, GraphSession


@dataclass(frozen=True, eq=False)
class GraphNetwork:
    """A graph as a `ForecastingNetwork`, with what was fitted to validation data beside it."""

    session: GraphSession
    point: int
    shares: Values | None
    levels: tuple[float, ...]
    margins: Values

    def quantiles(self, batch: WindowBatch[NDArray[Any]], /) -> Values:
        """Forecast a batch: (B, H, C, Q) ascending, in scaled units, not shrunk."""
        values: Values = self.session.run(array_inputs(batch), ["forecasts"])[0]
        return values


def exported(
    config: ForecastingConfig,
    values: dict[str, Any],
    arrays: Mapping[str, AnyArray],
    results: Mapping[str, Any],
    graph: Graph,
) -> Forecaster:
    """Make the forecaster of saved files and a graph. Raises `RunError` or `ValueError` for damaged files."""
    beside = graph.beside
    network = GraphNetwork(
        graph.session(),
        int(expect_array(beside, "point", np.int64, 1)[0]),
        expect_array(beside, "shares", np.float32, 2) if "shares" in beside else None,
        tuple(expect_array(beside, "levels", np.float64, None).tolist()),
        expect_array(beside, "margins", np.float32, None, None, None, None),
    )
    return SavedForecaster.of(config, values, arrays, results).around(network)


def forecasting_arrays(network: ForecastingNetwork) -> Mapping[str, AnyArray]:
    """Return the arrays that lie beside the graph of a network."""
    arrays: dict[str, AnyArray] = {
        "point": np.array([network.point]),
        "levels": np.array(network.levels, np.float64),
        "margins": network.margins.astype(np.float32),
    }
    return arrays if network.shares is None else arrays | {"shares": network.shares}
