"""Decides when the compiled recursions of `kernels.py` are used. Imports them, and Numba, at the first use only."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import numpy as np

from bilstm_nlp.batch import Values

FEW = 16
"""Sentences up to which the kernels decode faster than numpy, whose operations take as long for one as for many."""


@cache
def kernels() -> ModuleType | None:
    """Return the module of compiled recursions, or None if Numba is not installed."""
    try:
        from bilstm_nlp.nn.crf import kernels
    except ImportError:
        return None
    return kernels


def decode_faster(emissions: Values) -> bool:
    """(B, T, K) emissions → True if the kernels should decode this batch.

    Loading the kernels takes a second, which training gains back and decoding does not. So they decode once they are
    loaded, and few sentences at a time. The best paths are the same either way. Likelihoods differ in their last bits,
    so this rule does not apply to them.
    """
    return emissions.dtype == np.float32 and len(emissions) <= FEW and kernels.cache_info().currsize > 0
