"""Memory that is kept for the next tensors, memory that is given back, and kernels that do not add up."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bilstm_nlp.system.memory import keep_few_kernels

FAULTS = """
import resource, sys
import numpy as np
from bilstm_nlp.system.memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
faults = []
for _ in range(6):
    for _ in range(8):
        np.full(10_000_000, 1.0, np.float32)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(faults[-1] - faults[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, whose memory is kept")
def test_freed_memory_is_not_given_back():
    """Arrays of 40 MB, 9,766 pages each, where pages have 4 KiB."""
    given, kept = (
        int(subprocess.run([sys.executable, "-c", FAULTS, what], capture_output=True, check=True).stdout)
        for what in ("given back", "kept")
    )
    assert kept < given / 20


FRAGMENTS = """
import numpy as np
from bilstm_nlp.system.memory import return_freed_memory
def held():
    return int(open("/proc/self/statm").read().split()[1])
before = held()
blocks = [np.full(12_000, 1.0) for _ in range(1000)]  # of 96 kB, too small to be mapped each by itself
kept = blocks[::50]
full = held()
del blocks
return_freed_memory()
print(full - before, held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc, where a process sees what it holds")
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, which gives memory back")
def test_what_lies_free_between_live_blocks_can_be_given_back():
    printed = subprocess.run([sys.executable, "-c", FRAGMENTS], capture_output=True, check=True).stdout.split()
    full, after = map(int, printed)
    assert after < full / 10


KERNELS = """
import sys
import torch
from bilstm_nlp.system.memory import keep_few_kernels, return_freed_memory
if sys.argv[1] == "few":
    keep_few_kernels()
torch.set_num_threads(1)
lstm = torch.nn.LSTM(8, 8)
def held():
    return_freed_memory()
    return int(open("/proc/self/statm").read().split()[1])
with torch.no_grad():
    for sequences in range(1, 600):
        lstm(torch.zeros(2, sequences, 8))
        if sequences == 200:
            before = held()
print(held() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc, where a process sees what it holds")
def test_kernels_of_ever_other_shapes_do_not_add_up():
    unsaid = {name: value for name, value in os.environ.items() if name != "ONEDNN_PRIMITIVE_CACHE_CAPACITY"}
    many, few = (
        int(subprocess.run([sys.executable, "-c", KERNELS, what], capture_output=True, check=True, env=unsaid).stdout)
        for what in ("many", "few")
    )
    assert few < many / 4


def test_how_many_kernels_are_kept_is_left_to_a_user_who_has_said(monkeypatch):
    monkeypatch.setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "7")
    keep_few_kernels()
    assert os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] == "7"
