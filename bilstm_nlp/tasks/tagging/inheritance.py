"""The weights that a tagger takes over from the run it starts from."""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from bilstm_nlp.batch import Ints
from bilstm_nlp.config.tagging import TaggingConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.codec_extension import NEW, Sources, extended
from bilstm_nlp.data.text.lexicon import entities_of
from bilstm_nlp.errors import DataError
from bilstm_nlp.nn.token_embedder import TokenEmbedder
from bilstm_nlp.system.memory import allocating
from bilstm_nlp.tags import training_scheme
from bilstm_nlp.tasks.tagging.class_weights import class_weights
from bilstm_nlp.tasks.tagging.data import Corpora
from bilstm_nlp.tasks.tagging.model import TaggingModel, model
from bilstm_nlp.tasks.tagging.predictor import Tagger
from bilstm_nlp.tasks.torch_step_network import model_of

logger = logging.getLogger(__name__)


OF_TAGS = ("head.projection.weight", "head.projection.bias", "start_transitions", "end_transitions")
"""Weights with a row for each tag."""
OF_INPUTS = ("layers.0.directions.0.weight_ih_l0", "layers.0.directions.1.weight_ih_l0")
"""Weights with a column for each input of the encoder."""


@torch.no_grad()
def take_over(parent: TaggingModel, parent_codec: TaggingCodec, child: TaggingModel, codec: TaggingCodec) -> None:
    """Copy the parent's weights to a child of the same architecture, whose codec extends the parent's.

    New tags keep the weights of `child`, and inputs of new features begin with weights of 0. The temperature is 1.
    """
    assert isinstance(parent.embedder, TokenEmbedder)
    sources = Sources.of(parent_codec, codec)
    weights, own = parent.state_dict(), child.state_dict()
    words = weights["embedder.words.table.weight"]
    rows = {
        "embedder.characters.embedding.weight": sources.characters,
        "embedder.bigrams.table.weight": sources.pairs,
        "embedder.shapes.weight": sources.shapes,
    }
    rows |= {f"embedder.columns.{number}.table.weight": values for number, values in enumerate(sources.values)}
    tags = torch.from_numpy(sources.tags)
    known = tags != NEW
    inputs = _inputs(sources.features, parent.embedder)
    for name, value in own.items():
        before = weights[name]
        if name == "embedder.words.table.weight":
            every = torch.cat([words, parent.embedder.words.frozen.to(words.dtype)])
            own[name] = every[torch.from_numpy(sources.words)]
        elif name in rows:
            own[name] = before[torch.from_numpy(rows[name])]
        elif name.endswith(OF_TAGS):
            value[known] = before[tags[known]]
        elif name.endswith("chain.transitions"):
            value[known.nonzero(), known.nonzero().T] = before[tags[known][:, None], tags[known]]
        elif name.endswith(OF_INPUTS):
            own[name] = _columns(before, inputs)
        elif name == "encoder.boundary":
            own[name] = _columns(before[None], inputs)[0]
        elif name != "head.temperature":
            own[name] = before
    child.load_state_dict(own)


def _inputs(features: Ints, embedder: TokenEmbedder) -> Tensor:
    """Return the source of each of the encoder's inputs, (D,); the features come last."""
    first = embedder.outputs - embedder.features
    sources = torch.from_numpy(features)
    return torch.cat([torch.arange(first), torch.where(sources == NEW, NEW, sources + first)])


def _columns(matrix: Tensor, sources: Tensor) -> Tensor:
    """(N, D) → (N, D'), with the columns of `sources` (D'), and 0 where the source is `NEW`."""
    return torch.where(sources == NEW, 0.0, matrix[:, sources.clamp(min=0)])


def child_of(parent: Tagger, config: TaggingConfig, data: Corpora) -> tuple[TaggingCodec, TaggingModel]:
    """Extend the codec of a trained tagger by new training data, and make a model that starts from its weights.

    Raises `InputError` if the parent's tags are of another kind than those of the data.
    """
    scheme = training_scheme(data.scheme, config.data.scheme)
    if scheme != parent.codec.scheme:
        kind = f"tags that are trained as {parent.codec.scheme}, as the run's are"
        raise DataError(data.train.source, kind, f"tags that are trained as {scheme}")
    sentences, minimum_count = data.train.sentences, config.embeddings.minimum_count
    with allocating("making the model", "size of the encoder or of embeddings"):
        codec = extended(parent.codec, sentences, file_scheme=data.scheme, cut=data.cut, minimum_count=minimum_count)
        weights = class_weights(config.head, codec, sentences)
        child = model(config, codec, torch.zeros(codec.words.trainable, codec.frozen.shape[1]), weights)
        take_over(model_of(parent.network), parent.codec, child, codec)
    _say_extension(parent.codec, codec, data)
    return codec, child


def _say_extension(parent: TaggingCodec, codec: TaggingCodec, data: Corpora) -> None:
    """Log what is new to the parent, and which of its types the new training data lack."""
    counts = {
        "words": codec.words.trainable - parent.words.trainable,
        "characters": len(codec.characters) - len(parent.characters),
        "shapes": len(codec.shapes) - len(parent.shapes),
        "tags": len(codec.tags) - len(parent.tags),
    }
    logger.info("new to the run: %s", ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    present = set().union(*entities_of(data.train.sentences, data.scheme).values())
    if lost := sorted(set(parent.types) - present):
        logger.warning(
            "types of the run that no new training sentence has, so that it may forget them: %s", ", ".join(lost)
        )
