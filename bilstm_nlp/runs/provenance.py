"""The origin of a run: versions, machine, command, commit, and digests of its data. No torch."""

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
HERE = Path(__file__).parent


def origin(sources: Iterable[str], threads: int) -> dict[str, Any]:
    """Return the origin for run.json: of a run that reads `sources` and is trained by so many threads."""
    return {
        "versions": {name: installed for name in PACKAGES if (installed := version_of(name)) is not None},
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
    """Return the command that started this process, quoted for a shell."""
    program = Path(sys.argv[0]).name
    return shlex.join(["bilstm-nlp" if program == "__main__.py" else program, *sys.argv[1:]])


def version_of(package: str) -> str | None:
    """Return the version of an installed package; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def processor() -> str:
    """Return the name of the processor, or at least of its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str | None:
    """Return the commit of this package's checkout, with a + if files were changed; None if there is no checkout."""
    try:
        if not git("ls-files", Path(__file__).name):  # the checkout of something else
            return None
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", ".") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def git(*arguments: str, folder: Path = HERE) -> str:
    """Return the output of git in a folder, by default that of this module.

    git takes no locks: a process that is killed meanwhile would leave one, and block every later commit.
    Raises `OSError` if there is no git, and `SubprocessError` if git fails.
    """
    call = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    return subprocess.run(call, capture_output=True, text=True, check=True, timeout=10).stdout.strip()


def digest(source: str) -> str | None:
    """Return the digest of a file, of a corpus's folder, or of a dataset's name on the Hub; None for others."""
    name = source.removeprefix("hf:")
    if source.startswith("hf:") and not Path(name).exists():
        return hashlib.sha256(source.encode()).hexdigest()
    try:
        path = path_of(name)
        if path.is_dir():
            return _digest_of_folder(path)
        # A pipe can be read only once.
        return checksums.digest(path) if path.is_file() else None
    except (DataError, OSError):
        return None


def _digest_of_folder(folder: Path) -> str | None:
    """Return the digest of the names and contents of a corpus's files; None for a folder that is no corpus."""
    from bilstm_nlp.data.text.formats.recognition import files_of_folder  # few runs read a folder

    files = [(file.relative_to(folder).as_posix(), checksums.digest(file)) for file in files_of_folder(folder)]
    return hashlib.sha256(repr(files).encode()).hexdigest() if files else None
