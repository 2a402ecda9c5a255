"""Random numbers that a model of torch draws while it predicts, such as initial states. Imports no torch.

Where torch was never imported, no model can draw from its generator.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def same_draws(seed: int) -> Iterator[None]:
    """Let torch draw the same numbers each time in this block, and leave its generators as they were."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


def draws(work: Callable[[], object]) -> bool:
    """Return True if `work` draws random numbers by torch. The generators are left as they were.

    >>> draws(lambda: 1)
    False
    """
    torch = sys.modules.get("torch")
    if torch is None:
        work()
        return False
    with torch.random.fork_rng():
        before = torch.get_rng_state()
        work()
        return not torch.equal(before, torch.get_rng_state())
