"""Make bilstm_nlp/data/samples/machine.{train,dev}.csv: days of a made-up machine, with its state at each step.

Usage: python scripts/make_sample_steps.py [FOLDER]

A row is a minute of a shift. `temperature` (°C) follows the state slowly, `vibration` (mm/s) at once, and `current` (A)
is high while the machine heats or runs. The state is one of `idle`, `heating`, `running` and `cooling`. A step alone
does not tell it: idle and cooling differ by the course of the temperature, and the sensors are noisy. No value was ever
measured; the files are dedicated to the public domain (CC0 1.0).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parent.parent / "bilstm_nlp" / "data" / "samples"
SHIFTS = {"train": 9, "dev": 4}
MINUTES = {"idle": (4, 14), "heating": (5, 9), "running": (8, 22), "cooling": (6, 12)}
TARGET = {"idle": 22.0, "heating": 95.0, "running": 80.0, "cooling": 25.0}
SPEED = {"idle": 0.05, "heating": 0.25, "running": 0.15, "cooling": 0.16}
VIBRATION = {"idle": 0.2, "heating": 0.5, "running": 2.4, "cooling": 0.4}
CURRENT = {"idle": 0.8, "heating": 7.5, "running": 5.5, "cooling": 1.2}


def shift(generator: np.random.Generator, name: str) -> pd.DataFrame:
    """One shift: two or three rounds of heating, running, perhaps heating and running again, and cooling."""
    states = ["idle"]
    for _ in range(int(generator.integers(1, 3))):
        states += ["heating", "running"]
        if generator.random() < 0.4:
            states += ["heating", "running"]
        states += ["cooling", "idle"]
    labels = [state for state in states for _ in range(int(generator.integers(*MINUTES[state], endpoint=True)))]
    temperature = np.empty(len(labels))
    now = 22 + generator.normal(0, 2)
    for minute, state in enumerate(labels):
        now += SPEED[state] * (TARGET[state] - now)
        temperature[minute] = now
    noise = generator.standard_normal((len(labels), 3)) * [1.5, 0.35, 1.0]
    vibration = np.array([VIBRATION[state] for state in labels]) * np.exp(0.3 * noise[:, 1])
    columns = {
        "temperature": temperature + noise[:, 0],
        "vibration": np.abs(vibration + noise[:, 1]),
        "current": np.abs([CURRENT[state] for state in labels] + noise[:, 2]),
    }
    rounded = {column: np.round(values, 1) for column, values in columns.items()}
    return pd.DataFrame({"recording": name, "minute": np.arange(1, len(labels) + 1), **rounded, "state": labels})


def machine(part: str) -> pd.DataFrame:
    generator = np.random.default_rng([2026, len(part)])
    return pd.concat([shift(generator, f"{part}{number}") for number in range(1, SHIFTS[part] + 1)])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for part in SHIFTS:
        machine(part).to_csv(folder / f"machine.{part}.csv", index=False, lineterminator="\n")
