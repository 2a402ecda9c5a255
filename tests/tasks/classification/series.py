"""Small series with classes, and the config of a small classifier of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

LENGTHS = (9, 4, 12, 7, 3, 10, 5, 8, 6, 11, 4, 7)


def csv_of(seed: int, *, name: str = "s", lengths: tuple[int, ...] = LENGTHS) -> str:
    """Series of two columns with the classes up, down and flat: the direction of the second column."""
    generator = np.random.default_rng(seed)
    lines = ["unique_id,step,noise,level,label"]
    for number, length in enumerate(lengths):
        slope, label = ((1, "up"), (-1, "down"), (0, "flat"))[number % 3]
        noise = generator.normal(size=(length, 2))
        level = slope * np.arange(length) + 0.2 * noise[:, 1]
        rows = zip(range(1, length + 1), noise[:, 0], level, strict=True)
        lines += [f"{name}{number},{step},{a:.3f},{b:.3f},{label}" for step, a, b in rows]
    return "\n".join(lines) + "\n"


def series_config_of(folder: Path, **tables: Any) -> dict[str, Any]:
    """Write files, and return a config of a small classifier; `tables` replace tables of the same name."""
    (folder / "train.csv").write_text(csv_of(1))
    (folder / "dev.csv").write_text(csv_of(2, name="d"))
    values: dict[str, Any] = {
        "task": "classification",
        "input": "series",
        "data": {"train": str(folder / "train.csv"), "dev": str(folder / "dev.csv")},
        "encoder": {"hidden": 4},
        "training": {"epochs": 2, "batch_size": 4, "device": "cpu"},
    }
    return values | tables
