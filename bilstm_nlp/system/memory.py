"""How much memory the libraries below us keep: the C library of what is given back to it, oneDNN of its kernels."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager

from bilstm_nlp.errors import MemoryNeeded

# Of glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_MAX = -4


def keep_freed_memory() -> None:
    """Have this process keep what it frees, for its next tensors; where the C library is not glibc, do nothing.

    Else glibc returns tensors of some MB to the system as they are freed, and is given them anew, page by page, at the
    next step of a training: a fifth of a forecaster's step. A process does not become larger than it has once been.
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_MAX, 0)
        library.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def return_freed_memory() -> None:
    """Have this process give all that it has freed back to the system; where the C library is not glibc, do nothing.

    Else what lies free between tensors of ever other sizes adds up, in a stream that goes on for hours.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


def keep_few_kernels() -> None:
    """Have oneDNN keep the kernels of no more shapes than a prediction needs again and again, unless the user has said.

    It prepares one for each shape of a batch and would keep 1,024, by which a stream grew for an hour. To be called
    before it computes anything: it asks but once.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")


@contextmanager
def allocating(what: str, setting: str) -> Iterator[None]:
    """Says of a lack of memory what took it, and which setting to lower. Raises `MemoryNeeded`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        if not isinstance(error, MemoryError) and not is_lack(error):
            raise
        raise MemoryNeeded(f"out of memory in {what}; a lower {setting} takes less ({reason[:200]})") from error


LACK = ("can't allocate memory", "not enough memory", "Storage size calculation overflowed")
"""What torch says where memory does not do, or a tensor has more numbers than any memory."""


def is_lack(error: RuntimeError) -> bool:
    """Whether it is memory that is missing: of a GPU there is a class for it, of a CPU there are but words."""
    return type(error).__name__ == "OutOfMemoryError" or any(words in str(error) for words in LACK)
