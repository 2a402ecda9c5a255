"""Corpora to measure taggers on: CoNLL-2003 if its files are given, otherwise copies of the sample corpus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from bilstm_nlp.config import parse
from bilstm_nlp.config.reading import read_toml
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence, sentences_of
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs import train as experiment

from .report import ROOT

CONFIG = "configs/ner/conll2003.toml"
SAMPLES = ROOT / "bilstm_nlp" / "data" / "samples"
COPIES = {"train": 17, "dev": 28}
"""Copies that make the sample corpus as large as CoNLL-2003, which has 203,621 and 51,362 tokens."""
FORMAT = ColumnFormat().without_tags()


@dataclass(frozen=True)
class Corpora:
    """Column files with tags, and word vectors."""

    train: Path
    dev: Path
    vectors: Path | None
    notes: tuple[str, ...]
    """Notes on files that differ from those of CoNLL-2003 and GloVe."""


def corpora(train: Path | None, dev: Path | None, vectors: Path | None, folder: Path) -> Corpora:
    """Return the given files, or copies of the sample corpus, written to `folder`. Without a file, vectors are random.

    Raises `InputError` for one corpus without the other.
    """
    if (train is None) != (dev is None):
        raise InputError(f"--train and --dev: expected both or neither, found {train or dev} alone")
    notes = []
    if train is None or dev is None:
        notes.append(f"no --train and --dev: the sample corpus {COPIES['train']} times, which has fewer distinct words")
        train, dev = (repeated_sample(part, folder) for part in ("train", "dev"))
    if vectors is None:
        notes.append("no --vectors: random vectors of 100 dimensions, for the words of the training data alone")
    return Corpora(train, dev, vectors, tuple(notes))


def repeated_sample(part: str, folder: Path) -> Path:
    """Write a part of the sample corpus `COPIES` times."""
    text = (SAMPLES / f"news.{part}.conll").read_text(encoding="utf-8")
    path = folder / f"{part}.conll"
    path.write_text(text * COPIES[part], encoding="utf-8")
    return path


def config_of(files: Corpora, *, epochs: int, fraction: float = 1.0, precision: str = "fp32") -> TaggingConfig:
    """Return the shipped CoNLL config on these files, on the CPU, its sentences read alone.

    It is compared with an LSTM over the same batches, so it has no features of documents.
    """
    values: dict[str, Any] = read_toml(ROOT / CONFIG)
    values["context"] = {"kind": "none"}
    values["embeddings"] |= {"lexicon": False, "usage": False}
    values["data"] |= {"train": str(files.train), "dev": str(files.dev), "fraction": fraction}
    values["embeddings"]["file"] = str(files.vectors)
    if files.vectors is None:
        del values["embeddings"]["file"]
        values["embeddings"]["dimension"] = 100
    values["training"] |= {"epochs": epochs, "device": "cpu", "precision": precision}
    config = parse(values, CONFIG)
    assert isinstance(config, TaggingConfig)
    return config


def trained(files: Corpora, folder: Path) -> Path:
    """Train a run for an epoch on a tenth of the data. It is as large and as fast as others, and less accurate."""
    run = folder / "run"
    for _ in experiment.train_epochs(config_of(files, epochs=1, fraction=0.1), run):
        pass
    return run


def sentences(files: Corpora) -> Iterator[Sentence]:
    """Yield sentences with the rows of their files, without end: the first follows the last."""
    return cycle(
        [sentence for path in (files.train, files.dev) for sentence in sentences_of(str(path), "conll", FORMAT)]
    )
