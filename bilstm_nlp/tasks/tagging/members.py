"""Several trained taggers as one, with the development section that they share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bilstm_nlp.data.text.corpus import TaggedCorpus
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.members import Member
from bilstm_nlp.tasks.request import Combine, ErrorsPage
from bilstm_nlp.tasks.tagging.ensemble import TaggerEnsemble
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.task import TaggingTask


def taggers(members: Sequence[Member], tasks: Sequence[TaggingTask], combine: Combine) -> TaggerEnsemble:
    """Make the ensemble of taggers' runs, whose tasks are given in the same order.

    Raises `InputError` for runs that differ in what an ensemble must share, and for another combination than the mean.
    """
    if combine != "mean":
        raise InputError(f"combine: expected mean for taggers, found {combine!r}")
    predictors = [member.predictor for member in members if isinstance(member.predictor, Tagger)]
    assert len(predictors) == len(tasks)
    return TaggerEnsemble(predictors, [member.name for member in members], partial(development_section, members, tasks))


def evaluate(
    members: Sequence[Member],
    tasks: Sequence[TaggingTask],
    combine: Combine,
    source: str | None,
    errors: Path | None,
    reader: TaggingTask | None = None,
) -> dict[str, Any]:
    """Score taggers as one on a corpus, by default on their common test corpus, or development corpus without one.

    `reader` reads the corpus, by default the first of `tasks`.
    Raises `InputError` if the runs read corpora differently, or have different corpora by default.
    """
    ensemble = taggers(members, tasks, combine)
    _check_reading(members, tasks)
    corpora = [task.config.data.test or task.config.data.dev for task in tasks]
    for member, corpus in zip(members, corpora, strict=True):
        if source is None and corpus != corpora[0]:
            raise InputError(
                f"{member.name}: expected the corpus of {members[0].name}, {corpora[0]}, found {corpus}; "
                "--data names one to score on"
            )
    page = None if errors is None else ErrorsPage(errors, [Path(member.name) for member in members])
    return (reader or tasks[0]).scores(ensemble.decoder, source, page)


def development_section(members: Sequence[Member], tasks: Sequence[TaggingTask]) -> TaggedCorpus:
    """Read the development section that all runs share, as it was when they were trained.

    Raises `InputError` if they share none, and if its file is missing or has changed.
    """
    first = members[0].name
    _check_reading(members, tasks)
    sources = [task.config.data.dev for task in tasks]
    digests = [member.digest_at_training(source) for member, source in zip(members, sources, strict=True)]
    for member, source, saved in zip(members, sources, digests, strict=True):
        if saved is None:
            raise InputError(f"{member.name}: expected a digest of {source} in run.json, found none")
        if saved != digests[0]:
            raise InputError(
                f"{member.name}: expected the development section of {first}, {sources[0]}, found another: {source}"
            )
    now = {source: members[0].digest(source) for source in sources}
    for source in sources:
        if now[source] == digests[0]:
            assert isinstance(members[0].predictor, Tagger)
            return tasks[0].corpus(source, members[0].predictor.codec)
    state = "no file that can be read" if now[sources[0]] is None else "a file that has changed since"
    raise InputError(f"{sources[0]}: expected the development section that the runs were trained with, found {state}")


def _check_reading(members: Sequence[Member], tasks: Sequence[TaggingTask]) -> None:
    """Raise `InputError` for a run that reads the tags of corpora in another way than the first."""
    first = tasks[0].config.data
    for member, task in zip(members[1:], tasks[1:], strict=True):
        data = task.config.data
        for key, expected, other in (
            ("on_invalid_tags", first.on_invalid_tags, data.on_invalid_tags),
            ("file_scheme", first.file_scheme, data.file_scheme),
        ):
            if expected != other:
                raise InputError(
                    f"{member.name}: expected data.{key} {expected}, as {members[0].name} has, found {other}"
                )
