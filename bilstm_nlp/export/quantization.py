"""Weights of recurrent layers as integers of 8 bits, whose inputs are rounded to 8 bits while the graph runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bilstm_nlp.errors import InputError

OPERATORS = ("LSTM",)
"""The layers that are worth it: two thirds of a tagger's graph. ONNX Runtime has no integers for a GRU."""

ROUNDED = b"DynamicQuantizeLSTM"
"""The name of an LSTM layer with rounded weights, as a graph spells it."""


def quantized(graph: bytes) -> bytes:
    """Return a graph with the weights of its LSTM layers in 8 bits, with a scale for each gate unit.

    The weights use 7 of the 8 bits: processors without instructions for sums of 8-bit products saturate otherwise, and
    would give other answers.

    Raises `InputError` for a graph without LSTM layers, which would stay as it is.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with TemporaryDirectory() as folder, _quiet():
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(graph)
        quantize_dynamic(
            before,
            after,
            op_types_to_quantize=list(OPERATORS),
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
        content = after.read_bytes()
    if ROUNDED not in content:
        raise InputError("--int8: expected a model with LSTM layers, whose weights can be rounded, found none")
    return content


@contextmanager
def _quiet() -> Iterator[None]:
    """Drop warnings of the root logger in this block: the library advises to prepare graphs of convolutions."""
    level = logging.root.level
    logging.root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logging.root.setLevel(level)
