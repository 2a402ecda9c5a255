"""A model as a graph of ONNX, run by ONNX Runtime: arrays by name in, arrays by name out. No torch, and no task."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.system.processes import cores

QUIET = 3
"""The level of messages from which ONNX Runtime speaks: errors."""


class GraphSession:
    """A graph, ready to run."""

    def __init__(self, graph: bytes, threads: int | None = None) -> None:
        """`graph`: the content of a file. A graph can't refer to other files.

        `threads` compute it, by default as many as `usable_threads` says.

        Raises `InputError` if ONNX Runtime is not installed, and `RunError` for a damaged graph.
        """
        check_installed("onnxruntime")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = usable_threads() if threads is None else threads
        options.log_severity_level = QUIET
        try:
            self._session: Any = onnxruntime.InferenceSession(graph, options, ["CPUExecutionProvider"])
        except Exception as error:  # a class for each status, of which none is public
            raise RunError(f"model.onnx: expected a graph of ONNX, found {' '.join(str(error).split())}") from None
        self.inputs: Mapping[str, Sequence[Any]] = {value.name: value.shape for value in self._session.get_inputs()}
        self.outputs: Mapping[str, Sequence[Any]] = {value.name: value.shape for value in self._session.get_outputs()}
        """Shapes of inputs and outputs: numbers, and names of dimensions without a fixed size."""

    def run(self, values: Mapping[str, AnyArray], outputs: Sequence[str]) -> list[AnyArray]:
        """Compute outputs from values, of which those are used that are inputs of the graph.

        Raises `MemoryError` if the numbers do not fit in memory, and `ValueError` for values that are none of the
        graph's.
        """
        feeds = {name: value for name, value in values.items() if name in self.inputs}
        if len(feeds) < len(self.inputs):
            raise ValueError(f"The graph needs the inputs {sorted(set(self.inputs) - set(feeds))}. Got none.")
        try:
            arrays: list[AnyArray] = self._session.run(list(outputs), feeds)
        except Exception as error:
            message = " ".join(str(error).split())
            if "allocate" in message or "bad_alloc" in message:
                raise MemoryError(message) from None
            raise ValueError(f"The graph can't be run on these inputs: {message}") from None
        return arrays


def check_installed(*packages: str) -> None:
    """Raise `InputError` unless packages of the extra `export` are installed."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{package}: expected the extra bilstm-nlp[export], found no such package")


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph, with the tables and numbers that lie beside it."""

    content: bytes
    """The file of the graph."""
    beside: Mapping[str, AnyArray]

    def session(self, threads: int | None = None) -> GraphSession:
        """Make the graph ready to run. Raises `InputError` and `RunError` as `GraphSession` does."""
        return GraphSession(self.content, threads)


def usable_threads() -> int:
    """Return the number of threads of a model: that of `OMP_NUM_THREADS`, by default that of the cores."""
    chosen = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(chosen) if chosen.isdigit() and int(chosen) > 0 else cores()
