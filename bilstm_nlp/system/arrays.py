"""Arrays in safetensors files, without torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


def mapped_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Map the arrays of a safetensors file into memory; pages are read when they are used.

    The arrays can be written to, which changes neither the file nor what others read of it. Raises
    `FileNotFoundError`, `safetensors.SafetensorError` for a damaged file, and `ValueError` for a type that numpy lacks.
    """
    with safe_open(path, framework="np"):  # checks the header, and that the arrays lie within the file
        pass
    with path.open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        header = json.loads(stream.read(size))
    header.pop("__metadata__", None)
    content = np.asarray(np.memmap(path, np.uint8, "c"))[8 + size :]
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in header.items():
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{name!r} of type {entry['dtype']}")
        begin, end = entry["data_offsets"]
        arrays[name] = content[begin:end].view(DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays
