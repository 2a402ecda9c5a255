"""Arrays are mapped from safetensors files as they were written."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

from bilstm_nlp.system.arrays import DTYPES, mapped_arrays


def test_arrays_of_every_type_and_shape_come_back(tmp_path):
    written = {f"{dtype.__name__}.{n}": np.arange(n).astype(dtype) for dtype in DTYPES.values() for n in (0, 1, 5)}
    written |= {"square": np.eye(3, dtype=np.float16), "empty": np.zeros((0, 4)), "scalar": np.array(2.5)}
    save_file(written, tmp_path / "x.safetensors", {"said": "of them"})
    read = mapped_arrays(tmp_path / "x.safetensors")
    assert read.keys() == written.keys()
    for name, array in written.items():
        assert (read[name].dtype, read[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(read[name], array)


def test_writing_to_a_mapped_array_leaves_the_file(tmp_path):
    save_file({"x": np.zeros(4)}, tmp_path / "x.safetensors")
    mapped_arrays(tmp_path / "x.safetensors")["x"][:] = 1
    assert not mapped_arrays(tmp_path / "x.safetensors")["x"].any()


def test_a_type_that_numpy_lacks_is_named(tmp_path):
    save_tensors({"x": torch.zeros(2, dtype=torch.bfloat16)}, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=r"^'x' of type BF16$"):
        mapped_arrays(tmp_path / "x.safetensors")


def test_damage_is_an_error_of_safetensors(tmp_path):
    save_file({"x": np.zeros(4)}, tmp_path / "x.safetensors")
    content = (tmp_path / "x.safetensors").read_bytes()
    for damaged in (b"", content[:5], content[:-1], content[:20] + b"!" + content[21:]):
        (tmp_path / "y.safetensors").write_bytes(damaged)
        with pytest.raises(SafetensorError):
            mapped_arrays(tmp_path / "y.safetensors")
