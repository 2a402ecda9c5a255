"""Small files of a machine's states, and configs that learn them in a second."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bilstm_nlp.config import parse
from bilstm_nlp.config.labelling import LabellingConfig
from bilstm_nlp.data.labelled.sequence import LabelledSequence

HEADS = ({"kind": "crf"}, {"kind": "softmax"})


def csv_of(seed: int, lengths: tuple[int, ...], *, name: str = "m") -> str:
    """Sequences of two sensors with the states low and high, whose borders only the second sensor tells."""
    generator = np.random.default_rng(seed)
    lines = ["recording,step,heat,speed,state"]
    for number, length in enumerate(lengths):
        high = (np.arange(length) // 5 + number) % 2 == 1
        heat = generator.normal(size=length)
        speed = high * 3.0 + generator.normal(scale=0.3, size=length)
        states = np.where(high, "high", "low")
        rows = zip(range(1, length + 1), heat, speed, states, strict=True)
        lines += [f"{name}{number},{step},{a:.3f},{b:.3f},{state}" for step, a, b, state in rows]
    return "\n".join(lines) + "\n"


def machine_config(folder: Path, **tables: dict[str, object]) -> LabellingConfig:
    """Write files, and return a config of a small labeller; `tables` replace settings of tables."""
    (folder / "train.csv").write_text(csv_of(1, (23, 17, 31, 8, 20, 12)))
    (folder / "dev.csv").write_text(csv_of(2, (19, 26, 7), name="d"))
    values: dict[str, dict[str, object]] = {
        "data": {"train": str(folder / "train.csv"), "dev": str(folder / "dev.csv")},
        "encoder": {"hidden": 8, "dropout": 0.1},
        "training": {
            "epochs": 6,
            "batch_steps": 60,
            "device": "cpu",
            "optimizer": {"kind": "adam", "learning_rate": 0.03},
        },
    }
    for name, table in tables.items():
        values[name] = {**values.get(name, {}), **table}
    config = parse({"task": "labelling", **values}, "a test")
    assert isinstance(config, LabellingConfig)
    return config


def a_sequence(values: list[list[float]], labels: str, name: str = "a") -> LabelledSequence:
    """A sequence with a letter a step as its label."""
    return LabelledSequence(name, "a.csv", 2, np.array(values), tuple(labels), np.arange(len(values)) + 2)
