"""Small corpora of plain labels and of segments, and configs that train on them in a second."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

CONFIG = """
[data]
train = "{train}"
dev = "{dev}"
[embeddings]
dimension = 16
characters = {{ kind = "none" }}
shapes = 0
[encoder]
hidden = 12
dropout = 0.0
[training]
epochs = {epochs}
batch_tokens = 100
optimizer = {{ kind = "adamw", learning_rate = 3e-2 }}
"""

Rows = list[tuple[str, str]]
WORDS = {"DT": ["the", "a"], "NN": ["dog", "cat", "run"], "VB": ["sees", "run"], "JJ": ["big", "red"], "IN": ["in"]}
PATTERNS = ["DT NN VB DT JJ NN", "DT JJ NN VB", "DT NN VB IN DT NN"]
CHARACTERS = ["我", "爱", "北京", "天安门", "你", "喜欢", "上海"]
NAMES = ["ann lee", "bob", "new york", "rome"]


def parts_of_speech(generator: random.Random) -> Rows:
    """A sentence whose words have one part of speech each, but for `run`."""
    return [(generator.choice(WORDS[tag]), tag) for tag in generator.choice(PATTERNS).split()]


def words_of_characters(generator: random.Random) -> Rows:
    """A sentence of words, cut into characters: B M E S."""
    rows: Rows = []
    for _ in range(generator.randint(2, 5)):
        word = generator.choice(CHARACTERS)
        tags = "S" if len(word) == 1 else "B" + "M" * (len(word) - 2) + "E"
        rows += zip(word, tags, strict=True)
    return rows


def names_without_type(generator: random.Random) -> Rows:
    """A sentence with names: B I O."""
    rows: Rows = []
    for _ in range(generator.randint(2, 4)):
        rows.append((generator.choice(["met", "saw", "in", "the"]), "O"))
        rows += [(word, "I" if index else "B") for index, word in enumerate(generator.choice(NAMES).split())]
    return rows


def write(path: Path, sentences: list[Rows]) -> Path:
    """Write a column file."""
    path.write_text("\n\n".join("\n".join(map(" ".join, rows)) for rows in sentences) + "\n", encoding="utf-8")
    return path


def config(folder: Path, make: Callable[[random.Random], Rows], epochs: int = 3) -> Path:
    """Write training and development data and their config into a folder."""
    generator = random.Random(1)
    parts = {name: write(folder / f"{name}.conll", [make(generator) for _ in range(n)]) for name, n in SIZES.items()}
    path = folder / "config.toml"
    path.write_text(CONFIG.format(**{name: part.as_posix() for name, part in parts.items()}, epochs=epochs))
    return path


SIZES = {"train": 120, "dev": 40}
