"""A trained tagger: streams of sentences in, streams of tagged sentences out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.corpus import ColumnFormat, Sentence
from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.system.json_values import shortest
from bilstm_nlp.tasks.base import Answer
from bilstm_nlp.tasks.request import Request
from bilstm_nlp.tasks.tagging.decoder import ModelDecoder, decode_all
from bilstm_nlp.tasks.tagging.decoding import DecodedBatch, TaggingModel
from bilstm_nlp.tasks.tagging.inputs import Input, sentence_of_input
from bilstm_nlp.tasks.tagging.sentence_tagging import BATCH_TOKENS, SentenceTagging
from bilstm_nlp.tasks.tagging.stream import Chunk, Reading


class Tagger:
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
        self.model, self.codec, self.format, self.scores = model, codec, format, dict(scores or {})
        self.decoder = ModelDecoder(model, codec)
        self.sentences = SentenceTagging(self.decoder, format)

    def __repr__(self) -> str:
        """Name the entity types, the tags and the scores that are known."""
        types = ", ".join(self.codec.types) or "no types"
        parts = [types, f"{len(self.codec.tags)} tags in {self.codec.scheme}"]
        parts += [f"{name} F1 {score:.4f}" for name, score in self.scores.items()]
        return f"<Tagger: {'; '.join(parts)}>"

    @overload
    def tag(self, inputs: str) -> list[Entity]: ...  # type: ignore[overload-overlap]

    @overload
    def tag(self, inputs: Iterable[str] | Iterable[Sequence[str]]) -> list[list[Entity]]: ...

    def tag(self, inputs: str | Iterable[str] | Iterable[Sequence[str]]) -> list[Entity] | list[list[Entity]]:
        """Return the entities of a text, or of each input of a list, with exact probabilities.

        A string is one text, and its entities are returned. Of a list (or any iterable), each string is a text, each
        list or tuple of strings is a sentence that is already cut into tokens, and a list of entities is returned for
        each. Positions count characters of the text; tokens count as joined by blanks.

        Raises `InputError` for anything else.

        >>> tagger.tag("")
        []
        >>> len(tagger.tag(["EU rejects German call.", ["Peter", "Blackburn"]]))
        2
        >>> tagger.tag([["Angela", "Merkel"], None])
        Traceback (most recent call last):
        bilstm_nlp.errors.InputError: tag: input 2: expected a text or a list of tokens, found None
        """
        return self.sentences.tag(inputs)

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

    def stream(
        self,
        sentences: Iterable[Input],
        *,
        confidence: bool = False,
        alternatives: int = 0,
        attention: bool = False,
    ) -> Iterator[TaggedSentence]:
        """Tag sentences, texts or lists of tokens in their order, one chunk at a time, in constant memory.

        `confidence` adds each entity's probability, `alternatives` so many of the best tag sequences, `attention` the
        attention's weights. An input without tokens gives a sentence without entities.

        Raises `InputError` for other inputs, after the sentences before it were tagged, and for `attention` of a model
        without.

        >>> for tagged in tagger.stream(line for line in ["EU rejects German call.", ""]):
        ...     print(tagged.sentence.tokens)
        ('EU', 'rejects', 'German', 'call', '.')
        ()
        """
        return self.sentences.stream(sentences, confidence=confidence, alternatives=alternatives, attention=attention)

    # --- requests of the command line ---

    def predictions(self, request: Request) -> Iterator[bytes]:
        """Tag a file, or standard input. What was read before a faulty line is tagged before its `InputError`."""
        return self.sentences.predictions(request)

    def reading(self, request: Request) -> Reading:
        """Decide how to read a request's source. Raises `InputError` for a request that this tagger can't meet."""
        return self.sentences.reading(request)

    def render(self, chunk: Chunk, request: Request) -> Iterator[bytes]:
        """Yield the output for each sentence of a chunk, in the request's format."""
        return self.sentences.render(chunk, request)

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
