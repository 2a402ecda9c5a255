"""Random numbers of torch: the same in each block, and none that anything after it notices."""

from __future__ import annotations

import subprocess
import sys

import torch

from bilstm_nlp.system.draws import draws, same_draws


def test_blocks_draw_the_same_numbers_and_leave_the_generator():
    torch.manual_seed(5)
    expected = torch.rand(6)
    torch.manual_seed(5)
    before = torch.rand(3)
    blocks = []
    for _ in range(2):
        with same_draws(7):
            blocks.append(torch.rand(4).tolist())
    assert blocks[0] == blocks[1]
    assert torch.equal(torch.cat([before, torch.rand(3)]), expected)
    with same_draws(8):
        assert torch.rand(4).tolist() != blocks[0]


def test_work_that_draws_is_told_from_work_that_does_not():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    assert draws(lambda: torch.randn(2))
    assert not draws(lambda: torch.ones(2))
    assert torch.equal(torch.rand(1), expected)


def test_nothing_imports_torch():
    program = """
import sys
from bilstm_nlp.system.draws import draws, same_draws
with same_draws(1):
    assert not draws(lambda: 1)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)
