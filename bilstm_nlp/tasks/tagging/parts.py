"""Texts that are cut into sentences to be tagged, and put together again for the output. Knows no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.sentence_ends import sentence_spans
from bilstm_nlp.data.text.tokenizer import Cut, offsets

LONG = 60
"""Tokens of a line that may hold several sentences. Sentences of news seldom have more."""
STOPS = frozenset((".", "!", "?", "。", "！", "？", "｡"))


def holds_several(sentence: Sentence) -> bool:
    """Tell whether a sentence is long, and has at least two stops before its last token."""
    tokens = sentence.tokens
    return len(tokens) > LONG and sum(token in STOPS for token in tokens[:-1]) >= 2


def divide(sentences: Iterable[Sentence], language: str, cut: Cut) -> Iterator[Sentence]:
    """Cut each text into sentences, whose tokens stay at their place in it.

    Text without tokens of its own is cut into tokens sentence by sentence: a stop at the end is then no abbreviation.
    The sentences of a text are a document, unless the record names one.
    """
    for sentence in sentences:
        text, places = sentence.text, sentence.offsets
        spans = [] if text is None or places is None else sentence_spans(text, language)
        if text is None or places is None or not spans:
            yield sentence
            continue
        own = places != tuple(offsets(text, cut))
        starts = [0, *(start for start, _ in spans[1:]), len(text)]
        for (start, end), (begin, past) in zip(spans, pairwise(starts), strict=True):
            if own:
                inside = [place for place in places if begin <= place[0] < past]
            else:
                inside = [(start + a, start + b) for a, b in offsets(text[start:end], cut)]
            yield replace(
                sentence,
                tokens=tuple(text[a:b] for a, b in inside),
                offsets=tuple(inside),
                part=(start, max([end, *(b for _, b in inside)])),
                continues=past < len(text),
                document=sentence.document or -sentence.line,
            )


def apart(tagged: Iterable[TaggedSentence]) -> Iterator[TaggedSentence]:
    """Yield each sentence of a divided text alone, with its own stretch of the text. Others stay as they are."""
    for each in tagged:
        if each.sentence.part is None:
            yield each
            continue
        start, end = each.sentence.part
        alternatives = tuple(
            replace(a, entities=tuple(_moved(entity, -start, 0) for entity in a.entities)) for a in each.alternatives
        )
        entities = tuple(_moved(entity, -start, 0) for entity in each.entities)
        yield replace(each, text=each.text[start:end], entities=entities, alternatives=alternatives)


def together(tagged: Iterable[TaggedSentence]) -> Iterator[TaggedSentence]:
    """Yield the sentences of a divided text as one, with entities at their place in it. Others stay as they are."""
    parts: list[TaggedSentence] = []
    for each in tagged:
        if each.sentence.part is None:
            yield each
            continue
        parts.append(each)
        if not each.sentence.continues:
            yield _whole(parts)
            parts = []


def _whole(parts: list[TaggedSentence]) -> TaggedSentence:
    """Put the sentences of a text together."""
    first = parts[0].sentence
    entities: list[Entity] = []
    spans: list[tuple[int, int, int, int]] = []
    tokens = 0
    for part in parts:
        assert part.sentence.part is not None
        entities += [_moved(entity, 0, tokens) for entity in part.entities]
        count = len(part.sentence.tokens)
        spans.append((*part.sentence.part, tokens, tokens + count))
        tokens += count
    sentence = replace(
        first,
        tokens=tuple(token for part in parts for token in part.sentence.tokens),
        offsets=tuple(place for part in parts for place in part.sentence.offsets or ()),
        part=None,
        continues=False,
        document=max(0, first.document),
    )
    tags = tuple(tag for part in parts for tag in part.tags)
    return replace(parts[0], sentence=sentence, tags=tags, entities=tuple(entities), parts=tuple(spans))


def _moved(entity: Entity, characters: int, tokens: int) -> Entity:
    """Move an entity by so many characters and tokens."""
    return replace(
        entity,
        start=entity.start + characters,
        end=entity.end + characters,
        first=entity.first + tokens,
        last=entity.last + tokens,
    )
