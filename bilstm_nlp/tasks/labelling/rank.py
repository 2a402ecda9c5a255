"""The series of a file that a labeller is least sure of, by the measures of `tasks/ranking.py`. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bilstm_nlp.batch import Floats, Ints
from bilstm_nlp.data.batches import in_corpus_order
from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.labelling.decoding import DecodedBatch, decode
from bilstm_nlp.tasks.labelling.output import LabelledSteps, csv_header, csv_lines, json_line
from bilstm_nlp.tasks.labelling.predictor import Labeller, format_of
from bilstm_nlp.tasks.ranking import Place, least_sure, sequence_scores
from bilstm_nlp.tasks.request import Measure, Ranking, Request
from bilstm_nlp.tasks.sequence_stream import SequenceReading


def ranked(labeller: Labeller, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Label the series of a file, or of CSV on standard input, and write those that the labeller is least sure of.

    CSV has all steps of a series, then those of the next in the order. The file is read whole.

    Raises `InputError` for a faulty line, without output.
    """
    reading, kind = labeller.reading(request), format_of(request)
    chosen = least_sure(_scored(labeller, reading, ranking.by), ranking)
    if kind == "csv":
        yield csv_header(labeller.roles, confidence=request.confidence, before=Place._fields)
    for rank, (score, each) in enumerate(chosen, 1):
        place = Place(rank, each.sequence.line, score)
        if kind == "csv":
            yield from csv_lines([each], confidence=request.confidence, before=place.cells())
        else:
            before = {"ranking": place.values(ranking.by)}
            yield json_line(each, confidence=request.confidence, before=before)


def _scored(labeller: Labeller, reading: SequenceReading, by: Measure) -> Iterator[tuple[float, LabelledSteps]]:
    """Yield the scores of all series, with their labels."""
    for chunk in reading.chunks():
        yield from scored_steps(labeller, chunk.sequences, by)
        return_freed_memory()


def scored_steps(
    labeller: Labeller, sequences: Sequence[LabelledSequence], by: Measure
) -> Iterator[tuple[float, LabelledSteps]]:
    """Yield the scores of sequences by a measure, with their labels."""
    decoded = decode(labeller.network, labeller.codec.encode(sequences))
    results = in_corpus_order((batch.sequences, _scored_batch(batch, by)) for batch in decoded.batches)
    names = np.array(labeller.codec.labels, dtype=object)
    for sequence, (score, path, confidences) in zip(sequences, results, strict=True):
        yield score, LabelledSteps(sequence, names[path].tolist(), confidences)


def _scored_batch(batch: DecodedBatch, by: Measure) -> Iterator[tuple[float, Ints, Floats]]:
    """Yield the score of each sequence, its best labels (T,) and their probabilities (T,)."""
    posterior = batch.posterior()
    confidences = list(batch.confidences(posterior))
    scores = sequence_scores(by, batch.lengths, lambda count: posterior.n_best(count)[1], lambda: confidences)
    yield from zip(scores.tolist(), batch.paths, confidences, strict=True)
