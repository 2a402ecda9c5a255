"""Series as the input of a classifier."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, cycle, islice
from typing import Any

import numpy as np

from bilstm_nlp.batch import AnyArray
from bilstm_nlp.config.classification import SeriesClassificationConfig
from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.data.labelled.sequence_codec import SequenceCodec
from bilstm_nlp.tasks.classification.ends import Part, Parts
from bilstm_nlp.tasks.classification.series_data import SeriesLoader, content_of
from bilstm_nlp.tasks.sequence_inspection import SequenceInspection, inspect_sequences

RECORDED = 200
"""Steps of a recorded series, at most."""


class SeriesEnd:
    """The series of a config: as files, as numbers, and as predictions."""

    units, steps = "series", "steps"

    def __init__(self, config: SeriesClassificationConfig) -> None:
        self.config = config
        self.loader = SeriesLoader(config.data, config.seed)

    def load(self) -> Parts[LabelledSequence]:
        """Read all parts. Raises `InputError` for data that can't be used."""
        return self.loader.load()

    def read(self, source: str, classes: Collection[str] = ()) -> Part[LabelledSequence]:
        """Read another file in the same way. Its columns are those of training, whatever the classes.

        Raises `InputError` for data that can't be used.
        """
        return self.loader.read(source)

    def restored(self, values: object, arrays: Mapping[str, AnyArray]) -> SequenceCodec:
        """Restore the codec of saved files, and read its columns from now on.

        Raises `RunError` for a codec that is damaged.
        """
        codec = SequenceCodec.from_json(values)
        self.loader.roles = codec.roles
        return codec

    def inspect(self, source: str | None) -> SequenceInspection:
        """Describe the config's series, or another file that is read in the same way."""
        data = self.config.data
        parts: dict[str, Any] = {"train": data.train, "dev": data.dev}
        parts |= {} if data.test is None else {"test": data.test}
        return inspect_sequences(parts if source is None else {"file": source}, self.loader.read_part, "class")

    # --- series as JSON and for people ---

    def recorded(self, value: LabelledSequence, *, whole: bool = False) -> list[list[float]]:
        """Return the first steps of a series, or all of them, as [step][column]."""
        steps: list[list[float]] = (value.values if whole else value.values[:RECORDED]).tolist()
        return steps

    def replayed(self, value: Any) -> LabelledSequence:
        """Restore a series of its steps. Raises `ValueError` for anything else."""
        array = np.array(value, np.float64)
        if array.ndim != 2 or not len(array):
            raise ValueError(f"An input must be steps of numbers. Got {array.shape}.")
        return LabelledSequence("", "", 1, array, None, np.arange(len(array)))

    def repeated(self, values: Sequence[LabelledSequence]) -> LabelledSequence:
        """Return a series three times as long as the longest, of the steps of all."""
        steps = cycle(chain.from_iterable(sequence.values for sequence in values))
        return self.replayed(list(islice(steps, 3 * max(map(len, values)))))

    def shown(self, value: LabelledSequence) -> str:
        """Return the name and the place of a series."""
        return f"{value.name} ({value.source}:{value.line})"

    def key(self, value: LabelledSequence) -> str:
        """Return a digest of the numbers."""
        return hashlib.sha256(content_of(value)).hexdigest()[:16]
