"""The input ends of classifiers in training: codecs that are fitted, and embedders for them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, assert_never

import torch

from bilstm_nlp.config.classification import ClassificationConfig, SeriesClassificationConfig, TextClassificationConfig
from bilstm_nlp.config.readers import PatchReaderConfig, StepReaderConfig
from bilstm_nlp.data.labelled.labelled_text import LabelledText
from bilstm_nlp.data.labelled.sequence_codec import SequenceCodec
from bilstm_nlp.data.text.text_codec import TextCodec
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.nn.model import Embedder
from bilstm_nlp.nn.sequence_embedder import SequencePatches, SequenceSteps
from bilstm_nlp.nn.token_embedder import TokenEmbedder
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tasks.classification.ends import InputCodec, InputEnd
from bilstm_nlp.tasks.classification.series import SeriesEnd
from bilstm_nlp.tasks.classification.text import TextEnd
from bilstm_nlp.tasks.initial_vectors import initial_vectors
from bilstm_nlp.tasks.text_layers import token_embedder
from bilstm_nlp.tasks.vectors import pretrained_vectors

logger = logging.getLogger(__name__)


def fit(end: InputEnd[Any], inputs: Sequence[Any]) -> tuple[InputCodec[Any], Embedder[Any]]:
    """Fit the codec to the training sequences that an end has read, and make the embedder with its first weights."""
    match end:
        case TextEnd():
            return _fit_texts(end.config, inputs)
        case SeriesEnd():
            assert end.loader.roles is not None, "load() reads the columns"
            codec = SequenceCodec.fit(inputs, end.loader.roles, end.config.data.scaler)
            return codec, _of_series(end.config, codec)
        case _:
            raise TypeError(f"An input end must be one of texts or series. Got {type(end).__name__}.")


def untrained(config: ClassificationConfig, codec: InputCodec[Any]) -> Embedder[Any]:
    """Make the embedder of a saved codec, before its weights are loaded."""
    match config:
        case TextClassificationConfig():
            assert isinstance(codec, TextCodec)
            return _of_texts(config, codec, torch.zeros(codec.words.trainable, codec.frozen.shape[1]))
        case SeriesClassificationConfig():
            assert isinstance(codec, SequenceCodec)
            return _of_series(config, codec)
        case _:
            assert_never(config)


def _fit_texts(config: TextClassificationConfig, inputs: Sequence[LabelledText]) -> tuple[TextCodec, TokenEmbedder]:
    """Build the vocabularies of the training texts and the pretrained vectors, and make the embedder."""
    settings, tokenizer = config.embeddings, config.data.tokenizer
    pretrained = pretrained_vectors(settings)
    with allocating("building the vocabulary", "number of words in the training data or in embeddings.file"):
        forms = Counter(chain.from_iterable(text.tokens for text in inputs))
        words = WordTable.build(forms, pretrained, settings.minimum_count)
        if pretrained is not None:
            logger.info("word vectors know %s of train", words.coverage(forms))
        initial, frozen = initial_vectors(settings, words, pretrained)
        codec = TextCodec.fit(inputs, words, frozen, with_pairs=settings.bigrams > 0, tokenizer=tokenizer)
    return codec, _of_texts(config, codec, torch.from_numpy(initial))


def _of_texts(config: TextClassificationConfig, codec: TextCodec, vectors: torch.Tensor) -> TokenEmbedder:
    """Make the embedder of texts, with (V, D) vectors to train."""
    return token_embedder(config.embeddings, codec.tables, vectors, codec.frozen, len(codec.pairs))


def _of_series(config: SeriesClassificationConfig, codec: SequenceCodec) -> SequenceSteps | SequencePatches:
    """Make the embedder of the config's reader."""
    match config.reader:
        case StepReaderConfig():
            return SequenceSteps(codec.features)
        case PatchReaderConfig(length=length, stride=stride, size=size):
            return SequencePatches(codec.features, length, stride, size)
        case unknown:
            assert_never(unknown)
