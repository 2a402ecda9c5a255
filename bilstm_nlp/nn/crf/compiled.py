"""Decides when the compiled recursions of `kernels.py` are used. Imports them, and Numba, at the first use only."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np

from bilstm_nlp.batch import Values

COMPILE_FROM = 2**22
"""Number of candidates (B · T · K · K) from which decoding is worth the second that loading the kernels takes."""


@cache
def kernels() -> ModuleType | None:
    """Return the module of compiled recursions, or None if Numba is not installed."""
    try:
        from bilstm_nlp.nn.crf import kernels
    except ImportError:
        return None
    return kernels


def worth_compiling(emissions: Values) -> bool:
    """(B, T, K) emissions → True if the kernels should decode this batch.

    Loading the kernels takes a second. Training gains more than this back, tagging a few sentences does not. So the
    kernels decode large batches, and every batch once they are loaded. The best paths are the same either way.
    Likelihoods differ in their last bits, so this rule does not apply to them.
    """
    loaded = kernels.cache_info().currsize > 0
    return emissions.dtype == np.float32 and (loaded or emissions.size * emissions.shape[2] >= COMPILE_FROM)
