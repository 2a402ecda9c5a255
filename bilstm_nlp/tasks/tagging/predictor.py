"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import ColumnFormat, Sentence
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch, TaggingModel
from bilstm_nlp.tasks.tagging.inputs import sentence_of_input
from bilstm_nlp.tasks.tagging.sentence_tagger import BATCH_TOKENS, SentenceTagger


class Tagger(SentenceTagger):
    """A trained tagger, as `load` returns it.

    >>> tagger.tag("EU rejects German call.")  # doctest: +SKIP
    [Entity(text='EU', type='ORG', start=0, end=2, first=0, last=1, score=0.98), …]
    """

    def __init__(
        self,
        model: TaggingModel,
        codec: TaggingCodec,
        format: ColumnFormat,
        scores: Mapping[str, float] | None = None,
    ) -> None:
        """`format`: the columns and the encoding of the files that the tagger was trained on.

        `scores`: F1 by the name of the corpus ("dev", "test"), if it is known.
        """
        super().__init__(ModelDecoder(model, codec), format)
        self.model, self.codec, self.scores = model, codec, dict(scores or {})

    def __repr__(self) -> str:
        """Name the entity types, the tags and the scores that are known."""
        types = ", ".join(self.codec.types) or "no types"
        parts = [types, f"{len(self.codec.tags)} tags in {self.codec.scheme}"]
        parts += [f"{name} F1 {score:.4f}" for name, score in self.scores.items()]
        return f"<Tagger: {'; '.join(parts)}>"

    def attention(self, text: str | Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
        """Return the tokens of a text, and (heads, T, T): how much each token (row) attends to each token (column).

        A list or tuple of strings is a sentence that is already cut into tokens.

        Raises `InputError` for anything else, and for a model without attention.

        >>> tokens, weights = tagger.attention("EU rejects German call.")
        >>> tokens, weights.shape
        (('EU', 'rejects', 'German', 'call', '.'), (1, 5, 5))
        """
        sentence = sentence_of_input(text, self.codec.cut, "attention")
        (tagged,) = self.stream([sentence], attention=True)
        assert tagged.weights is not None
        return tuple(tagged.sentence.tokens), tagged.weights

    # --- verification ---

    def answers(self, inputs: Sequence[Any]) -> list[Answer]:
        """Return the probability of each tag at each token, and the best sequence. An input is a list of sentences."""
        units = [(number, tokens) for number, unit in enumerate(inputs, 1) for tokens in unit]
        sentences = [Sentence(tuple(tokens), None, 1, document=number) for number, tokens in units]

        def read(batch: DecodedBatch) -> Iterator[Answer]:
            for values, tags in zip(batch.posterior().marginals(), batch.tags, strict=True):
                yield Answer(shortest(values[: len(tags)].flatten().cpu().numpy()), tags)

        of_sentences = decode_all(self.decoder.batches(sentences, batch_tokens=BATCH_TOKENS), read)
        answers = [Answer([], []) for _ in inputs]
        for (number, _), answer in zip(units, of_sentences, strict=True):
            answers[number - 1].numbers.extend(answer.numbers)
            answers[number - 1].tags.extend(answer.tags)
        return answers

    def longer(self, inputs: Sequence[Any]) -> list[Any]:
        """Return an input with one sentence, three times as long as the longest, of the inputs' words."""
        words = [token for unit in inputs for sentence in unit for token in sentence]
        longest = max(len(sentence) for unit in inputs for sentence in unit)
        return [[(words * 3 * longest)[: 3 * longest]]]
