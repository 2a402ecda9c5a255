"""Several trained taggers as one, with the development section that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bilstm_nlp.config.corpora import DevShare, files_of
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus
from bilstm_nlp.errors import InputError, listed
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
    corpora = [task.config.data.test or _development(task) for task in tasks]
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
    sections = [_development(task) for task in tasks]
    for member, section in zip(members, sections, strict=True):
        for source in section.files:
            if member.digest_at_training(source) is None:
                raise InputError(f"{member.name}: expected a digest of {source} in run.json, found none")
    contents = [section.content(member.digest_at_training) for member, section in zip(members, sections, strict=True)]
    for member, section, content in zip(members, sections, contents, strict=True):
        if content != contents[0]:
            raise InputError(
                f"{member.name}: expected the development section of {first}, {sections[0]}, found another: {section}"
            )
    for task, section in zip(tasks, sections, strict=True):
        if section.content(members[0].digest) == contents[0]:
            assert isinstance(members[0].predictor, Tagger)
            return task.corpus(task.config.data.dev, members[0].predictor.codec)
    missing = any(members[0].digest(source) is None for source in sections[0].files)
    state = "no file that can be read" if missing else "a file that has changed since"
    raise InputError(f"{sections[0]}: expected the development section that the runs were trained with, found {state}")


@dataclass(frozen=True)
class Section:
    """The development section of a run: its files, or a share of the training files."""

    files: tuple[str, ...]
    share: float | None = None
    seed: int | None = None

    def __str__(self) -> str:
        """Name it as messages do."""
        drawn = "" if self.share is None else f"{self.share:g} by seed {self.seed} of "
        return drawn + listed(self.files)

    def content(self, digest: Callable[[str], str | None]) -> tuple[object, ...]:
        """Return what makes the section: the digests of its files, and the draw."""
        return (*map(digest, self.files), self.share, self.seed)


def _development(task: TaggingTask) -> Section:
    """Return the development section of a task's config."""
    data = task.config.data
    if isinstance(data.dev, DevShare):
        seed = task.config.seed if data.dev.seed is None else data.dev.seed
        return Section(files_of(data.train), data.dev.share, seed)
    return Section(files_of(data.dev))


def _check_reading(members: Sequence[Member], tasks: Sequence[TaggingTask]) -> None:
    """Raise `InputError` for a run that reads the tags of corpora in another way than the first."""
    first = tasks[0].config.data
    for member, task in zip(members[1:], tasks[1:], strict=True):
        data = task.config.data
        for key, expected, other in (
            ("on_invalid_tags", first.on_invalid_tags, data.on_invalid_tags),
            ("file_scheme", first.file_scheme, data.file_scheme),
            ("tag_map", first.tag_map, data.tag_map),
            ("tag_format", first.tag_format, data.tag_format),
        ):
            if expected != other:
                raise InputError(
                    f"{member.name}: expected data.{key} {expected}, as {members[0].name} has, found {other}"
                )
