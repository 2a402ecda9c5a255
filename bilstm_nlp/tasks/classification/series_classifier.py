"""A trained classifier of series: tables in, a class for each series out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.data.labelled.sequences import read_frame, read_sequences
from bilstm_nlp.errors import InputError
from bilstm_nlp.tasks.classification.predictor import Classified, Classifier
from bilstm_nlp.tasks.classification.series_output import OutputFormat, cells_of, line, names_of, row, values_of
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.sequence_stream import NoCounts, SequenceChunk, SequenceReading

if TYPE_CHECKING:
    from bilstm_nlp.tasks.classification.codec import ClassificationCodec
    from bilstm_nlp.tasks.classification.network import ClassificationNetwork
    from bilstm_nlp.tasks.classification.series import SeriesEnd


class SeriesClassifier(Classifier):
    """A trained classifier of series, as `load` returns it.

    >>> classifier.classify("utterances.csv")[0].classes  # doctest: +SKIP
    ('7',)
    """

    def __init__(
        self,
        network: ClassificationNetwork,
        codec: ClassificationCodec[LabelledSequence],
        end: SeriesEnd,
        threshold: float | None,
    ) -> None:
        """`threshold`: the least probability of a class; None where a series has one class."""
        super().__init__(network, codec, end, threshold)
        assert end.loader.roles is not None
        self.format = replace(end.loader.reader.format.with_roles(end.loader.roles), reading="none")
        self.roles = self.format.roles

    def classify(self, source: str | pd.DataFrame) -> list[Classified]:
        """Return the classes of each series of a file, or of a frame with its columns, in their order.

        Raises `InputError` for a source that can't be read.
        """
        if isinstance(source, pd.DataFrame):
            return list(self.answer(read_frame(source, self.format).sequences))
        if not isinstance(source, str):
            raise InputError(f"classify: expected the name of a file or a frame, found {type(source).__name__}")
        return list(self.answer(read_sequences(source, self.format).sequences))

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Classify the series of a file, or of CSV on standard input, in their order."""
        for chunk in self.reading(request).chunks():
            yield from self.render(chunk, request)

    def reading(self, request: Request) -> SequenceReading:
        """Decide how to read a request's source. Raises `InputError` for a request that can't be met."""
        format_of(request)
        if request.attention:
            self.check_weights("--attention")
        return SequenceReading(request.source, self.format)

    def render(self, chunk: SequenceChunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each series of a chunk, in the request's format."""
        kind = format_of(request)
        if kind == "csv" and chunk.first == 1:
            yield row(names_of(self.roles, request))
        for sequence, answer in zip(chunk.sequences, self.answer(chunk.sequences), strict=True):
            if kind == "csv":
                yield row(cells_of(sequence, answer, request))
            else:
                yield line(values_of(sequence, answer, request))

    def take_tally(self) -> NoCounts:
        """Return no counts: the output has every series that was read."""
        return NoCounts()


def format_of(request: Request) -> OutputFormat:
    """Return the output format. Raises `InputError` for options that a classifier of series does not have."""
    formats: tuple[OutputFormat, ...] = ("jsonl",) if request.attention else ("csv", "jsonl")
    others = ("reads", "known", "static", "levels", "horizon", "split", "min_confidence", "plot")
    return request.check("classifier of series", formats, others)
