"""The sentences of an input that a tagger is least sure of, in the formats of predictions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bilstm_nlp.data.text.output import TaggedSentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.system.memory import return_freed_memory
from bilstm_nlp.tasks.request import Ranking, Request
from bilstm_nlp.tasks.tagging.decoder import decode_all
from bilstm_nlp.tasks.tagging.output_format import separator_of, writer_of
from bilstm_nlp.tasks.tagging.parts import apart
from bilstm_nlp.tasks.tagging.ranking import first_of, scored_sentences, with_place
from bilstm_nlp.tasks.tagging.sentence_tagger import BATCH_TOKENS, SentenceTagger
from bilstm_nlp.tasks.tagging.stream import Reading


def ranked(tagger: SentenceTagger, request: Request, ranking: Ranking) -> Iterator[bytes]:
    """Tag a file, or standard input, and write the sentences that the tagger is least sure of, the first first.

    Only as many sentences as are asked for are kept. Raises `InputError` for a faulty line, without output.
    """
    kind = tagger.output_format(request)
    if kind == "brat":
        raise InputError("--format: expected a format that keeps an order, found brat")
    reading = tagger.reading(request)
    write = writer_of(kind, tagger.decoder.codec.types)
    chosen = list(first_of(_scored(tagger, reading, request, ranking), ranking))
    yield reading.header.encode()
    for index, tagged in enumerate(chosen):
        text = write(tagged.sentence.others["ranking"]["rank"], tagged)
        separator = separator_of(kind) if index else ""
        yield (separator + (with_place(tagged, text) if kind == "text" else text)).encode()
    yield reading.footer.encode()
    tagger.say_tally()


def _scored(
    tagger: SentenceTagger, reading: Reading, request: Request, ranking: Ranking
) -> Iterator[tuple[float, TaggedSentence]]:
    """Yield (score, sentence) for the sentences of an input that have tokens."""
    confidence = request.confidence or request.format == "html"
    for chunk in reading.chunks():
        filled = [sentence for sentence in chunk.sentences if sentence.tokens]
        tagger.count(chunk, request)
        score = partial(scored_sentences, sentences=filled, measure=ranking.by, confidence=confidence)
        for value, tagged in decode_all(tagger.decoder.batches(filled, batch_tokens=BATCH_TOKENS), score):
            (alone,) = apart([tagged])
            yield value, alone
        return_freed_memory()
