"""Memory that is kept for the next tensors: the system gives no new pages for them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from bilstm_nlp.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
faults = []
for _ in range(6):
    for _ in range(8):
        np.full(10_000_000, 1.0, np.float32)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[1])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, whose memory is kept")
def test_freed_memory_is_not_given_back():
    """Arrays of 40 MB, 9,766 pages each, where pages have 4 KiB."""
    given, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, what], capture_output=True, check=True).stdout)
        for what in ("given back", "kept")
    )
    assert kept < given / 20
