"""Plots of a run, as PNG files. The only module that imports matplotlib.

Each function draws a figure, saves it to `path` and returns it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bilstm_nlp.system.files import write_whole

NAMED = 80
"""Tokens that have room for their names beside a heat map."""
NUMBERED = 24
"""Columns of a matrix that have room for their numbers."""
MARKED = 50
"""Steps from which on a curve has no markers."""


# --- training -------------------------------------------------------------------------------------------------------


def curves(losses: Sequence[float], scores: Sequence[float], name: str, best: int, path: Path) -> Figure:
    """Draw the training loss and the development score of each epoch, on two axes.

    `name` is that of the score, `best` the epoch that was kept, from 1.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    left = _epochs_axes(figure, losses, best)
    left.set_ylabel("training loss", color="tab:blue")
    right = left.twinx()
    right.plot(range(1, len(scores) + 1), scores, color="tab:orange", marker=".")
    score = _in_capitals(name)
    right.set_ylabel(f"development {score}", color="tab:orange")
    left.set_title(f"Training loss and development {score}\nepoch {best} is kept: {score} {scores[best - 1]:.4f}")
    return save(figure, path)


def loss_curves(training: Sequence[float], validation: Sequence[float], name: str, best: int, path: Path) -> Figure:
    """Draw the training and the validation loss of each epoch, on one logarithmic axis.

    `name` is that of the loss, `best` the epoch that was kept, from 1.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = _epochs_axes(figure, training, best)
    axes.plot(range(1, len(validation) + 1), validation, color="tab:orange", marker=".", label="validation")
    if max(*training, *validation) > 0:  # a constant series has no errors
        axes.set_yscale("log")
    loss = _in_capitals(name)
    axes.set_ylabel(f"loss ({loss})")
    axes.set_title(f"Training and validation loss\nepoch {best} is kept: {loss} {validation[best - 1]:.4f}")
    axes.legend()
    return save(figure, path)


def _epochs_axes(figure: Figure, losses: Sequence[float], best: int) -> Axes:
    """Make axes with the training loss of each epoch and a line at the epoch that was kept."""
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, color="tab:blue", marker=".", label="training")
    axes.axvline(best, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("epoch")
    axes.set_xlim(0.5, len(losses) + 0.5)  # epochs begin at 1
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _in_capitals(name: str) -> str:
    """Write the abbreviations F1, MSE and MAE in capitals, and other names of scores as they are."""
    return name.upper() if len(name) <= 3 else name


# --- tagging --------------------------------------------------------------------------------------------------------


def confusion(
    labels: Sequence[str],
    counts: NDArray[Any],
    path: Path,
    kind: str = "type",
    *,
    outside: bool = True,
    units: str = "Tokens",
) -> Figure:
    """Draw counts (L, L) of gold types or labels (rows) against predicted ones (columns).

    The colour of a cell is its fraction of the row. With `outside`, the last label stands for no entity; no entity
    against no entity has no count, so this cell is blank. Without, `units` are counted.
    """
    totals = counts.sum(axis=1, keepdims=True)
    fractions = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    if outside:
        fractions[-1, -1] = np.nan
    title = "Entities by type" if outside else f"{units} by {kind}"
    figure, axes = _matrix(labels, f"predicted {kind}", f"gold {kind}", title)
    image = axes.imshow(fractions, cmap="Blues", vmin=0.0, vmax=1.0)
    _number(axes, fractions, [[f"{count:,}" for count in row] for row in counts.tolist()], dark_from=0.6)
    figure.colorbar(image, shrink=0.8, label="fraction of the row")
    return save(figure, path)


def transitions(tags: Sequence[str], scores: NDArray[Any], path: Path) -> Figure:
    """Draw the transition scores (L, L) from tag (row) to tag (column). Forbidden transitions are NaN, and grey.

    The colours have their middle at 0. Lines separate the tags of neighbouring types.
    """
    figure, axes = _matrix(tags, "to", "from", "Transition scores")
    largest = float(np.nanmax(np.abs(scores), initial=0.0)) or 1.0
    axes.set_facecolor("0.9")
    image = axes.imshow(scores, cmap="RdBu", vmin=-largest, vmax=largest)
    # Adding 0 turns a score that is rounded to -0.0 into 0.0.
    _number(axes, scores / largest, [[f"{score + 0.0:.1f}" for score in row] for row in scores.round(1)], dark_from=0.6)
    for index, (before, after) in enumerate(pairwise(tag.partition("-")[2] for tag in tags)):
        if before != after:
            axes.axhline(index + 0.5, color="white", linewidth=2)
            axes.axvline(index + 0.5, color="white", linewidth=2)
    figure.colorbar(image, shrink=0.8)
    return save(figure, path)


def attention(tokens: Sequence[str], weights: NDArray[Any], path: Path) -> Figure:
    """Draw the attention weights (heads, T, T) of each token (row) for each token (column), a heat map for each head.

    All heat maps share their colours. Up to `NAMED` tokens are named, more are numbered from 0.
    """
    across = math.ceil(len(weights) ** 0.5)
    down = math.ceil(len(weights) / across)
    size = max(2.5, 0.17 * min(len(tokens), NAMED) + 1.2)
    figure = Figure(figsize=(size * across + 1, size * down), layout="constrained")
    panels = list(figure.subplots(down, across, squeeze=False).flat)
    for head, (axes, values) in enumerate(zip(panels, weights, strict=False), 1):
        image = axes.imshow(values, cmap="viridis", vmin=0.0, vmax=weights.max())
        axes.set_title(f"head {head}", fontsize=9)
        if len(tokens) <= NAMED:
            # A dollar sign is a token here, not mathematics.
            ticks = range(len(tokens))
            axes.set_xticks(ticks, tokens, rotation=90, fontsize=7, parse_math=False)
            axes.set_yticks(ticks, tokens, fontsize=7, parse_math=False)
    for axes in panels[len(weights) :]:
        axes.remove()
    figure.supxlabel("read", fontsize=9)
    figure.supylabel("by", fontsize=9)
    figure.colorbar(image, ax=figure.axes, shrink=0.8)
    return save(figure, path)


def _matrix(labels: Sequence[str], across: str, down: str, title: str) -> tuple[Figure, Axes]:
    """Make a figure for a matrix (L, L) with named rows and columns."""
    size = max(4.0, 0.45 * len(labels) + 2)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.set_title(title)
    return figure, axes


def _number(axes: Axes, shades: NDArray[Any], texts: Sequence[Sequence[str]], *, dark_from: float) -> None:
    """Write texts into the cells of a matrix with at most `NUMBERED` columns, unless their shade is NaN.

    A cell is dark if the absolute value of its shade is at least `dark_from`; its text is then white.
    """
    if len(shades) <= NUMBERED:
        for row, column in np.argwhere(~np.isnan(shades)):
            colour = "white" if abs(shades[row, column]) >= dark_from else "black"
            axes.text(column, row, texts[row][column], ha="center", va="center", fontsize=7, color=colour)


# --- forecasting ----------------------------------------------------------------------------------------------------


def by_step(errors: Sequence[float], coverage: Sequence[float], nominal: float, path: Path) -> Figure:
    """Draw the mean squared error and the intervals' coverage at each horizon step, beside the nominal coverage."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    steps, marker = range(1, len(errors) + 1), "." if len(errors) < MARKED else ""
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(steps, errors, color="tab:blue", marker=marker)
    upper.set_ylabel("MSE (scaled)")
    upper.set_title("Error and coverage by step ahead")
    lower.plot(steps, coverage, color="tab:orange", marker=marker)
    lower.axhline(nominal, color="grey", linestyle="--", label=f"nominal {nominal:.0%}")
    lower.set_ylabel("coverage")
    lower.set_xlabel("step")
    lower.legend()
    return save(figure, path)


