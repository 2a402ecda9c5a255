"""Every Python that pyproject.toml promises, and the lowest releases of its dependencies, run what needs no torch.

The oldest Python but the one that runs this has the lowest releases, the others the newest. The profile "nightly" gives
all the newest, and Python 3.11 the lowest too.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.versions import LOWEST, VERSIONS, environment, environments, requirements, version_of
from tests.imports import needs_torch

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
IMPORT_ALL = """
import importlib, pkgutil, sys
import bilstm_nlp
for name in ("batch", "config", "data", "errors", "metrics", "reports", "system", "tags"):
    module = importlib.import_module(f"bilstm_nlp.{name}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{module.__name__}."):
        importlib.import_module(found.name)
assert "torch" not in sys.modules
print(len([name for name in sys.modules if name.startswith("bilstm_nlp.")]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", environments(nightly=NIGHTLY))
def test_torch_free_modules_import_and_their_tests_pass(name):
    python = environment(name)
    if python is None:
        pytest.skip(f"needs Python {version_of(name)}")
    command = [python, "-c", IMPORT_ALL]
    imported = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert imported.returncode == 0, imported.stderr
    assert int(imported.stdout) > 40
    # To rewrite all asserts would take longer than many tests do. scripts/versions.py alone shows their values.
    run = [sys.executable, "scripts/versions.py", name, "--no-header", "--assert=plain"]
    ended = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    passed = re.search(r"(\d+) passed", ended.stdout)
    assert passed is not None
    assert int(passed[1]) > 500


def test_every_python_and_the_lowest_releases_are_tested():
    here = "{}.{}".format(*sys.version_info)
    for nightly in (False, True):
        names = environments(nightly=nightly)
        assert {version_of(name) for name in names} | {here} == {*VERSIONS}
        assert sum(name.startswith(LOWEST) for name in names) == 1


def test_classifiers_name_the_tested_pythons():
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert named == [version for version in VERSIONS if version in named]
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_lowest_releases_are_the_bounds_of_pyproject():
    lines = (ROOT / "scripts" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines)
    bounds = dict(re.fullmatch(r"([\w-]+)>=([\d.]+)(?:;.*)?", line).groups() for line in requirements())
    for name, bound in bounds.items():
        assert name == "psutil" or release(pins[name]) == release(bound), name


def release(version: str) -> tuple[int, ...]:
    """Compare 3.9 and 3.9.0 as the same release."""
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/tags/test_schemes.py", False),  # imports nothing of the kind
        ("tests/nn/test_encoder.py", True),  # imports torch
        ("tests/runs/test_kills.py", True),  # imports what imports torch
        ("tests/cli/test_startup.py", True),  # starts the command line
        ("tests/cli/test_plain_text.py", True),  # imports what the package imports when it is asked
    ],
)
def test_need_of_torch_is_told_from_imports(path, expected):
    assert needs_torch(ROOT / path) == expected
