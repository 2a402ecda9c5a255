"""The package's own names."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import bilstm_nlp


def test_dir_lists_every_public_name():
    assert set(bilstm_nlp.__all__) <= set(dir(bilstm_nlp))
    assert all(getattr(bilstm_nlp, name) is not None for name in bilstm_nlp.__all__)


def test_version_is_that_of_the_installed_package():
    assert bilstm_nlp.__version__ == version("bilstm-nlp")


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'bilstm_nlp' has no attribute 'lod'"):
        bilstm_nlp.lod  # noqa: B018


def test_import_loads_neither_torch_nor_numpy():
    code = "import bilstm_nlp, sys; dir(bilstm_nlp); print(sorted({'torch', 'numpy', 'pydantic'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
