"""One run of a comparison, from its config to its trial: what a worker does, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from bilstm_nlp import experiment
from bilstm_nlp.checkpoint import RunDirectory
from bilstm_nlp.comparison import trials
from bilstm_nlp.comparison.trials import Resources
from bilstm_nlp.composition.tasks import build
from bilstm_nlp.config import Config
from bilstm_nlp.epochs import EpochReport
from bilstm_nlp.holding import Hold
from bilstm_nlp.prediction import load


def carry_out(config: Config, folder: Path, key: str, resources: Resources) -> Iterator[EpochReport]:
    """Train into the run directory `folder`, or go on with what is there, then measure for the comparison.

    Yields each epoch when it is finished.
    """
    torch.set_num_threads(resources.threads)
    run = RunDirectory(folder)
    if run.finished:
        run.drop_state()
    else:
        yield from experiment.train(config, folder, resume=True)
    with Hold(folder):
        task = build(config)
        trained = load(folder)
        trials.save(folder, key, resources, task.measure(trained.model, task.load(), trained.codec))
