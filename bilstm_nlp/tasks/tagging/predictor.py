"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence
from bilstm_nlp.errors import listed
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tags import type_name
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch
from bilstm_nlp.tasks.tagging.inputs import Input, sentence_of_input
from bilstm_nlp.tasks.tagging.network import TaggingNetwork
from bilstm_nlp.tasks.tagging.sentence_tagger import SentenceTagger
from bilstm_nlp.tasks.tagging.words import words_of

RECORDED_TOKENS = 2048
"""Tokens of a batch of recorded inputs: steps of rounding depend on the batch, so that it must stay the same."""
TYPES_SHOWN = 20
"""Types or labels that a tagger names of itself."""


class Tagger(SentenceTagger):
    """A trained tagger, as `load` returns it.

    >>> tagger.tag("EU rejects German call.")  # doctest: +SKIP
    [Entity(text='EU', type='ORG', start=0, end=2, first=0, last=1, score=0.98), …]
    """

    def __init__(
        self,
        network: TaggingNetwork,
        codec: TaggingCodec,
        format: ColumnFormat,
        scores: Mapping[str, float] | None = None,
    ) -> None:
        """`format`: the columns and the encoding of the files that the tagger was trained on.

        `scores`: F1 or accuracy by the name of the corpus ("dev", "test"), if it is known.
        """
        super().__init__(ModelDecoder(network, codec), format)
        self.network, self.codec, self.scores = network, codec, dict(scores or {})

    def __repr__(self) -> str:
        """Name the entity types, the tags and the scores that are known."""
        types = listed(list(map(type_name, self.codec.types)), most=TYPES_SHOWN) or "no types"
        parts = [types, f"{len(self.codec.tags)} tags in {self.codec.scheme}"]
        score_name = words_of(self.codec.file_scheme).score
        parts += [f"{name} {score_name} {score:.4f}" for name, score in self.scores.items()]
        return f"<Tagger: {'; '.join(parts)}>"

    def attention(self, text: Input) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the tokens of a text, and (heads, T, T): how much each token (row) attends to each token (column).

        A list or tuple of strings is a sentence that is already cut into tokens, a dict a record of JSONL.

        Raises `InputError` for anything else, and for a model without attention.

        >>> tokens, weights = tagger.attention("EU rejects German call.")
        >>> tokens, weights.shape
        (('EU', 'rejects', 'German', 'call', '.'), (1, 5, 5))
        """
        sentence = sentence_of_input(text, self.reads, "attention")
        (tagged,) = self.stream([sentence], attention=True)
        assert tagged.weights is not None
        return tuple(tagged.sentence.tokens), tagged.weights

    # --- verification ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the probability of each tag at each token, and the best sequence. An input is a list of sentences."""
        units = [(number, value) for number, unit in enumerate(inputs, 1) for value in unit]
        sentences = [_sentence(value, number) for number, value in units]

        def read(batch: DecodedBatch) -> Iterator[Answer]:
            for values, tags in zip(batch.posterior().marginals(), batch.tags, strict=True):
                yield Answer(shortest(values[: len(tags)].ravel()), tags)

        of_sentences = decode_all(self.decoder.batches(sentences, batch_tokens=RECORDED_TOKENS), read)
        answers = [Answer([], []) for _ in inputs]
        for (number, _), answer in zip(units, of_sentences, strict=True):
            answers[number - 1].numbers.extend(answer.numbers)
            answers[number - 1].tags.extend(answer.tags)
        return answers

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return an input with one sentence, three times as long as the longest, of the inputs' words."""
        sentences = [_sentence(value, 0) for unit in inputs for value in unit]
        length = 3 * max(len(sentence.tokens) for sentence in sentences)

        def repeated(parts: Iterable[Sequence[str]]) -> tuple[str, ...]:
            return tuple(islice(cycle(chain.from_iterable(parts)), length))

        columns = {
            column.column.key: repeated(sentence.columns[column.column.key] for sentence in sentences)
            for column in self.codec.columns
        }
        tokens = repeated(sentence.tokens for sentence in sentences)
        return [[recorded(Sentence(tokens, None, 1, columns=columns), length)]]


def recorded(sentence: Sentence, length: int) -> Any:
    """Return the first tokens of a sentence as JSON: a list, or an object that has their columns too."""
    tokens = list(sentence.tokens[:length])
    if not sentence.columns:
        return tokens
    return {"tokens": tokens, "columns": {key: list(values[:length]) for key, values in sentence.columns.items()}}


def _sentence(value: Any, document: int) -> Sentence:
    """Restore a sentence that was recorded."""
    if not isinstance(value, dict):
        return Sentence(tuple(value), None, 1, document=document)
    columns = {key: tuple(values) for key, values in value["columns"].items()}
    return Sentence(tuple(value["tokens"]), None, 1, document=document, columns=columns)
