"""A model as a graph of ONNX, run by ONNX Runtime: arrays by name in, arrays by name out. No torch, and no task."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.system.processes import cores

NAME = "model.onnx"
"""The file of a graph in the directory of an exported run."""
QUIET = 3
"""The level of messages from which ONNX Runtime speaks: errors."""


class GraphSession:
    """A graph, ready to run."""

    def __init__(self, graph: Path | bytes) -> None:
        """`graph`: a file or its content.

        Raises `InputError` if ONNX Runtime is not installed, and `RunError` for a damaged graph.
        """
        try:
            import onnxruntime
        except ModuleNotFoundError:
            raise InputError(
                "onnxruntime: expected the extra of exported models, bilstm-nlp[export], found none"
            ) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.log_severity_level = QUIET
        content = graph if isinstance(graph, bytes) else os.fspath(graph)
        try:
            self._session: Any = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
        except Exception as error:  # a class for each status, of which none is public
            name = graph if isinstance(graph, Path) else NAME
            raise RunError(f"{name}: expected a graph of ONNX, found {' '.join(str(error).split())}") from None
        self.inputs = frozenset(value.name for value in self._session.get_inputs())
        self.outputs = tuple(value.name for value in self._session.get_outputs())

    def run(self, values: Mapping[str, AnyArray], outputs: Sequence[str]) -> list[AnyArray]:
        """Compute outputs from values, of which those are used that are inputs of the graph.

        Raises `MemoryError` if the numbers do not fit in memory, and `ValueError` for values that are none of the
        graph's.
        """
        feeds = {name: value for name, value in values.items() if name in self.inputs}
        if missing := self.inputs - set(feeds):
            raise ValueError(f"The graph needs the inputs {sorted(missing)}. Got none.")
        try:
            arrays: list[AnyArray] = self._session.run(list(outputs), feeds)
        except Exception as error:
            message = " ".join(str(error).split())
            if "allocate" in message or "bad_alloc" in message:
                raise MemoryError(message) from None
            raise ValueError(f"The graph can't be run on these inputs: {message}") from None
        return arrays


def threads() -> int:
    """Return the number of threads of a model: that of `OMP_NUM_THREADS`, by default that of the cores."""
    chosen = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(chosen) if chosen.isdigit() and int(chosen) > 0 else cores()
