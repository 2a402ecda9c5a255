"""Pictures of a run, as PNG files. The only room that imports matplotlib."""

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


def curves(losses: Sequence[float], scores: Sequence[float], name: str, best: int, path: Path) -> None:
    """Training loss and development score (called `name`) of each epoch; `best` is the epoch kept, from 1."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    left = epochs_axes(figure, losses, best)
    left.set_ylabel("training loss", color="tab:blue")
    right = left.twinx()
    right.plot(range(1, len(scores) + 1), scores, color="tab:orange", marker=".")
    right.set_ylabel(f"development {name}", color="tab:orange")
    left.set_title(f"Loss and {name} vs epochs; kept: epoch {best}, {scores[best - 1]:.4f}")
    save(figure, path)


def loss_curves(training: Sequence[float], validation: Sequence[float], name: str, best: int, path: Path) -> None:
    """Training and validation loss (called `name`) of each epoch on one axis; `best` is the epoch kept, from 1."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = epochs_axes(figure, training, best)
    axes.plot(range(1, len(validation) + 1), validation, color="tab:orange", marker=".", label="validation")
    axes.set_yscale("log")
    axes.set_ylabel(f"loss ({name})")
    axes.set_title(f"Loss vs epochs; kept: epoch {best}, {validation[best - 1]:.4f}")
    axes.legend()
    save(figure, path)


def epochs_axes(figure: Figure, losses: Sequence[float], best: int) -> Axes:
    """Axes with the training loss of each epoch and a line at the one that was kept."""
    axes = figure.subplots()
    axes.plot(range(1, len(losses) + 1), losses, color="tab:blue", marker=".", label="training")
    axes.axvline(best, color="grey", linestyle=":", linewidth=1)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def confusion(labels: Sequence[str], counts: NDArray[Any], path: Path) -> None:
    """Gold types against predicted types."""
    matrix(counts, labels, labels, "predicted type", "gold type", "Entities by type", path, "d")


def transitions(tags: Sequence[str], scores: NDArray[Any], path: Path) -> None:
    """Learned transition scores from tag (row) to tag (column); forbidden transitions are blank."""
    matrix(scores, tags, tags, "to", "from", "Transition scores", path, ".1f")


def by_step(errors: Sequence[float], coverage: Sequence[float], nominal: float, path: Path) -> None:
    """Mean squared error and coverage of the intervals at each step ahead."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    steps = range(1, len(errors) + 1)
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(steps, errors, color="tab:blue", marker="." if len(errors) < 50 else "")
    upper.set_ylabel("MSE (scaled)")
    upper.set_title("Error and coverage by step ahead")
    lower.plot(steps, coverage, color="tab:orange", marker="." if len(errors) < 50 else "")
    lower.axhline(nominal, color="grey", linestyle="--", label=f"nominal {nominal:.0%}")
    lower.set_ylabel("coverage")
    lower.set_xlabel("step")
    lower.legend()
    save(figure, path)


def attention(tokens: Sequence[str], weights: NDArray[Any], path: Path) -> None:
    """(heads, T, T) how much each token (row) reads of each (column), a heat map a head, all in the same colours.

    Up to `NAMED` tokens are named, more are numbered from 0.
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
            # A dollar is a token here, not mathematics.
            places = range(len(tokens))
            axes.set_xticks(places, tokens, rotation=90, fontsize=7, parse_math=False)
            axes.set_yticks(places, tokens, fontsize=7, parse_math=False)
    for axes in panels[len(weights) :]:
        axes.remove()
    figure.supxlabel("read", fontsize=9)
    figure.supylabel("by", fontsize=9)
    figure.colorbar(image, ax=figure.axes, shrink=0.8)
    save(figure, path)


NAMED = 80
"""Tokens that have room for their names beside a heat map."""


@dataclass(frozen=True, eq=False)
class ForecastPanel:
    """One column's history and forecast."""

    title: str
    dates: NDArray[Any]
    history: NDArray[Any]
    ahead: NDArray[Any]
    forecast: NDArray[Any]
    lower: NDArray[Any]
    upper: NDArray[Any]


def forecasts(panels: Sequence[ForecastPanel], count: int, level: float, path: Path) -> None:
    """History, forecast and band, a panel each; `count` says how many there would be."""
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
    save(figure, path)


def matrix(
    values: NDArray[Any],
    rows: Sequence[str],
    columns: Sequence[str],
    across: str,
    down: str,
    title: str,
    path: Path,
    number: str,
) -> None:
    """A labelled matrix with its numbers written in, as far as they can be read."""
    size = max(4.0, 0.45 * len(columns) + 2)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(values, cmap="viridis")
    low, high = np.nanmin(values), np.nanmax(values)
    axes.set_xticks(range(len(columns)), columns, rotation=90)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.set_title(title)
    if len(columns) <= 24:
        for i in range(len(rows)):
            for j in range(len(columns)):
                if values[i, j] == values[i, j]:
                    shade = (values[i, j] - low) / ((high - low) or 1)
                    axes.text(
                        j,
                        i,
                        format(values[i, j], number),
                        ha="center",
                        va="center",
                        fontsize=7,
                        color="black" if shade > 0.6 else "white",
                    )
    figure.colorbar(image, shrink=0.8)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda partial: figure.savefig(partial, format="png"))
