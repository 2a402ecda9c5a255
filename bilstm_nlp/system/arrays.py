"""Arrays in safetensors files, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

T = TypeVar("T", bound=np.generic)

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


def expect_array(arrays: Mapping[str, NDArray[Any]], name: str, dtype: type[T], *shape: int | None) -> NDArray[T]:
    """Return the array of this name. Raises `ValueError` unless it is there, of this type and of this shape.

    A length of None stands for any length.

    >>> expect_array({"x": np.zeros((2, 3))}, "x", np.float64, 2, None).shape
    (2, 3)
    """
    wanted = ", ".join("any" if length is None else str(length) for length in shape)
    expected = f"{name!r} of type {np.dtype(dtype)} and shape ({wanted})"
    if name not in arrays:
        raise ValueError(f"expected {expected}, found none")
    array = arrays[name]
    fits = len(shape) == array.ndim and all(n in (None, m) for n, m in zip(shape, array.shape, strict=True))
    if array.dtype != dtype or not fits:
        raise ValueError(f"expected {expected}, found {array.dtype} {array.shape}")
    return array


def metadata_of(path: Path) -> dict[str, str]:
    """Return the metadata of a safetensors file. Raises as `mapped_arrays` does."""
    with safe_open(path, framework="np") as stream:
        return stream.metadata() or {}


def mapped_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Map the arrays of a safetensors file into memory; pages are read when they are used.

    Writing to the arrays changes neither the file nor the arrays of other processes. Raises `FileNotFoundError`,
    `safetensors.SafetensorError` for a damaged file, and `ValueError` for a type that numpy lacks.
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
