"""Make a panel of daily series for docs/performance.md: a level, a week, a slope and noise for each.

Usage: python scripts/make_panel.py OUTPUT.parquet SERIES [ROWS]
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd


def panel(series: int, rows: int) -> pd.DataFrame:
    """Return a long table with the columns unique_id, ds and y."""
    generator, time = np.random.default_rng(20), np.arange(rows)
    level = generator.uniform(20, 200, (series, 1))
    slope = generator.normal(0, 0.1, (series, 1))
    phase = generator.uniform(0, 7, (series, 1))
    size = generator.uniform(0.05, 0.4, (series, 1))
    week = 1 + size * np.sin(2 * np.pi * (time + phase) / 7)
    noise = generator.normal(size=(series, rows)) * level * 0.05
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"item_{number:05d}" for number in range(series)], rows),
            "ds": np.tile(pd.date_range("2024-01-01", periods=rows, freq="D"), series),
            "y": (level * week + slope * time + noise).ravel().round(3),
        }
    )


def main() -> None:
    """Write the panel that the arguments ask for."""
    output, series, *rows = sys.argv[1:]
    panel(int(series), int(rows[0]) if rows else 200).to_parquet(output, index=False)


if __name__ == "__main__":
    main()
