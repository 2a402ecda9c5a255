"""The files of a graph, in the directory of an export, or in the folder of a run that keeps one. No torch.

model.onnx           the graph
network.safetensors  the tables and numbers that lie beside the graph
onnx/                in a run: a graph of its weights, which `predict --engine` uses, with the same files, and
onnx/made-of.json    the digest of the weights
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from bilstm_nlp.errors import RunError
from bilstm_nlp.runs.checksums import digest_of
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.models import GRAPH
from bilstm_nlp.tasks.graph_session import Graph, check_installed
from bilstm_nlp.tasks.request import Engine

BESIDE = "network.safetensors"
KEPT = "onnx"
MADE_OF = "made-of.json"


def is_exported(directory: RunDirectory) -> bool:
    """Return True if a directory has a graph in place of weights."""
    return (directory.path / GRAPH).exists()


def graphs_of(directory: RunDirectory, engine: Engine) -> RunDirectory | None:
    """Return the directory with the graph that `engine` computes with; None if torch computes.

    An export has its own graph, whatever the engine. Without torch, a run computes with the graph that it keeps.
    Raises `RunError` for a run without a graph of its weights.
    """
    if is_exported(directory):
        return directory
    if engine == "torch" and (find_spec("torch") is not None or not is_kept(directory)):
        return None
    if not is_kept(directory):
        raise RunError(f"{directory.path / KEPT}: expected a graph of the run's weights, found none")
    return kept_in(directory)


def is_ready(directory: RunDirectory) -> bool:
    """Return True if a directory has a graph, or keeps one, and ONNX Runtime is installed.

    Raises `InputError` if ONNX Runtime is not installed.
    """
    check_installed("onnxruntime")
    return is_exported(directory) or is_kept(directory)


def kept_in(directory: RunDirectory) -> RunDirectory:
    """Return the folder of a run for a graph of its weights, which has checksums of its own."""
    return RunDirectory(directory.path / KEPT)


def is_kept(directory: RunDirectory) -> bool:
    """Return True if a run keeps a graph of its present weights. Raises `RunError` for damaged checksums."""
    kept = kept_in(directory)
    if not (kept.path / MADE_OF).exists():
        return False
    return kept.read_json(MADE_OF).get("weights") == weights_digest(directory)


def weights_digest(directory: RunDirectory) -> str | None:
    """Return the digest of a run's weights, as it was noted when they were written."""
    noted = directory.checksums.known().get("model.safetensors", [])
    return noted[-1] if len(noted) == 1 else None


def write_graph(directory: RunDirectory, graph: bytes, beside: Mapping[str, NDArray[Any]]) -> None:
    """Write a graph, and the arrays beside it."""
    directory.write_arrays(BESIDE, beside)
    directory.write(GRAPH, lambda partial: partial.write_bytes(graph))


def read_graph(directory: RunDirectory) -> Graph:
    """Return the graph of a directory.

    Raises `RunError` if a file is missing or damaged.
    """
    path = directory.path / GRAPH
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise RunError(f"{path}: expected a file of an export, found nothing there") from None
    directory.checksums.check(GRAPH, digest_of(content))
    return Graph(content, directory.read_arrays(BESIDE))
