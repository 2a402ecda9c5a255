"""Reading data, configs and results works without torch."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys

import pytest

import bilstm_nlp

ROOMS = ("batch", "errors", "tags", "config", "data", "metrics", "reports", "studies", "system", "cli")
WITH_TORCH = {"bilstm_nlp.studies.audit", "bilstm_nlp.studies.engines.worker"}
"""Modules of these rooms that train."""

IMPORT = """
import importlib, json, sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("torch is hidden", name=name)

sys.meta_path.insert(0, Hidden())
failed = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except ImportError as error:
        failed[name] = str(error)
json.dump(failed, sys.stdout)
"""


def modules() -> list[str]:
    """Every module of these rooms that needs no torch."""
    names = [module.name for module in pkgutil.walk_packages(bilstm_nlp.__path__, "bilstm_nlp.")]
    return [name for name in names if name.split(".")[1] in ROOMS and name not in WITH_TORCH]


@pytest.fixture(scope="module")
def failures() -> dict[str, str]:
    """Module → why its import fails, in a new interpreter that can't import torch."""
    names = json.dumps(modules())
    done = subprocess.run([sys.executable, "-c", IMPORT], input=names, capture_output=True, text=True, check=True)
    failed: dict[str, str] = json.loads(done.stdout)
    return failed


@pytest.mark.parametrize("module", modules())
def test_a_module_that_needs_no_torch_imports_none(module, failures):
    assert failures.get(module) is None


def test_a_module_that_needs_torch_fails_without_it():
    names = json.dumps(["bilstm_nlp.nn.model"])
    done = subprocess.run([sys.executable, "-c", IMPORT], input=names, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {"bilstm_nlp.nn.model": "torch is hidden"}
