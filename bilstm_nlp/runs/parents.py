"""The run that a training starts from, and the preparation of any training."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from bilstm_nlp.config import Config
from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import Run, open_run
from bilstm_nlp.tasks import trainer
from bilstm_nlp.tasks.base import Prepared
from bilstm_nlp.tasks.registry import build, inherited


class Start(NamedTuple):
    """The config of a training, and the finished run that the training starts from, if any."""

    config: Config
    parent: Run | None

    def prepare(self) -> Prepared:
        """Read the data, and make the model that is to be trained.

        Raises `InputError` for data that can't be used, and for layers that the model does not have.
        """
        task = build(self.config)
        prepared = task.prepare() if self.parent is None else task.prepare_from(self.parent.predictor)
        trainer.check(self.config.training, prepared.model)
        return prepared


def start_of(config: Config, folder: Path) -> Start:
    """Open the run that a config starts from, and return the config with the architecture of that run.

    `folder` is that of the new run.
    Raises `InputError` for a run that can't be opened, for a config of another architecture, and for the same folder.
    """
    if config.training.parent is None:
        return Start(config, None)
    if Path(config.training.parent).resolve() == folder.resolve():
        raise InputError(f"training.parent: expected another directory than that of the new run, found {folder}")
    parent = open_run(config.training.parent)
    return Start(inherited(config, parent.config, str(parent.directory.path)), parent)
