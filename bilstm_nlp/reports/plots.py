"""Plots of a run, as PNG files. The only module that imports matplotlib.

Each function draws a figure, saves it to `path` and returns it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
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
    right.set_ylabel(f"development {name}", color="tab:orange")
    left.set_title(f"Loss and {name} vs epochs; kept: epoch {best}, {scores[best - 1]:.4f}")
    return save(figure, path)


def loss_curves(training: Sequence[float], validation: Sequence[float], name: str, best: int, path: Path) -> Figure:
    """Draw the training and the validation loss of each epoch, on one logarithmic axis.

    `name` is that of the loss, `best` the epoch that was kept, from 1.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = _epochs_axes(figure, training, best)
    axes.plot(range(1, len(validation) + 1), validation, color="tab:orange", marker=".", label="validation")
    axes.set_yscale("log")
    axes.set_ylabel(f"loss ({name})")
    axes.set_title(f"Loss vs epochs; kept: epoch {best}, {validation[best - 1]:.4f}")
    axes.legend()
    return save(figure, path)


def _epochs_axes(figure: Figure, losses: Sequence[float], best: int) -> Axes:
    """Make axes with the training loss of each epoch and a line at the epoch that was kept."""
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, color="tab:blue", marker=".", label="training")
    axes.axvline(best, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


# --- tagging --------------------------------------------------------------------------------------------------------


def confusion(labels: Sequence[str], counts: NDArray[Any], path: Path) -> Figure:
    """Draw counts (L, L) of gold types (rows) against predicted types (columns)."""
    return _matrix(counts, labels, "predicted type", "gold type", "Entities by type", path, "d")


def transitions(tags: Sequence[str], scores: NDArray[Any], path: Path) -> Figure:
    """Draw the transition scores (L, L) from tag (row) to tag (column). Forbidden transitions are NaN, and blank."""
    return _matrix(scores, tags, "to", "from", "Transition scores", path, ".1f")


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


def _matrix(
    values: NDArray[Any], labels: Sequence[str], across: str, down: str, title: str, path: Path, number: str
) -> Figure:
    """Draw a labelled matrix (L, L); up to `NUMBERED` labels, with its values formatted by `number`."""
    size = max(4.0, 0.45 * len(labels) + 2)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="viridis")
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.set_title(title)
    if len(labels) <= NUMBERED:
        low, high = np.nanmin(values), np.nanmax(values)
        for row, column in np.argwhere(~np.isnan(values)):
            shade = (values[row, column] - low) / ((high - low) or 1)
            axes.text(
                column,
                row,
                format(values[row, column], number),
                ha="center",
                va="center",
                fontsize=7,
                color="black" if shade > 0.6 else "white",
            )
    figure.colorbar(image, shrink=0.8)
    return save(figure, path)


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
    """Draw history, forecast and interval in each panel. `count` is the number of panels without a limit."""
    figure = Figure(figsize=(8, 2.2 * len(panels) + 0.8), layout="constrained")
    for axes, panel in zip(figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True):
        axes.plot(panel.dates, panel.history, color="black", linewidth=0.9, label="history")
        axes.plot(panel.ahead, panel.forecast, color="tab:blue", label="forecast")
        axes.fill_between(panel.ahead, panel.lower, panel.upper, color="tab:blue", alpha=0.2, label=f"{level:.0%}")
        axes.set_title(panel.title, fontsize=9)
        dates = ConciseDateFormatter(axes.xaxis.get_major_locator())  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(dates)
    figure.axes[0].legend(loc="upper left", fontsize=8)
    if count > len(panels):
        figure.suptitle(f"the first {len(panels)} of {count} columns", fontsize=9)
    return save(figure, path)


# --- files ----------------------------------------------------------------------------------------------------------


def save(figure: Figure, path: Path) -> Figure:
    """Write a figure as a PNG file, whole or not at all; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: figure.savefig(partial, format="png"))
    return figure
