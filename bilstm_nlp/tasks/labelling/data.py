"""The parts of the data that a labeller's config names."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from bilstm_nlp.batch import Bools
from bilstm_nlp.config.sequences import SequenceData, SequenceShare
from bilstm_nlp.data.labelled.parts import stratified_folds, stratified_fraction, stratified_share
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceSet
from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.remarks import Note, ignore
from bilstm_nlp.errors import DataError, listed
from bilstm_nlp.tasks.sequences import Files, SequenceReader

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledParts:
    """The parts of the data, all with the columns of the training part."""

    train: SequenceSet
    dev: SequenceSet
    test: SequenceSet | None

    @property
    def labels(self) -> set[str]:
        """The labels of the training part."""
        return {label for sequence in self.train.sequences for label in sequence.labels or ()}


class PartsLoader:
    """A loader of parts, with the settings of a config's data section."""

    def __init__(self, config: SequenceData, seed: int) -> None:
        """`seed`: that of the run."""
        self.config, self.seed = config, seed
        self.reader = SequenceReader(config, "steps")

    def load(self, roles: Roles | None = None) -> LabelledParts:
        """Read all parts. `roles`: the columns of a trained labeller. Raises `DataError` for data that can't be used.

        Says which labels of the other parts the training part lacks: they can't be predicted.
        """
        config = self.config
        train = self.reader.read(config.train, roles)
        roles = train.roles
        if isinstance(config.dev, SequenceShare):
            train, dev = self._cut(train, config.dev)
        else:
            dev = self.reader.read(config.dev, roles)
        train = self._fraction_of(train)
        if config.held_out is not None:
            train = fold_of(train, config.held_out.fold, config.held_out.folds)[0]
        parts = LabelledParts(train, dev, None if config.test is None else self.reader.read(config.test, roles))
        for part in (parts.dev, parts.test):
            if part is not None:
                say_unknown_labels(part, parts.labels)
        return parts

    def read(self, source: Files | SequenceShare, roles: Roles) -> SequenceSet:
        """Read a part for a trained labeller, or the share that was cut off its training part."""
        if isinstance(source, SequenceShare):
            return self._cut(self.reader.read(self.config.train, roles), source)[1]
        return self.reader.read(source, roles)

    def read_part(
        self, source: Files | SequenceShare, roles: Roles | None, complain: Complain, note: Note
    ) -> SequenceSet:
        """Read a part for its inspection: of the training part, what is not cut off it."""
        dev = self.config.dev
        if isinstance(source, SequenceShare):
            return self._cut(self.reader.read(self.config.train, roles, lambda error: None, ignore), source)[1]
        part = self.reader.read(source, roles, complain, note)
        return self._cut(part, dev)[0] if isinstance(dev, SequenceShare) and source == self.config.train else part

    def _cut(self, train: SequenceSet, dev: SequenceShare) -> tuple[SequenceSet, SequenceSet]:
        """Cut the development part off the training part. Raises `DataError` if one of the two would be empty."""
        if len(train.sequences) < 2:
            found = f"{len(train.sequences)}; data.dev can name a file"
            raise DataError(train.source, "at least two sequences for data.dev.share", found)
        inside = stratified_share(_strata(train), dev.share, self.seed if dev.seed is None else dev.seed)
        return _chosen(train, ~inside), _chosen(train, inside)

    def _fraction_of(self, train: SequenceSet) -> SequenceSet:
        """Keep the config's fraction of the training part. Raises `DataError` if nothing is left."""
        inside = stratified_fraction(_strata(train), self.config.fraction)
        if not inside.any():
            found = f"{self.config.fraction} of {len(train.sequences)}"
            raise DataError(train.source, "at least one sequence in data.fraction", found)
        return _chosen(train, inside)


def fold_of(train: SequenceSet, fold: int, folds: int) -> tuple[SequenceSet, SequenceSet]:
    """Leave out a fold, numbered from 1: (all others, the fold). Raises `DataError` for fewer sequences than folds."""
    if len(train.sequences) < folds:
        raise DataError(train.source, f"at least {folds} sequences for as many folds", f"{len(train.sequences)}")
    inside = stratified_folds(_strata(train), folds) == fold - 1
    return _chosen(train, ~inside), _chosen(train, inside)


def say_unknown_labels(part: SequenceSet, known: set[str]) -> None:
    """Log labels that training does not have, with the steps and the line of the first."""
    unknown = Counter(label for sequence in part.sequences for label in sequence.labels or () if label not in known)
    if unknown:
        shown = listed([f"{label} ({count:,} steps)" for label, count in unknown.most_common()])
        logger.warning(
            "%s: labels that training does not have, which count as wrong: %s", place_of(part, unknown), shown
        )


def place_of(part: SequenceSet, labels: Counter[str]) -> str:
    """Return file and line of the first step with any of these labels."""
    sequence, step = next(
        (sequence, step)
        for sequence in part.sequences
        for step, label in enumerate(sequence.labels or ())
        if label in labels
    )
    return f"{sequence.source}:{sequence.rows[step]}"


def _strata(part: SequenceSet) -> list[str]:
    """Return the set of labels of each sequence as text, so that parts have sequences of each kind."""
    return ["\t".join(sorted(set(sequence.labels or ()))) for sequence in part.sequences]


def _chosen(part: SequenceSet, inside: Bools) -> SequenceSet:
    """Return the sequences whose flag is set."""
    sequences: list[LabelledSequence] = [part.sequences[index] for index in np.flatnonzero(inside).tolist()]
    return replace(part, sequences=sequences)
