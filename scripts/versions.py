"""Run the tests that need no torch with another Python, or with the lowest releases of the dependencies.

    python scripts/versions.py 3.12      # Python 3.12, the releases of scripts/constraints.txt
    python scripts/versions.py lowest    # Python 3.11, the releases of scripts/lowest.txt

The environment lies in .venv-3.12 and so on, and is made again when the dependencies change.
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
LOWEST_PYTHON = "3.11"
WITHOUT = ("torch", "pytorch-crf", "accelerate")
"""Dependencies that are not installed: torch, and those that bring it."""
TOOLS = ("hypothesis", "pytest")


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


def environment(name: str, program: str) -> Path:
    """Make the virtual environment, unless it was made of the same files. Return its Python."""
    pins = ROOT / "scripts" / ("lowest.txt" if name == LOWEST else "constraints.txt")
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
    program = interpreter(LOWEST_PYTHON if name == LOWEST else name)
    if program is None:
        raise SystemExit(f"versions: expected Python {name} on this machine, found none")
    python = environment(name, program)
    # pip has compiled nothing, and each process would compile all it imports.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    variables = kept | {"PYTHONPATH": str(ROOT), "HYPOTHESIS_PROFILE": "brief"}
    command = [python, "-m", "pytest", "-m", "not torch", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(run(*sys.argv[1:]))
