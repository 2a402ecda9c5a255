"""A trained labeller: series in, a label for each step out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, cycle, islice
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bilstm_nlp.data.labelled.sequence import LabelledSequence, SequenceFormat
from bilstm_nlp.data.labelled.sequences import read_frame, read_sequences
from bilstm_nlp.errors import InputError, listed
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.labelling.codec import LABELS_SHOWN, LabellingCodec
from bilstm_nlp.tasks.labelling.decoding import decode
from bilstm_nlp.tasks.labelling.network import LabellingNetwork
from bilstm_nlp.tasks.labelling.output import LabelledSteps, OutputFormat, csv_header, csv_lines, json_line, table_of
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.sequence_stream import NoCounts, SequenceChunk, SequenceReading


class Labeller:
    """A trained labeller of series, as `load` returns it."""

    def __init__(self, network: LabellingNetwork, codec: LabellingCodec, format: SequenceFormat) -> None:
        """`format`: the layout of the files that the labeller was trained on."""
        self.network, self.codec = network, codec
        self.format = codec.inputs.format(format, "none")
        self.roles = self.format.roles

    def __repr__(self) -> str:
        """Name the labels and the columns."""
        columns = listed(list(self.codec.inputs.roles.values), most=LABELS_SHOWN)
        return f"<Labeller: {listed(list(self.codec.labels), most=LABELS_SHOWN)} from {columns}>"

    def label(self, source: str | pd.DataFrame) -> pd.DataFrame:
        """Label each step of a file, or of a frame with its columns: a row for each step, with label and confidence.

        Rows are in the order of the source. Raises `InputError` for a source that can't be read.

        >>> labeller.label("recording.csv").columns.tolist()  # doctest: +SKIP
        ['recording', 'minute', 'state', 'confidence']
        """
        if isinstance(source, pd.DataFrame):
            sequences = read_frame(source, self.format).sequences
        elif isinstance(source, str):
            sequences = read_sequences(source, self.format).sequences
        else:
            raise InputError(f"label: expected the name of a file or a frame, found {type(source).__name__}")
        return table_of(list(self._labelled(sequences)), self.roles)

    # --- requests of the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Label the steps of a file, or of CSV on standard input, in the order of its rows."""
        for chunk in self.reading(request).chunks():
            yield from self.render(chunk, request)

    def reading(self, request: Request) -> SequenceReading:
        """Decide how to read a request's source. Raises `InputError` for a request that can't be met."""
        format_of(request)
        if request.attention and not self.network.heads:
            raise InputError(
                "--attention: expected a labeller trained with attention.kind, found one without attention"
            )
        return SequenceReading(request.source, self.format)

    def render(self, chunk: SequenceChunk, request: Request) -> Iterator[bytes]:
        """Yield the output for the series of a chunk, in the request's format."""
        labelled = list(self._labelled(chunk.sequences))
        if request.attention:
            labelled = [replace(each, weights=self._weights(each.sequence)) for each in labelled]
        if format_of(request) == "jsonl":
            for each in labelled:
                yield json_line(each, confidence=request.confidence)
            return
        if chunk.first == 1:
            yield csv_header(self.roles, confidence=request.confidence)
        yield from csv_lines(labelled, confidence=request.confidence)

    def take_tally(self) -> NoCounts:
        """Return no counts: the output has every step that was read."""
        return NoCounts()

    def _labelled(self, sequences: Sequence[LabelledSequence]) -> Iterator[LabelledSteps]:
        """Yield the labels of sequences that were read."""
        decoded = decode(self.network, self.codec.encode(sequences))
        names = np.array(self.codec.labels, dtype=object)
        confidences, begin = decoded.confidences(), 0
        for sequence, path in zip(sequences, decoded.paths(), strict=True):
            end = begin + len(path)
            yield LabelledSteps(sequence, names[path].tolist(), confidences[begin:end])
            begin = end

    def _weights(self, sequence: LabelledSequence) -> NDArray[np.float32] | None:
        """Return the (heads, T, T) attention weights of a sequence, which is read alone: memory grows with T²."""
        batch = self.codec.encode([sequence]).collate(np.zeros(1, np.int64))
        weights = self.network.emissions(batch, attention=True).attention
        return None if weights is None else weights[0]

    # --- verification ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the probability of each label at each step, and the best labels. An input is [step][column]."""
        sequences = [_sequence(values, self.codec.inputs.features) for values in inputs]
        steps = max(map(len, sequences), default=0) * len(sequences)
        decoded = decode(self.network, self.codec.encode(sequences), steps)
        return [
            Answer(shortest(marginals.astype(np.float32).ravel()), [self.codec.labels[label] for label in path])
            for marginals, path in zip(decoded.marginals(), decoded.paths(), strict=True)
        ]

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return an input three times as long as the longest, of the inputs' steps."""
        length = 3 * max(map(len, inputs))
        return [list(islice(cycle(chain.from_iterable(inputs)), length))]


def format_of(request: Request) -> OutputFormat:
    """Return the output format. Raises `InputError` for options that a labeller does not have."""
    formats: tuple[OutputFormat, ...] = ("jsonl",) if request.attention else ("csv", "jsonl")
    others = ("reads", "nbest", "known", "static", "plot", "levels", "horizon", "split", "min_confidence")
    return request.check("labeller of series", formats, others)


def _sequence(values: Any, features: int) -> LabelledSequence:
    """Restore a sequence that was recorded. Raises `ValueError` for anything else."""
    array = np.array(values, np.float64)
    if array.ndim != 2 or array.shape[1] != features or not len(array):
        raise ValueError(f"An input must be steps of {features} numbers. Got {array.shape}.")
    return LabelledSequence("", "", 1, array, None, np.arange(len(array)))
