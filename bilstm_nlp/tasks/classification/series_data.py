"""The series that a classifier's config names, in parts, all with the columns of the training part."""

from __future__ import annotations

from bilstm_nlp.config.sequences import SequenceData, SequenceShare
from bilstm_nlp.data.labelled.sequence import LabelledSequence, Roles, SequenceSet
from bilstm_nlp.data.lines import Complain, stop
from bilstm_nlp.data.remarks import Note
from bilstm_nlp.tasks.classification.ends import Labelled, Part, Parts
from bilstm_nlp.tasks.classification.parts import cut_off, divided
from bilstm_nlp.tasks.sequences import Files, SequenceReader


def content_of(sequence: LabelledSequence) -> bytes:
    """Return the numbers of a series, by which equal series are told."""
    return sequence.values.tobytes()


class SeriesLoader:
    """A reader of series with classes, with the settings of a config's data section."""

    def __init__(self, config: SequenceData, seed: int) -> None:
        """`seed`: that of the run."""
        self.config, self.seed = config, seed
        self.reader = SequenceReader(config, "class")
        self.roles: Roles | None = None
        """The columns of the training part; None until it was read, or a codec restored."""

    def load(self) -> Parts[LabelledSequence]:
        """Read all parts. Raises `InputError` for data that can't be used."""
        return divided(self.config, self.seed, content_of, self._read)

    def read(self, source: str) -> Part[LabelledSequence]:
        """Read another file in the same way."""
        return self._read(source)

    def read_part(
        self, source: Files | SequenceShare, roles: Roles | None, complain: Complain, note: Note
    ) -> SequenceSet:
        """Read a part for its inspection: of the training part, what is not cut off it."""
        dev, train = self.config.dev, self.config.train
        if isinstance(source, SequenceShare):
            whole = self.reader.read(train, roles, lambda error: None, lambda remark: None)
            return self._cut_set(whole, source)[1]
        part = self.reader.read(source, roles, complain, note)
        return self._cut_set(part, dev)[0] if isinstance(dev, SequenceShare) and source == train else part

    def _read(self, source: Files) -> Part[LabelledSequence]:
        """Read a part. The first one tells the columns."""
        read = self.reader.read(source, self.roles, stop)
        self.roles = self.roles or read.roles
        return part_of(read)

    def _cut_set(self, whole: SequenceSet, dev: SequenceShare) -> tuple[SequenceSet, SequenceSet]:
        rest, share = cut_off(part_of(whole), dev, self.seed, content_of)
        return (
            SequenceSet(whole.source, rest.inputs, whole.roles),
            SequenceSet(whole.source, share.inputs, whole.roles),
        )


def part_of(read: SequenceSet) -> Part[LabelledSequence]:
    """Return series with their classes."""
    return Part(
        read.source,
        [Labelled(sequence, sequence.labels or (), sequence.source, sequence.line) for sequence in read.sequences],
    )
