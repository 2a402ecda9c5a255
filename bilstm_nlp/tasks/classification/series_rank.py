"""The series of a file that a classifier is least sure of, by the measures of `uncertainty.py`. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bilstm_nlp.data.labelled.sequence import LabelledSequence
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.classification.series_classifier import SeriesClassifier, format_of
from bilstm_nlp.tasks.classification.series_output import cells_of, line, names_of, row, values_of
from bilstm_nlp.tasks.classification.uncertainty import uncertainty
from bilstm_nlp.tasks.ranking import Place, least_sure
from bilstm_nlp.tasks.request import Measure, Ranking, Request
from bilstm_nlp.tasks.sequence_stream import SequenceReading


def ranked(classifier: SeriesClassifier, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Classify the series of a file, or of CSV on standard input, and write those that the classifier is least sure of.

    The file is read whole. Raises `InputError` for a faulty line, without output.
    """
    reading, kind = classifier.reading(request), format_of(request)
    chosen = least_sure(_scored(classifier, reading, ranking.by), ranking)
    if kind == "csv":
        yield row([*Place._fields, *names_of(classifier.roles, request)])
    for rank, (score, (sequence, answer)) in enumerate(chosen, 1):
        place = Place(rank, sequence.line, score)
        if kind == "csv":
            yield row([*place.cells(), *cells_of(sequence, answer, request)])
        else:
            yield line({"ranking": place.values(ranking.by), **values_of(sequence, answer, request)})


def _scored(
    classifier: SeriesClassifier, reading: SequenceReading, by: Measure
) -> Iterator[tuple[float, tuple[LabelledSequence, Classified]]]:
    """Yield the scores of all series, with the series and their answers."""
    several = classifier.threshold is not None
    for chunk in reading.chunks():
        for sequence, answer in zip(chunk.sequences, classifier.answer(chunk.sequences), strict=True):
            # The weights are part of a batch, which would be kept with them.
            yield uncertainty(answer, by, several=several), (sequence, replace(answer, weights=None))
        return_freed_memory()
