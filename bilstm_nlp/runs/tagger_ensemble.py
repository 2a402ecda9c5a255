"""Several trained taggers as one, with the development section that they share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bilstm_nlp.errors import InputError
from bilstm_nlp.runs.load import Run
from bilstm_nlp.runs.provenance import digest
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.request import Combine, ErrorsPage

if TYPE_CHECKING:
    from bilstm_nlp.data.text.corpus import TaggedCorpus
    from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble
    from bilstm_nlp.tasks.tagging.task import TaggingTask


def are_taggers(runs: Sequence[Run]) -> bool:
    """Return True if the first run is a tagger's, so that all must be."""
    from bilstm_nlp.tasks.tagging.predictor import Tagger

    return isinstance(runs[0].predictor, Tagger)


def taggers(runs: Sequence[Run], combine: Combine) -> TaggerEnsemble:
    """Make the ensemble of taggers' runs.

    Raises `InputError` for runs that differ in what an ensemble must share, and for another combination than the mean.
    """
    from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble
    from bilstm_nlp.tasks.tagging.predictor import Tagger

    if combine != "mean":
        raise InputError(f"combine: expected mean for taggers, found {combine!r}")
    tasks = _tasks(runs)
    members = [run.predictor for run in runs if isinstance(run.predictor, Tagger)]
    assert len(members) == len(tasks)
    return TaggerEnsemble(members, [str(run.directory.path) for run in runs], partial(development_section, runs))


def evaluate(runs: Sequence[Run], combine: Combine, source: str | None, errors: Path | None) -> dict[str, Any]:
    """Score taggers as one on a corpus, by default on their common test corpus, or development corpus without one.

    Raises `InputError` if the runs read corpora differently, or have different corpora by default.
    """
    ensemble, tasks = taggers(runs, combine), _tasks(runs)
    _check_reading(runs, tasks)
    corpora = [task.config.data.test or task.config.data.dev for task in tasks]
    for run, corpus in zip(runs, corpora, strict=True):
        if source is None and corpus != corpora[0]:
            raise InputError(
                f"{run.directory.path}: expected the corpus of {runs[0].directory.path}, {corpora[0]}, found {corpus}; "
                "--data names one to score on"
            )
    page = None if errors is None else ErrorsPage(errors, [run.directory.path for run in runs])
    return tasks[0].scores(ensemble.decoder, source, page)


def development_section(runs: Sequence[Run]) -> TaggedCorpus:
    """Read the development section that all runs share, as it was when they were trained.

    Raises `InputError` if they share none, and if its file is missing or has changed.
    """
    tasks, first = _tasks(runs), runs[0].directory.path
    _check_reading(runs, tasks)
    sources = [task.config.data.dev for task in tasks]
    digests = [run.directory.origin().get("data", {}).get(source) for run, source in zip(runs, sources, strict=True)]
    for run, source, saved in zip(runs, sources, digests, strict=True):
        if saved is None:
            raise InputError(f"{run.directory.path}: expected a digest of {source} in run.json, found none")
        if saved != digests[0]:
            raise InputError(
                f"{run.directory.path}: expected the development section of {first}, {sources[0]}, found another: "
                f"{source}"
            )
    now = {source: digest(source) for source in sources}
    for source in sources:
        if now[source] == digests[0]:
            from bilstm_nlp.tasks.tagging.predictor import Tagger

            assert isinstance(runs[0].predictor, Tagger)
            return tasks[0].corpus(source, runs[0].predictor.codec)
    state = "no file that can be read" if now[sources[0]] is None else "a file that has changed since"
    raise InputError(f"{sources[0]}: expected the development section that the runs were trained with, found {state}")


def _tasks(runs: Sequence[Run]) -> list[TaggingTask]:
    """Return the task of each run. Raises `ConfigError` for a run of another task."""
    return [tagging(run.config, str(run.directory.path)) for run in runs]


def _check_reading(runs: Sequence[Run], tasks: Sequence[TaggingTask]) -> None:
    """Raise `InputError` for a run that reads the tags of corpora in another way than the first."""
    first = tasks[0].config.data
    for run, task in zip(runs[1:], tasks[1:], strict=True):
        data = task.config.data
        for key, expected, other in (
            ("on_invalid_tags", first.on_invalid_tags, data.on_invalid_tags),
            ("file_scheme", first.file_scheme, data.file_scheme),
        ):
            if expected != other:
                raise InputError(
                    f"{run.directory.path}: expected data.{key} {expected}, as {runs[0].directory.path} has, "
                    f"found {other}"
                )
