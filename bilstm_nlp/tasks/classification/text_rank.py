"""The texts of an input that a classifier is least sure of, by the measures of `uncertainty.py`. Knows no torch."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.classification.predictor import Classified
from bilstm_nlp.tasks.classification.text_classifier import TextClassifier, choices_of
from bilstm_nlp.tasks.classification.text_output import names_of, writer_of
from bilstm_nlp.tasks.classification.text_stream import TextReading
from bilstm_nlp.tasks.classification.uncertainty import uncertainty
from bilstm_nlp.tasks.ranking import Place, least_sure
from bilstm_nlp.tasks.request import Measure, Ranking, Request

logger = logging.getLogger(__name__)


def ranked(classifier: TextClassifier, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Classify a file, or standard input, and write the texts that the classifier is least sure of, the first first.

    Only as many texts as are asked for are kept; texts without tokens are left out. Raises `InputError` for a faulty
    line, without output.
    """
    reading, kind = classifier.reading(request), classifier.format_of(request)
    chosen = least_sure(_scored(classifier, reading, ranking.by), ranking)
    columns = tuple(dict.fromkeys(name for _, (text, _) in chosen for name in map(str, text.other)))
    choices = choices_of(request)
    write = writer_of(kind, choices, (*Place._fields, *columns))
    yield reading.header.encode()
    if kind == "csv":
        yield names_of(choices, (*Place._fields, *columns)).encode()
    for rank, (score, (text, answer)) in enumerate(chosen, 1):
        place = Place(rank, text.line, score)
        own = place._asdict() if kind == "csv" else {"ranking": place.values(ranking.by)}
        line = write(rank, replace(text, other={**text.other, **own}), answer)
        yield (f"{score:.6f}\t{text.line}\t{line}" if kind == "text" else line).encode()
    yield reading.footer.encode()
    for message in classifier.take_tally().messages():
        logger.warning("%s", message)


def _scored(
    classifier: TextClassifier, reading: TextReading, by: Measure
) -> Iterator[tuple[float, tuple[LabelledText, Classified]]]:
    """Yield the scores of an input's texts that have tokens, with the texts and their answers."""
    several = classifier.threshold is not None
    for chunk in reading.chunks():
        filled = [text for text in chunk.texts if text.tokens]
        classifier.count(chunk)
        for text, answer in zip(filled, classifier.answer(filled), strict=True):
            yield uncertainty(answer, by, several=several), (text, answer)
        return_freed_memory()
