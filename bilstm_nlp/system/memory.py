"""Memory of this process: what the C library and oneDNN keep, the peak, and errors when it runs out. No torch."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bilstm_nlp.errors import MemoryNeeded

# From glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next tensors. Does nothing with another C library.

    By default glibc returns freed tensors of some MB to the system and requests them again, page by page, in the next
    training step: a fifth of a forecaster's step. The process does not become larger than its peak.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def return_freed_memory() -> None:
    """Have glibc return freed memory to the system. Does nothing with another C library.

    Without it, the gaps between tensors of ever new sizes add up in a stream that runs for hours.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def keep_few_kernels() -> None:
    """Limit oneDNN's cache to 128 kernels, unless the user has set a limit.

    oneDNN compiles a kernel for each shape of a batch. Its own limit of 1,024 let a stream grow for an hour. Must be
    called before oneDNN computes anything, because it reads the limit only once.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")


def peak_memory_mb() -> float:
    """Measure the peak memory of this process so far, in MiB; 0 if the system does not tell.

    Windows, which has no `resource`, is asked through psutil.
    """
    if sys.platform == "win32":
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, Linux KiB


@contextmanager
def allocating(what: str, setting: str) -> Iterator[None]:
    """Report a lack of memory in this block as `MemoryNeeded`, which names `what` needed it and the `setting` to lower.

    >>> with allocating("making the model", "encoder.hidden"):
    ...     raise MemoryError("8 TiB")
    Traceback (most recent call last):
    bilstm_nlp.errors.MemoryNeeded: out of memory in making the model; a lower encoder.hidden takes less (8 TiB)
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if not isinstance(error, MemoryError) and not _is_out_of_memory(error):
            raise
        needed = f"out of memory in {what}; a lower {setting} takes less"
        raise MemoryNeeded(needed + (f" ({reason[:200]})" if reason else "")) from error


_OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "Storage size calculation overflowed")
"""Words of torch's errors on the CPU. The last is about a tensor larger than any memory."""


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Tell an error of memory from others. torch has a class for it on a GPU, and only words on the CPU."""
    return type(error).__name__ == "OutOfMemoryError" or any(words in str(error) for words in _OUT_OF_MEMORY)
