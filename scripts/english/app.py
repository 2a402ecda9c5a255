"""The command line of `scripts/make_english.py`: corpora → training → the run that is shipped."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from pathlib import Path

import torch

import bilstm_nlp
from bilstm_nlp.config import load
from bilstm_nlp.runs.evaluate import evaluate
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.verify import verify

from .corpora import write
from .mixture import development, training
from .release import LARGEST, attribution, release

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "ner" / "english.toml"
PACKAGE = ROOT / "models" / "english" / "bilstm_nlp_english"
MEASURED = {
    "EWT, development": (
        "uner-ewt/dev.iob2",
        ["data.token_column=1", "data.tag_column=2", 'data.comment="# "'],
    ),
    "CoNLL-2003, development": (
        "conll2003/eng.testa",
        ["data.tag_column=3", 'data.tag_map={ "B-MISC" = "O", "I-MISC" = "O" }', "data.on_invalid_tags=repair"],
    ),
}
"""Corpora that are measured and never trained on: their files, and the settings that read them."""


def main() -> None:
    given = _arguments().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    torch.set_num_threads(1)
    given.work.mkdir(parents=True, exist_ok=True)
    train, dev, run = given.work / "train.conll", given.work / "dev.conll", given.work / f"run-{given.seed}"
    changes: Counter[str] = Counter()
    write(train, training(given.data, given.mixture_seed, changes))
    write(dev, development(given.data, changes))
    for change, count in changes.items():
        print(f"{count:6,} {change}")
    settings = [f"data.train={train}", f"data.dev={dev}", f"embeddings.file={given.vectors}", f"seed={given.seed}"]
    bilstm_nlp.train(load(CONFIG, [*settings, *given.set]), run, resume=True)
    for name, (file, reading) in MEASURED.items():
        if (given.data / file).exists():
            print(f"{name}: F1 {100 * f1(run, given.data / file, reading):.2f}")
    if given.release:
        release(run, PACKAGE / "run")
        (PACKAGE / "ATTRIBUTION.md").write_text(attribution(), "utf-8")
        assert verify(PACKAGE / "run").same, "the run that is shipped answers like the one that was trained"
        size = sum(file.stat().st_size for file in PACKAGE.rglob("*") if file.is_file())
        print(f"{PACKAGE}: {size:,} bytes of at most {LARGEST:,}")
        assert size <= LARGEST


def f1(run: Path, file: Path, settings: list[str]) -> float:
    """Score a run on a corpus: F1."""
    opened = open_run(run, settings)
    value = evaluate(opened, str(file))["f1"]
    assert isinstance(value, float)
    return value


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train the English tagger of configs/ner/english.toml.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="folder of the corpora")
    parser.add_argument("--vectors", type=Path, required=True, help="GloVe 6B, 100 dimensions, as text")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "english", help="folder of corpora and runs")
    parser.add_argument("--seed", type=int, default=1, help="seed of the training")
    parser.add_argument("--mixture-seed", type=int, default=1, help="seed of the sentences that are written otherwise")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override a key of the config")
    parser.add_argument("--release", action="store_true", help=f"write the run to {PACKAGE.relative_to(ROOT)}/run")
    return parser