@dataclass(frozen=True, eq=False)
class ForecastPanel:
    """A panel with the history and the forecast of one column."""

    title: str
    dates: NDArray[Any]
    """(T,) dates of the history."""
    history: NDArray[Any]
    """(T,)"""
    ahead: NDArray[Any]
    """(H,) dates of the forecast."""
    forecast: NDArray[Any]
    """(H,)"""
    lower: NDArray[Any]
    """(H,)"""
    upper: NDArray[Any]
    """(H,)"""


def forecasts(panels: Sequence[ForecastPanel], count: int, level: float, path: Path) -> Figure:
    """Draw history, forecast and interval in each panel. `count` is the number of panels without a limit.

    The forecast begins at the last value of the history. Panels with the same dates name them once.
    """
    figure = Figure(figsize=(8, 2.2 * len(panels) + 0.8), layout="constrained")
    same_dates = all(
        np.array_equal(panel.dates, panels[0].dates) and np.array_equal(panel.ahead, panels[0].ahead)
        for panel in panels
    )
    all_axes = figure.subplots(len(panels), 1, squeeze=False, sharex=same_dates)[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        ahead, forecast, lower, upper = (
            np.concatenate([before[-1:], after])
            for before, after in (
                (panel.dates, panel.ahead),
                *((panel.history, values) for values in (panel.forecast, panel.lower, panel.upper)),
            )
        )
        axes.plot(panel.dates, panel.history, color="black", linewidth=0.9, label="history")
        axes.plot(ahead, forecast, color="tab:blue", label="forecast")
        axes.fill_between(ahead, lower, upper, color="tab:blue", alpha=0.2, label=f"{level:.0%} interval")
        axes.set_title(panel.title, fontsize=9)
        dates = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=8)
    if count > len(panels):
        figure.suptitle(f"the first {len(panels)} of {count} columns", fontsize=9)
    return save(figure, path)


# --- files ----------------------------------------------------------------------------------------------------------


def save(figure: Figure, path: Path) -> Figure:
    """Write a figure as a PNG file, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: figure.savefig(partial, format="png"))
    return figure
