"""A worker's part of a job: train a run, then measure it for the comparison. The only module of studies with torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch

from bilstm_nlp.config import Config
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.runs.lock import DirectoryLock
from bilstm_nlp.runs.train import train_epochs
from bilstm_nlp.studies.engines import trial_files
from bilstm_nlp.studies.engines.trial_files import Resources
from bilstm_nlp.tasks.registry import build, code_of
from bilstm_nlp.training.reports import EpochReport


def carry_out(config: Config, folder: Path, key: str, resources: Resources) -> Iterator[EpochReport]:
    """Train a run in `folder`, or resume the run that is there, then write its trial; yield each finished epoch."""
    torch.set_num_threads(resources.threads)
    directory = RunDirectory(folder)
    if directory.finished:
        directory.drop_state()
    else:
        yield from train_epochs(config, folder, resume=True)
    with DirectoryLock(folder):
        # The run's config has the architecture of the run it started from, if any. Its code is that of `config`.
        run = open_run(folder, code_of(config))
        trial_files.save(folder, key, resources, build(run.config).prepare(run.predictor).measure())
