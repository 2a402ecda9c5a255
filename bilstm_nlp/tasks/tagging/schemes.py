"""The tags of a corpus: which scheme they are in, what they nearly are, and how a map or a format reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bilstm_nlp.data.lines import Complain
from bilstm_nlp.data.text.formats.corpus import TaggedCorpus, line_of
from bilstm_nlp.data.text.sentence import place_of
from bilstm_nlp.errors import DataError
from bilstm_nlp.tags import Detection, Offer, TagReading, detect, offered, parse

MANY_LABELS, FEW_TOKENS = 200, 20
"""Plain labels in a corpus that has fewer tokens than this for each: it looks like a column of words."""


@dataclass(frozen=True)
class Recognition:
    """The scheme of a corpus, and what is to be said about it."""

    detection: Detection
    refusal: DataError | None
    """Tags that are nearly those of a scheme, with the line of a config that reads them."""
    remarks: tuple[str, ...] = ()
    """Other ways in which the tags can be meant."""


def recognised(corpus: TaggedCorpus, *, repair: bool = False) -> Recognition:
    """Detect the scheme of a corpus, or recognise tags that are nearly those of a scheme.

    If tags are to be repaired, only tags that no repair can help are refused.
    """
    sequences = [sentence.tags or () for sentence in corpus.sentences]
    detection = detect(sequences)
    if detection.candidates and detection.scheme != "plain":
        return Recognition(detection, None)
    offer = offered(sequences)
    repairable = detection.scheme != "plain" and all(parse(tag, detection.scheme) for tags in sequences for tag in tags)
    if repair and repairable:
        return Recognition(detection, None)
    if offer is not None and offer.reading.format != "runs":
        return Recognition(detection, _refusal(corpus, offer))
    remarks: list[str] = []
    if offer is not None and detection.scheme == "plain":
        remarks.append(
            f"{corpus.source}: each tag is read as a label of one token; if a run of equal tags is an entity, "
            f'{offer.line} reads it so, and data.file_scheme = "plain" ends this remark'
        )
    if detection.scheme == "plain":
        remarks += _too_many_labels(corpus)
    return Recognition(detection, None, tuple(remarks))


def _refusal(corpus: TaggedCorpus, offer: Offer) -> DataError:
    """Make an error that offers a reading of tags."""
    sentence, index = next(
        (sentence, index)
        for sentence in corpus.sentences
        for index, tag in enumerate(sentence.tags or ())
        if tag == offer.example
    )
    plain = "" if offer.reading.format else ' (or data.file_scheme = "plain" for one label a token)'
    return DataError(
        place_of(sentence, corpus.source),
        f"tags of a scheme, or the line {offer.line}, which reads these as {offer.scheme}{plain}",
        f"{offer.example!r}: {offer.why}",
        line_of(sentence, index),
    )


def _too_many_labels(corpus: TaggedCorpus) -> Iterator[str]:
    """Remark on labels that look like a column of words."""
    counts = Counter(tag for sentence in corpus.sentences for tag in sentence.tags or ())
    if len(counts) > MANY_LABELS and counts.total() < FEW_TOKENS * len(counts):
        yield (
            f"{corpus.source}: {len(counts):,} labels for {counts.total():,} tokens; is data.tag_column the column of "
            "the tags?"
        )


def retagged(
    corpus: TaggedCorpus, reading: TagReading, complain: Complain, *, repair: bool
) -> tuple[TaggedCorpus, int]:
    """Read the tags of a corpus by a map and a format. Return also the number of sentences that break the format.

    Calls `complain` with the first tag of each sentence that breaks it, unless tags are to be repaired.
    """
    if not reading.map and reading.format is None:
        return corpus, 0
    broken = 0
    sentences = []
    for sentence in corpus.sentences:
        tags = sentence.tags or ()
        problem = reading.problem(tags)
        if problem is not None:
            broken += 1
            if not repair:
                index, rule = problem
                expected = f'tags that keep to data.tag_format = "{reading.format}"'
                complain(DataError(place_of(sentence, corpus.source), expected, rule, line_of(sentence, index)))
        sentences.append(replace(sentence, tags=None if sentence.tags is None else tuple(reading.tags(tags))))
    return TaggedCorpus(corpus.source, sentences), broken if repair else 0


def unused_entries(corpus: TaggedCorpus, reading: TagReading) -> list[str]:
    """Return the keys of the map that rename no tag of a corpus."""
    tags = {tag for sentence in corpus.sentences for tag in sentence.tags or ()}
    used = {reading.entry_of(tag) for tag in tags}
    return [entry for entry in reading.map if entry not in used]
