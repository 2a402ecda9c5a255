"""Entities that trade places keep their types, and everything else stays."""

from __future__ import annotations

import numpy as np
import pytest

from bilstm_nlp.data.text.augmentation import swap_entities
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.tags import SCHEMES, convert, spans, violations


def corpus(scheme) -> list[Sentence]:
    texts = [
        ("Ann Lee met Bo in Basel .", "B-PER I-PER O B-PER O B-LOC O"),
        ("nothing happened", "O O"),
        ("Rio de Janeiro Kim", "B-LOC I-LOC I-LOC B-PER"),
    ]
    return [
        Sentence(tokens=tuple(text.split()), tags=tuple(convert(tags.split(), "IOB2", scheme)), line=1)
        for text, tags in texts
    ]


def outside(sentence: Sentence, scheme) -> list[str]:
    inside = {t for span in spans(sentence.tags, scheme) for t in range(span.start, span.end)}
    return [token for t, token in enumerate(sentence.tokens) if t not in inside]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_entities_trade_places_with_their_like(scheme, share):
    before = corpus(scheme)
    pool = {
        (span.type, sentence.tokens[span.start : span.end])
        for sentence in before
        for span in spans(sentence.tags, scheme)
    }
    seen = set()
    for seed in range(200):
        after = swap_entities(before, scheme, share, np.random.default_rng(seed))
        for old, new in zip(before, after, strict=True):
            assert len(new.tokens) == len(new.tags)
            assert not violations(new.tags, scheme)
            types = [span.type for span in spans(new.tags, scheme)]
            assert types == [span.type for span in spans(old.tags, scheme)]
            assert outside(new, scheme) == outside(old, scheme)
            mentions = {(span.type, new.tokens[span.start : span.end]) for span in spans(new.tags, scheme)}
            assert mentions <= pool
            seen.add((old.tokens, new.tokens))
        assert swap_entities(before, scheme, share, np.random.default_rng(seed)) == after
    if share == 0:
        assert all(old == new for old, new in seen)
    else:
        assert len({new for old, new in seen if old == before[2].tokens}) == 2 * 3  # 2 places, 3 people
