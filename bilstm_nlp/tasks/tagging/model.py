"""From a config to a tagger: the layers of its model, sized by a codec's vocabularies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, assert_never

import torch
from numpy.typing import NDArray
from torch import Tensor

from bilstm_nlp.batch import TokenBatch
from bilstm_nlp.config.tagging import CrfHeadConfig, SoftmaxHeadConfig, TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.errors import RunError
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.encoder import DocumentEncoder, Dropout, Encoder
from bilstm_nlp.nn.model import Model
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.token_embedder import WordVectors
from bilstm_nlp.tags import Legality, legal_transitions
from bilstm_nlp.tasks.base import Restored
from bilstm_nlp.tasks.layers import attention, encoder
from bilstm_nlp.tasks.tagging.file_format import feature_columns
from bilstm_nlp.tasks.tagging.saved import SavedTagger
from bilstm_nlp.tasks.text_layers import drawn_vectors, token_embedder
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork

TaggingModel = Model[TokenBatch[Tensor], Tensor]

VALUE_SIZE = 25
"""Size of the vector of a value if the config gives none."""


def restored(
    config: TaggingConfig, codec: dict[str, Any], arrays: Mapping[str, NDArray[Any]], results: Mapping[str, Any]
) -> Restored:
    """Make the tagger of a saved run, before its weights are loaded. `results` is the content of metrics.json.

    Raises `RunError` for a codec that is damaged.
    """
    saved = SavedTagger.of(config, codec, arrays, results)
    vectors = torch.zeros(saved.codec.words.trainable, saved.codec.frozen.shape[1])
    untrained = model(config, saved.codec, vectors)
    return Restored(saved.around(TorchStepNetwork(untrained)), untrained)


def model(config: TaggingConfig, codec: TaggingCodec, vectors: Tensor, weights: Tensor | None = None) -> TaggingModel:
    """Make the model over a codec's vocabularies, with (V, D) word vectors to train.

    `weights` (K,) are those of tags in the loss of a softmax head.
    """
    embedder = token_embedder(
        config.embeddings,
        codec.tables,
        vectors,
        codec.frozen,
        len(codec.pairs),
        features=codec.features,
        columns=partial(_columns, config, codec),
    )
    reader = _sentence_reader(config, codec, embedder.outputs)
    end = _head(config, reader.outputs, legal_transitions(codec.tags, codec.scheme), weights)
    return Model(embedder, reader, attention(config.attention, reader.outputs), end)


def _sentence_reader(config: TaggingConfig, codec: TaggingCodec, inputs: int) -> Encoder | DocumentEncoder:
    """Make the encoder, which reads each sentence alone or together with its neighbours."""
    dropout, locked = config.encoder.dropout, config.encoder.locked_dropout
    if not codec.context:
        return encoder(config.encoder, inputs, input_dropout=dropout, output_dropout=dropout)
    inner = encoder(config.encoder, inputs, input_dropout=0.0, output_dropout=0.0)
    return DocumentEncoder(inner, inputs, Dropout(dropout, locked=locked), Dropout(dropout, locked=locked))


def _columns(config: TaggingConfig, codec: TaggingCodec) -> list[WordVectors]:
    """Make the vectors of the values of each column, with rows for padding and the unknown value.

    Values are dropped like words in training, so that the unknown value has a trained vector.
    """
    sizes = [column.size or VALUE_SIZE for column in config.embeddings.columns if column.kind == "value"]
    columns = [column for column in codec.columns if not column.column.numeric]
    if [column.column for column in codec.columns] != list(feature_columns(config.embeddings)):
        raise RunError("codec.json: expected the columns of embeddings.columns in config.json, found others")
    return [
        drawn_vectors(len(column.values), size, config.embeddings.word_dropout)
        for column, size in zip(columns, sizes, strict=True)
    ]


def _head(config: TaggingConfig, inputs: int, legality: Legality, weights: Tensor | None) -> CrfHead | SoftmaxHead:
    """Make the output end for states of size `inputs`; `legality` says which tag sequences the scheme allows."""
    match config.head:
        case CrfHeadConfig(constrained=constrained, constrain_training=constrain_training):
            return CrfHead(inputs, _chain(legality, constrained=constrained, constrain_training=constrain_training))
        case SoftmaxHeadConfig(constrained=constrained):
            return SoftmaxHead(inputs, _chain(legality, constrained=constrained, constrain_training=False), weights)
        case unknown:
            assert_never(unknown)


def _chain(legality: Legality, *, constrained: bool, constrain_training: bool) -> LinearChainCrf:
    """Make a linear chain over a scheme's tags. An unconstrained chain allows every sequence."""
    if not constrained:
        return LinearChainCrf(len(legality.start))
    return LinearChainCrf(
        len(legality.start),
        legal_start=torch.from_numpy(legality.start),
        legal_end=torch.from_numpy(legality.end),
        legal_transitions=torch.from_numpy(legality.transitions),
        constrain_training=constrain_training,
    )
