"""The preparation of a tagger's training: codec and model of its training corpus, or those of another run."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import assert_never

import torch

from bilstm_nlp.config.tagging import DocumentContext, NoContext, TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tags import training_scheme
from bilstm_nlp.tasks.initial_vectors import initial_vectors
from bilstm_nlp.tasks.tagging.class_weights import class_weights
from bilstm_nlp.tasks.tagging.data import Corpora
from bilstm_nlp.tasks.tagging.feature_figures import say_unknown_values
from bilstm_nlp.tasks.tagging.file_format import feature_columns, gazetteers_of
from bilstm_nlp.tasks.tagging.inheritance import child_of
from bilstm_nlp.tasks.tagging.model import model
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.tagging.prepared import PreparedTagging
from bilstm_nlp.tasks.torch_step_network import model_of
from bilstm_nlp.tasks.vectors import pretrained_vectors

logger = logging.getLogger(__name__)


def fitted(config: TaggingConfig, data: Corpora) -> PreparedTagging:
    """Seed, build vocabularies of the training corpus and the pretrained vectors, and make the untrained model."""
    torch.manual_seed(config.seed)
    pretrained = pretrained_vectors(config.embeddings)
    with allocating("building the vocabulary", "number of words in the training data or in embeddings.file"):
        words = WordTable.build(_forms(data.train.sentences), pretrained, config.embeddings.minimum_count)
        if pretrained is not None:
            for name, part in (("train", data.train), ("dev", data.dev)):
                logger.info("word vectors know %s of %s", words.coverage(_forms(part.sentences)), name)
        initial, frozen = initial_vectors(config.embeddings, words, pretrained)
        codec = TaggingCodec.fit(
            data.train.sentences,
            words,
            frozen,
            scheme=training_scheme(data.scheme, config.data.scheme),
            file_scheme=data.scheme,
            with_pairs=config.embeddings.bigrams > 0,
            with_lexicon=config.embeddings.lexicon,
            with_usage=config.embeddings.usage,
            context=_context_tokens(config.context),
            columns=feature_columns(config.embeddings),
            gazetteers=gazetteers_of(config.embeddings, data.cut),
            cut=data.cut,
        )
    _say_doubts(codec, data)
    weights = class_weights(config.head, codec, data.train.sentences)
    with allocating("making the model", "size of the encoder or of embeddings"):
        untrained = model(config, codec, torch.from_numpy(initial), weights)
    return PreparedTagging(config, data, codec, untrained)


def trained(config: TaggingConfig, data: Corpora, tagger: Tagger) -> PreparedTagging:
    """Take the codec and the model of a trained tagger. Raises `InputError` for a model of another engine."""
    return PreparedTagging(config, data, tagger.codec, model_of(tagger.network))


def inherited(config: TaggingConfig, data: Corpora, parent: Tagger) -> PreparedTagging:
    """Seed, extend the vocabularies of a trained tagger, and make a model with its weights."""
    torch.manual_seed(config.seed)
    codec, child = child_of(parent, config, data)
    _say_doubts(codec, data)
    return PreparedTagging(config, data, codec, child, parent.codec.entities)


def _say_doubts(codec: TaggingCodec, data: Corpora) -> None:
    """Log values that are unknown to the training data, and training tokens that text would be cut into otherwise."""
    for corpus in (data.dev, data.test):
        say_unknown_values(codec, corpus)
    if codec.agreement.matters:
        logger.warning("of %s, %s", data.train.source, codec.agreement)


def _forms(sentences: Sequence[Sentence]) -> Counter[str]:
    """Count the word forms."""
    return Counter(chain.from_iterable(sentence.tokens for sentence in sentences))


def _context_tokens(config: DocumentContext | NoContext) -> int:
    """Return the tokens of a window of sentences that are read together; 0 if each sentence is read alone."""
    match config:
        case NoContext():
            return 0
        case DocumentContext(tokens=tokens):
            return tokens
        case unknown:
            assert_never(unknown)
