"""Run the tests that need no torch with another Python, or with the lowest releases of the dependencies.

    python scripts/versions.py 3.13           # Python 3.13, the releases of scripts/constraints.txt
    python scripts/versions.py lowest-3.12    # Python 3.12, the releases of scripts/lowest.txt; lowest: Python 3.11
    python scripts/versions.py make           # only make the environments that the tests use

The environment lies in .venv-3.13 and so on, and is made again when the dependencies change.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOWEST = "lowest"
"""Begins the name of an environment with the lowest releases."""
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
WITHOUT = ("torch", "pytorch-crf", "accelerate")
"""Dependencies that are not installed: torch, and those that bring it."""
TOOLS = ("hypothesis", "pytest")


def environments(*, nightly: bool) -> list[str]:
    """List the environments to test, beside that of this Python and the newest releases.

    The oldest has the lowest releases, the others the newest. By night, all have the newest, and Python 3.11 both.
    """
    others = [version for version in VERSIONS if version != "{}.{}".format(*sys.version_info)]
    if nightly:
        return [*others, LOWEST]
    return [f"{LOWEST}-{others[0]}", *others[1:]]


def version_of(name: str) -> str:
    """Return the version of Python of an environment: 3.12 of 3.12 and of lowest-3.12, 3.11 of lowest."""
    return name.removeprefix(LOWEST).removeprefix("-") or VERSIONS[0]


def interpreter(version: str) -> str | None:
    """Find a Python of this version, on the PATH or among pyenv's."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (shutil.which(f"python{version}"), *map(str, pyenv)):
        if candidate is not None and _version_of(candidate) == version:
            return candidate
    return None


def _version_of(program: str) -> str | None:
    ask = [program, "-c", "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"]
    ended = subprocess.run(ask, capture_output=True, text=True, check=False)
    return ended.stdout.strip() if ended.returncode == 0 else None


def requirements() -> list[str]:
    """List the dependencies of pyproject.toml that need no torch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [line for line in project["dependencies"] if re.split(r"[^\w-]", line)[0] not in WITHOUT]


def environment(name: str) -> Path | None:
    """Make the virtual environment, unless it was made of the same files. Return its Python.

    Return None if the machine does not have the version of Python.
    """
    program = interpreter(version_of(name))
    if program is None:
        return None
    pins = ROOT / "scripts" / ("lowest.txt" if name.startswith(LOWEST) else "constraints.txt")
    folder = ROOT / f".venv-{name}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "made-of"
    made_of = hashlib.sha256("\n".join([program, *requirements(), pins.read_text("utf-8")]).encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != made_of:
        shutil.rmtree(folder, ignore_errors=True)
        # The pip of this Python installs into the other one: an own pip would take longer to make than to use.
        subprocess.run([program, "-m", "venv", "--without-pip", folder], check=True)
        install = ["install", "--quiet", "--disable-pip-version-check", "--no-compile", "--prefer-binary"]
        pinned = ["--constraint", pins, *requirements(), *TOOLS]
        subprocess.run([sys.executable, "-m", "pip", "--python", python, *install, *pinned], check=True)
        stamp.write_text(made_of)
    return python


def run(name: str, *arguments: str) -> int:
    """Run pytest on the test files that need no torch. Return its status."""
    python = environment(name)
    if python is None:
        raise SystemExit(f"versions: expected Python {version_of(name)} on this machine, found none")
    # pip has compiled nothing, and each process would compile all it imports.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables = kept | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_PROFILE": "brief"}
    command = [python, "-m", "pytest", "-m", "not torch", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        for made in environments(nightly=False):
            environment(made)
    else:
        raise SystemExit(run(*sys.argv[1:]))
