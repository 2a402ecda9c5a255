"""Small texts with classes, and the config of a small classifier of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TEXTS = """\
place Where is the old harbour ?
person Who built the bridge ?
number How many boats are there ?
place Where did the storm begin ?
person Who is the captain ?
number How many people live here ?
place Where can I find a room ?
person Who wrote this letter ?
number How many letters came ?
place Where
person Who sails tomorrow and who stays at home with the children of the others ?
number How many
"""


def config_of(folder: Path, **tables: Any) -> dict[str, Any]:
    """Return a config of a small classifier of the texts above; `tables` replace tables of the same name."""
    path = folder / "texts.txt"
    path.write_text(TEXTS, encoding="utf-8")
    values: dict[str, Any] = {
        "task": "classification",
        "data": {"train": str(path), "dev": str(path), "tokenizer": "blanks"},
        "embeddings": {"dimension": 6, "characters": {"kind": "cnn", "embedding": 5, "filters": 7}, "shapes": 4},
        "encoder": {"hidden": 4},
        "training": {"epochs": 2, "batch_size": 4, "device": "cpu"},
    }
    return values | tables
