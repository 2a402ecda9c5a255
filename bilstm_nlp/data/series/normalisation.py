"""Normalisations of windows: the level and the scale of each window's targets, from its look-back alone."""

from __future__ import annotations

from typing import Literal, assert_never

import numpy as np

from bilstm_nlp.batch import Values

Normalisation = Literal["none", "last", "standard"]


def level_and_scale(kind: Normalisation, targets: Values) -> tuple[Values, Values]:
    """(B, L, C) float32 look-backs → level and scale (B, 1, C) of each window

    >>> level_and_scale("last", np.array([[[1.0], [3.0]]], np.float32))[0].tolist()
    [[[3.0]]]
    """
    level, scale = np.zeros_like(targets[:, :1]), np.ones_like(targets[:, :1])
    match kind:
        case "none":
            pass
        case "last":
            level = targets[:, -1:].copy()
        case "standard":
            level = targets.mean(axis=1, keepdims=True)
            # As in Kim et al. 2022: the scale of a constant window is not 0.
            scale = np.sqrt(targets.var(axis=1, keepdims=True) + 1e-5)
        case unknown:
            assert_never(unknown)
    return level, scale
