"""Columns that lead others: what the newest changes of all columns tell about the next values of each. Pure numpy.

A ridge regression for each target, of what a forecast at no cost leaves unexplained. It is judged out of fold on
training windows: a target is led only if the changes of all columns make its forecast clearly nearer, and clearly
nearer than its own changes do. So columns that have nothing to do with one another change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, eq=False)
class Leads:
    """What the newest changes of F columns tell about C targets."""

    coefficients: Floats
    """(ROWS · F, H, C), 0 for a target that no column leads."""
    limits: Floats
    """(F,) largest change of each column in training: a larger one tells no more."""

    @property
    def led(self) -> Bools:
        """(C,) true for the targets that columns lead"""
        return np.asarray(self.coefficients.any(axis=(0, 1)), np.bool_)


def fit_leads(past: Values, future: Values, start: Values, series: Ints) -> Leads | None:
    """Look-backs (N, L, F), values (N, H, C), forecasts at no cost, series (N,) → leads of C targets by F columns

    The first C of the F columns are the targets. Windows are in the order of series and dates. Those with a NaN ahead
    are left out. `None` if no target is led.
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
    return Leads(coefficients, np.abs(changes).max(axis=(0, 1))) if coefficients.any() else None


def led_targets(leads: Leads | None, targets: Sequence[str]) -> list[str]:
    """Return the names of the targets that columns lead, of all C."""
    return [] if leads is None else [name for name, led in zip(targets, leads.led.tolist(), strict=True) if led]


def leads_json(leads: Leads, targets: Sequence[str]) -> dict[str, Any]:
    """Return the limits, and the coefficients (I, H) of each target that is led, by its name."""
    names = led_targets(leads, targets)
    coefficients = {name: leads.coefficients[..., targets.index(name)].tolist() for name in names}
    return {"limits": leads.limits.tolist(), "coefficients": coefficients}


def leads_from(
    limits: Sequence[float], coefficients: Mapping[str, Sequence[Sequence[float]]], targets: Sequence[str]
) -> Leads:
    """Undo `leads_json`."""
    zeros = np.zeros_like(np.array(next(iter(coefficients.values()))))
    of_targets = [np.array(coefficients[name]) if name in coefficients else zeros for name in targets]
    return Leads(np.stack(of_targets, axis=2), np.array(limits))


def nearer(windows: int, horizon: int) -> float:
    """Return the part of the error without leads, below which that with them is clearly smaller.

    >>> nearer(54, horizon=6)
    0.9
    """
    return 1 - DOUBT / math.sqrt(max(1.0, windows / horizon))


def led(leads: Leads | None, targets: Values, observed: Values, sign: Values | None) -> Values | float:
    """(B, L, C) and (B, L, O) look-backs → what is added to the forecasts (B, H, C); 0 without leads

    `sign`: (B, 1, 1), −1 for a window whose targets are negated.
    """
    if leads is None:
        return 0.0
    past = np.concatenate([targets if sign is None else targets * sign, observed], axis=2)
    limits = np.tile(leads.limits, ROWS)
    changes = np.clip(_changes(past), -limits, limits)
    added: Values = np.einsum("bi,ihc->bhc", changes, leads.coefficients).astype(np.float32)
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
