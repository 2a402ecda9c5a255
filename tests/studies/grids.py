"""A small grid on a small corpus, for tests of comparisons. A run takes a second."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from bilstm_nlp.studies.compare import grid as grids
from bilstm_nlp.studies.compare.grid import Grid

WORDS = {"PER": ["Ann", "Ford", "Keller"], "LOC": ["Basel", "Bonn", "Rome"], "O": ["met", "saw", "left", "in", "for"]}


def corpus(sentences: int, shift: int = 0) -> str:
    """Write distinct sentences as columns: a person, two other words and a location."""
    lines = []
    for number in range(shift, shift + sentences):
        for position, kind in enumerate(["PER", "O", "O", "LOC"]):
            word = WORDS[kind][(number * (position + 1) + position) % len(WORDS[kind])]
            lines.append(f"{word} {kind if kind == 'O' else 'B-' + kind}")
        lines.append("")
    return "\n".join(lines)


BASE = """
[data]
train = "{folder}/train.conll"
dev = "{folder}/dev.conll"
[embeddings]
dimension = 5
characters.kind = "none"
[encoder]
hidden = 4
[training]
epochs = 2
batch_tokens = 40
"""

VARIANTS = {"crf": {}, "gru": {"encoder": {"cell": "gru"}}}
WILD = {
    "head": {"kind": "softmax"},
    "training": {
        "clip": 0,
        "schedule": {"kind": "constant"},
        "optimizer": {"kind": "sgd", "learning_rate": 1e38},
    },
}
"""Settings that make a run diverge."""


def write_base(folder: Path) -> None:
    """Write small corpora and the config base.toml that reads them."""
    (folder / "train.conll").write_text(corpus(30), encoding="utf-8")
    (folder / "dev.conll").write_text(corpus(11, shift=100), encoding="utf-8")
    (folder / "base.toml").write_text(BASE.format(folder=folder), encoding="utf-8")


def write_grid(folder: Path, name: str = "grid.toml", **keys: object) -> Path:
    """Write a grid over the base in `folder`, with `keys` in place of the default keys."""
    values = {"base": "base.toml", "baseline": "crf", "seeds": [1, 2], "variants": VARIANTS, **keys}
    path = folder / name
    path.write_text("\n".join(f"{key} = {toml(value)}" for key, value in values.items()), encoding="utf-8")
    return path


def toml(value: object) -> str:
    """Return a value as one line of TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


def read(folder: Path, base: str = "base.toml", **keys: object) -> Grid:
    """Read a grid over the base in `folder`. It is written elsewhere, because tests share the folder."""
    with TemporaryDirectory() as elsewhere:
        return grids.read(write_grid(Path(elsewhere), base=str(folder / base), **keys))
