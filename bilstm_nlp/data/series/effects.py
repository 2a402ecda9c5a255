"""Linear effects of columns known ahead on the targets, such as that of a promotion on sales. Pure numpy.

They are estimated from changes from row to row, so that level and trend do not count, and are the same in all series.
A column that does not change in training, or whose effect noise explains, has an effect of 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bilstm_nlp.batch import Floats, Values

LEAST_T = 2.0
"""Least size of an effect in its standard errors."""
LEAST_CHANGES = 3
"""Least number of rows in which a column changes."""


def fit_effects(targets: Sequence[Floats], known: Sequence[Floats]) -> Floats:
    """Scaled targets (T, C), NaN where unobserved, and columns known ahead (T, K) of each series → effects (K, C)

    >>> promotion = np.tile([0.0, 1.0, 0.0, 0.0], 5)[:, None]
    >>> fit_effects([np.arange(20.0)[:, None] + 3 * promotion], [promotion]).round(6).tolist()
    [[3.0]]
    """
    changes = np.concatenate([np.diff(block, axis=0) for block in targets])
    moves = np.concatenate([np.diff(block, axis=0) for block in known])
    effects = np.zeros((moves.shape[1], changes.shape[1]))
    for column, values in enumerate(changes.T):
        rows = ~np.isnan(values)
        effects[:, column] = _significant(moves[rows], values[rows])
    return effects


def effects_of(
    effects: Floats | None, past: Values, known: Values, sign: Values | None
) -> tuple[Values | float, Values | float]:
    """Return the effects (B, L, C) and (B, H, C) of columns (B, L, K + …) and (B, H, K + …); 0 without effects.

    `sign`: (B, 1, 1), −1 for a window whose targets are negated.
    """
    if effects is None:
        return 0.0, 0.0
    count, factor = len(effects), 1.0 if sign is None else sign
    behind, ahead = (factor * (values[..., :count] @ effects) for values in (past, known))
    return behind.astype(np.float32), ahead.astype(np.float32)


def _significant(moves: Floats, changes: Floats) -> Floats:
    """Return the coefficients (K,) of changes (N,) on moves (N, K), where those that noise explains are 0."""
    effects = np.zeros(moves.shape[1])
    kept = np.flatnonzero((moves != 0).sum(axis=0) >= LEAST_CHANGES)
    while len(kept) and len(changes) > len(kept) + 1:
        inputs = np.column_stack([moves[:, kept], np.ones(len(changes))])
        inverse = np.linalg.pinv(inputs.T @ inputs)
        coefficients = inverse @ (inputs.T @ changes)
        noise = ((changes - inputs @ coefficients) ** 2).sum() / (len(changes) - inputs.shape[1])
        errors = np.sqrt(np.maximum(noise * np.diag(inverse), 1e-24))
        ratios = np.abs(coefficients / errors)[:-1]
        if ratios.min() >= LEAST_T:
            effects[kept] = coefficients[:-1]
            break
        kept = np.delete(kept, ratios.argmin())
    return effects
