"""One run of a comparison, from its config to its trial: what a worker does, wherever it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from bilstm_nlp.config import Config
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import load
from bilstm_nlp.runs.lock import DirectoryLock
from bilstm_nlp.runs.train import train_epochs
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.training.reports import EpochReport


def carry_out(config: Config, folder: Path, key: str, resources: Resources) -> Iterator[EpochReport]:
    """Train into the run directory `folder`, or go on with what is there, then measure for the comparison.

    Yields each epoch when it is finished.
    """
    torch.set_num_threads(resources.threads)
    run = RunDirectory(folder)
    if run.finished:
        run.drop_state()
    else:
        yield from train_epochs(config, folder, resume=True)
    with DirectoryLock(folder):
        trial_files.save(folder, key, resources, build(config).prepare(load(folder)).measure())
