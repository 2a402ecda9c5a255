"""Make bilstm_nlp/data/samples/energy.csv: 120 days of a made-up town, hour by hour, for trying out forecasts.

Usage: python scripts/make_sample_series.py [OUTPUT]

Three columns that hang together as they do in life: `temperature` (°C) has a rising trend from winter to spring, a day,
and weather that lasts; `solar` (MW) follows the height of the sun and the same clouds; `demand` (MW) has a day, a week,
holidays like Sundays, heating when it is cold, and one level shift (a factory opens on 15 February). Times are UTC. No
value was ever measured; the file is dedicated to the public domain (CC0 1.0).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

OUTPUT = Path(__file__).parent.parent / "bilstm_nlp" / "data" / "samples" / "energy.csv"
DAYS = 120
HOLIDAYS = ("2023-01-01", "2023-01-06", "2023-04-07", "2023-04-10")
SHIFT = "2023-02-15"


def persistent(generator: np.random.Generator, length: int, memory: float) -> np.ndarray:
    """(length,) noise of variance 1 whose neighbours correlate by `memory`."""
    shocks = generator.standard_normal(length) * np.sqrt(1 - memory**2)
    noise = np.zeros(length)
    for hour in range(length):
        noise[hour] = memory * noise[hour - 1] + shocks[hour]
    return noise


def bump(hour: np.ndarray, centre: float, width: float) -> np.ndarray:
    """A bell around an hour of the day, 1 at its top, wrapping round midnight."""
    distance = (hour - centre + 12) % 24 - 12
    return np.exp(-0.5 * (distance / width) ** 2)


def energy() -> pd.DataFrame:
    dates = pd.date_range("2023-01-01", periods=24 * DAYS, freq="h")
    generator = np.random.default_rng(2023)
    hour, day = dates.hour.to_numpy(), np.arange(len(dates)) / 24
    weather, clouds, habits = (persistent(generator, len(dates), memory) for memory in (0.985, 0.96, 0.8))

    temperature = 1 + 13 * day / DAYS + (2 + 2 * day / DAYS) * np.sin(2 * np.pi * (hour - 9) / 24) + 3 * weather

    # The sun's height at 50° north, from its declination on that day of the year and the hour.
    latitude = np.radians(50)
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (dates.day_of_year.to_numpy() + 10) / 365)
    height = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        2 * np.pi * (hour - 12) / 24
    )
    solar = 90 * np.clip(height, 0, None) * (1 - 0.75 / (1 + np.exp(-1.5 * clouds)))

    resting = np.isin(dates.normalize(), pd.to_datetime(list(HOLIDAYS))) | (dates.day_of_week == 6)
    business = np.where(resting, 0.25, np.where(dates.day_of_week == 5, 0.5, 1.0))
    demand = 120 + 45 * business * bump(hour, 11, 4) + 35 * bump(hour, 19, 2.5) - 20 * bump(hour, 3, 3)
    demand += 1.8 * np.clip(15 - temperature, 0, None) + 18 * (dates >= SHIFT) + 5 * habits
    columns = {"demand": demand, "solar": solar, "temperature": temperature}
    return pd.DataFrame({"date": dates, **{name: np.round(values, 1) for name, values in columns.items()}})


if __name__ == "__main__":
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    energy().to_csv(output, index=False, date_format="%Y-%m-%d %H:%M:%S", lineterminator="\n")
