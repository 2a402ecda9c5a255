"""Columns that lead others: what the newest changes of all columns tell about the next values of each. Pure numpy.

A ridge regression for each target, of what a forecast at no cost leaves unexplained. It is judged out of fold on
training windows: a target is led only if the changes of all columns make its forecast clearly nearer, and clearly
nearer than its own changes do. So columns that have nothing to do with one another change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bilstm_nlp.batch import Bools, Floats, Ints, Values

ROWS = 6
"""Changes that are read, from the newest back."""
STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Strengths of the ridge, for changes of mean size 1."""
FOLDS = 5
LEAST = 20
"""Least number of windows."""
DOUBT = 0.3
"""Part of the error by which a forecast must be nearer, if there is a single independent window."""


def fit_leads(past: Values, future: Values, start: Values, series: Ints) -> Floats | None:
    """Look-backs (N, L, F), values (N, H, C), forecasts at no cost, series (N,) → coefficients (ROWS · F, H, C)

    The first C of the F columns are the targets. Windows are in the order of series and dates. Those with a NaN ahead
    are left out. A target that no column leads has coefficients of 0; `None` if none is led.
    """
    complete = ~np.isnan(future - start).any(axis=(1, 2))
    wanted, series = (future - start)[complete].astype(np.float64), series[complete]
    (count, horizon, targets), columns = wanted.shape, past.shape[2]
    if columns < 2 or count < LEAST:
        return None
    changes = _changes(past[complete]).reshape(count, ROWS, columns)
    moves = np.abs(changes).sum(axis=(0, 1)) / np.maximum((changes != 0).sum(axis=(0, 1)), 1)
    sizes = np.where(moves > 0, moves, 1.0)
    inputs = (changes / sizes).reshape(count, -1)
    folds = list(_folds(series, horizon))
    errors = _errors(inputs, wanted, folds)
    of_own = [_errors(inputs[:, target::columns], wanted[..., [target]], folds).min() for target in range(targets)]
    without = np.minimum(of_own, np.abs(wanted).sum(axis=(0, 1)))
    coefficients = np.zeros((ROWS * columns, horizon, targets))
    for target in np.flatnonzero(errors.min(axis=0) < nearer(count, horizon) * without):
        fitted = _ridge(inputs, wanted[..., target], STRENGTHS[errors[:, target].argmin()])
        coefficients[..., target] = fitted / np.tile(sizes, ROWS)[:, None]
    return coefficients if coefficients.any() else None


def led_targets(coefficients: Floats | None, targets: Sequence[str]) -> list[str]:
    """Return the names of the targets that columns lead, of all C."""
    if coefficients is None:
        return []
    return [name for column, name in enumerate(targets) if coefficients[..., column].any()]


def leads_json(coefficients: Floats, targets: Sequence[str]) -> dict[str, list[list[float]]]:
    """Return the coefficients (I, H) of each target that is led, by its name."""
    return {name: coefficients[..., targets.index(name)].tolist() for name in led_targets(coefficients, targets)}


def leads_from(values: Mapping[str, Sequence[Sequence[float]]], targets: Sequence[str]) -> Floats:
    """Undo `leads_json`."""
    zeros = np.zeros_like(np.array(next(iter(values.values()))))
    return np.stack([np.array(values[name]) if name in values else zeros for name in targets], axis=2)


def nearer(windows: int, horizon: int) -> float:
    """Return the part of the error without leads, below which that with them is clearly smaller.

    >>> nearer(54, horizon=6)
    0.9
    """
    return 1 - DOUBT / math.sqrt(max(1.0, windows / horizon))


def led(coefficients: Floats | None, targets: Values, observed: Values, sign: Values | None) -> Values | float:
    """(B, L, C) and (B, L, O) look-backs → what is added to the forecasts (B, H, C); 0 without coefficients

    `sign`: (B, 1, 1), −1 for a window whose targets are negated.
    """
    if coefficients is None:
        return 0.0
    past = np.concatenate([targets if sign is None else targets * sign, observed], axis=2)
    added: Values = np.einsum("bi,ihc->bhc", _changes(past), coefficients).astype(np.float32)
    return added if sign is None else np.asarray(added * sign)


def _changes(past: Values) -> Floats:
    """Return the newest changes (B, ROWS · F) of look-backs (B, L, F); 0 where there is none."""
    changes = np.nan_to_num(np.diff(past[:, -ROWS - 1 :].astype(np.float64), axis=1))
    return np.pad(changes, ((0, 0), (ROWS - changes.shape[1], 0), (0, 0))).reshape(len(past), -1)


def _folds(series: Ints, horizon: int) -> Iterator[tuple[Bools, Bools]]:
    """Yield the windows (N,) of each fold, and those at least a horizon away from it.

    >>> held_out, kept = next(_folds(np.zeros(10, np.int64), horizon=3))
    >>> np.flatnonzero(held_out).tolist(), np.flatnonzero(kept).tolist()
    ([0, 1], [5, 6, 7, 8, 9])
    """
    _, first, rows, counts = np.unique(series, return_index=True, return_inverse=True, return_counts=True)
    numbers, lengths = np.arange(len(series)) - first[rows], counts[rows]
    for fold in range(FOLDS):
        begin, end = lengths * fold // FOLDS, lengths * (fold + 1) // FOLDS
        yield (numbers >= begin) & (numbers < end), (numbers < begin - horizon) | (numbers >= end + horizon)


def _errors(inputs: Floats, wanted: Floats, folds: Sequence[tuple[Bools, Bools]]) -> Floats:
    """(N, I) inputs, (N, H, C) values → the absolute error (S, C) out of fold of each strength, summed"""
    errors = np.zeros((len(STRENGTHS), wanted.shape[2]))
    flat = wanted.reshape(len(wanted), -1)
    for held_out, kept in folds:
        for index, strength in enumerate(STRENGTHS):
            forecast = inputs[held_out] @ _ridge(inputs[kept], flat[kept], strength)
            errors[index] += np.abs(flat[held_out] - forecast).reshape(-1, *wanted.shape[1:]).sum(axis=(0, 1))
    return errors


def _ridge(inputs: Floats, wanted: Floats, strength: float) -> Floats:
    """Return the coefficients (I, V) of values (N, V) on inputs (N, I)."""
    penalty = strength * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(inputs.T @ inputs + penalty, inputs.T @ wanted), np.float64)
