"""What a run is made of, and where: versions, machine, command, data. No torch."""

from __future__ import annotations

import hashlib
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bilstm_nlp.data.sources import path_of
from bilstm_nlp.errors import DataError
from bilstm_nlp.runs import checksums
from bilstm_nlp.system.processes import cores, world_size

PACKAGES = ("bilstm-nlp", "torch", "numpy", "pytorch-crf", "safetensors", "accelerate", "numba")


def origin(sources: Iterable[str], threads: int) -> dict[str, Any]:
    """All of it, as it is written down with a run that reads `sources` and is made by so many threads."""
    return {
        "versions": {name: found for name in PACKAGES if (found := version_of(name)) is not None},
        "machine": {
            "system": platform.platform(),
            "processor": processor(),
            "cores": cores(),
            "threads": threads,
            "processes": world_size(),
            "python": platform.python_version(),
        },
        "command": command(),
        "commit": commit(),
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {source: digest(source) for source in sources},
    }


def command() -> str:
    """How this process was started."""
    program = Path(sys.argv[0]).name
    return shlex.join(["bilstm-nlp" if program == "__main__.py" else program, *sys.argv[1:]])


def version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """What it is called, where the system says."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """The commit of the checkout that this package lies in, with a + where files differ from it; None elsewhere."""
    try:
        if not git("ls-files", Path(__file__).name):  # the checkout of something else
            return None
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def git(*question: str) -> str:
    """What git says of the folder of this package. Raises `OSError` and `SubprocessError`."""
    asked = ["git", "-C", str(Path(__file__).parent), *question]
    return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def digest(source: str) -> str | None:
    """The hash of a file's bytes, or of a dataset's name on the Hub; `None` for what can't be read."""
    name = source.removeprefix("hf:")
    if source.startswith("hf:") and not Path(name).is_file():
        return hashlib.sha256(source.encode()).hexdigest()
    try:
        path = path_of(name)
        # A pipe, say, can be read but once.
        return checksums.digest(path) if path.is_file() else None
    except (DataError, OSError):
        return None
