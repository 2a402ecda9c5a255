"""`bilstm-nlp audit`: the annotations of a training corpus that are most likely wrong.

Every sentence, text or series is predicted by a model that was trained without it and what belongs to it
(cross-validation). If such a model is confident and the annotation differs, one of the two is wrong, and a look is
worth its time. The idea is that of CrossWeigh (Wang et al. 2019), which gives such annotations less weight; here they
are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from bilstm_nlp.config import load as load_config
from bilstm_nlp.config import shipped
from bilstm_nlp.errors import WorkerError
from bilstm_nlp.runs.load import open_run
from bilstm_nlp.studies.engines.base import Engine, Watch, complete, no_progress
from bilstm_nlp.studies.engines.jobs import Job, jobs_of, missing
from bilstm_nlp.studies.engines.local import LocalProcesses
from bilstm_nlp.studies.engines.trial import PlannedRun
from bilstm_nlp.system.files import write_json
from bilstm_nlp.tasks.audit import Audit, Auditor
from bilstm_nlp.tasks.base import Predictor
from bilstm_nlp.tasks.registry import auditor, code_of


@dataclass(frozen=True)
class Folds:
    """The trainings of an audit, and the config that asks for them."""

    source: Path
    runs: Sequence[PlannedRun]


def audit(
    config: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    folds: int = 5,
    overrides: Sequence[str] = (),
    engine: Engine | None = None,
    watch: Watch = no_progress,
) -> Audit:
    """Train without each fold of a training corpus, and write audit.html and audit.json into `out`.

        audit("configs/ner/sample.toml").sections(limit=20)

    `out` is by default runs/audit-CONFIG's name. Finished trainings in it are not repeated. The other parameters are
    those of `compare`.
    Raises `InputError` for configs, data and directories that can't be used. Raises `WorkerError` if a training fails;
    the same call then tries the missing trainings again.
    """
    path = Path(config)
    folder = default_out(path) if out is None else Path(out)
    asked = load_config(path, overrides)
    in_folds = auditor(asked, folds, str(path))
    jobs = jobs_of(Folds(path, list(_runs(in_folds))), folder)
    complete(jobs, engine or LocalProcesses(), watch)
    failed = missing(jobs)
    if failed:
        raise WorkerError(
            f"{len(failed)} of {folds} folds failed, the same command tries them again; "
            f"{failed[0].folder}: {failed[0].error()}"
        )
    result = in_folds.conclude(_predictors(jobs))
    write_json(folder / "audit.json", result.as_json())
    result.write(folder / "audit.html")
    return result


def default_out(config: Path) -> Path:
    """Return the folder of a config's folds and reports if no other is given."""
    return shipped.default_out(config, "audit-")


def _runs(in_folds: Auditor) -> Iterator[PlannedRun]:
    """Yield a training without each fold."""
    for fold, config in enumerate(in_folds.without_each_fold(), 1):
        yield PlannedRun(f"fold {fold}", config.seed, config.data.fraction, config)


def _predictors(jobs: Sequence[Job]) -> Iterator[Predictor]:
    """Load the model of each fold when its turn comes. Code of its config is trusted: the caller has named it."""
    for job in jobs:
        yield open_run(job.folder, code_of(job.run.config)).predictor
