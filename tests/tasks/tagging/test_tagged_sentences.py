"""Entities have their place in the text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.formats.corpus import Sentence, sentence_of_text
from bilstm_nlp.tags import Span
from bilstm_nlp.tasks.tagging.tagged_sentences import text_of


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=6), st.data())
def test_spans_of_tokens_have_offsets_in_the_joined_text(tokens, data):
    start = data.draw(st.integers(0, len(tokens) - 1))
    span = Span("X", start, data.draw(st.integers(start + 1, len(tokens))))
    text, offsets = text_of(Sentence(tuple(tokens), None, 1))
    first, last = offsets(span)
    assert text == " ".join(tokens)
    assert text[first:last] == " ".join(tokens[span.start : span.end])
    assert first == sum(len(token) + 1 for token in tokens[:start])


def test_spans_of_text_include_the_blanks_between_tokens():
    text, offsets = text_of(sentence_of_text("  EU\u00a0\u3000rejects it."))
    assert [text[slice(*offsets(Span("X", *span)))] for span in ((0, 2), (1, 2), (2, 4))] == [
        "EU\u00a0\u3000rejects",
        "rejects",
        "it.",
    ]
