"""Cross-validate the config of a classifier on its training part, to choose settings without a test part.

    python scripts/cross_validate.py CONFIG [--folds 5] [--seeds 1 2 3] [--set KEY=VALUE …]

Each fold is trained on all others and scored after the last epoch, so that no epoch is chosen by the fold. Prints the
share of right answers of each seed over all folds. `data.dev`, `data.held_out` and `training.patience` are not used.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from bilstm_nlp.config import load
from bilstm_nlp.config.classification import SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.tasks.classification.ends import Part, Parts
from bilstm_nlp.tasks.classification.parts import hold_out
from bilstm_nlp.tasks.classification.task import ClassificationTask
from bilstm_nlp.tasks.trainer import settings
from bilstm_nlp.training.loop import fit


def score_of_fold(task: ClassificationTask, whole: Part, fold: int, folds: int) -> tuple[float, int]:
    """Train on all folds but one; return the score of this fold after the last epoch, and its sequences."""
    train, dev = hold_out(whole, fold, folds, lambda value: repr(task.end.key(value)))
    task.end.load = lambda: Parts(train, dev, None)
    prepared = task.prepare()
    reports = [
        epoch.report for epoch in fit(prepared.model, prepared.batches, prepared.scorer(), settings(task.config))
    ]
    return reports[-1].score.value, len(dev.examples)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("config", type=Path)
    arguments.add_argument("--folds", type=int, default=5)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    means = []
    for seed in given.seeds:
        config = load(given.config, [*given.overrides, f"seed={seed}"])
        assert isinstance(config, TextClassificationConfig | SeriesClassificationConfig), "expected a classifier"
        # The whole training part, none of which is cut off.
        data = config.data.model_copy(update={"dev": config.data.train, "test": None, "held_out": None})
        config = config.model_copy(update={"data": data})
        task = ClassificationTask(config)
        whole = task.end.load().train
        scores = [score_of_fold(task, whole, fold, given.folds) for fold in range(1, given.folds + 1)]
        means.append(np.average([score for score, _ in scores], weights=[count for _, count in scores]))
        print(
            f"seed {seed}: {100 * means[-1]:.2f}  by fold", *(f"{100 * score:.1f}" for score, _ in scores), flush=True
        )
    print(f"mean {100 * np.mean(means):.2f} ± {100 * np.std(means):.2f} over {len(means)} seeds")


if __name__ == "__main__":
    main()
