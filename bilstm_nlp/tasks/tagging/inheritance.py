"""The weights that a tagger takes over from the run it starts from."""

from __future__ import annotations

import logging

import torch
from torch import Tensor

from bilstm_nlp.batch import Ints
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.codec_extension import NEW, Sources
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.nn.token_embedder import TokenEmbedder
from bilstm_nlp.tags import Scheme, spans
from bilstm_nlp.tasks.tagging.decoding import TaggingModel

logger = logging.getLogger(__name__)


OF_TAGS = ("head.projection.weight", "head.projection.bias", "start_transitions", "end_transitions")
"""Weights with a row for each tag."""
OF_INPUTS = ("layers.0.directions.0.weight_ih_l0", "layers.0.directions.1.weight_ih_l0")
"""Weights with a column for each input of the encoder."""


@torch.no_grad()
def take_over(parent: TaggingModel, parent_codec: TaggingCodec, model: TaggingModel, codec: TaggingCodec) -> None:
    """Copy the parent's weights to a model of the same architecture, whose codec extends the parent's.

    New tags keep the weights of `model`, and inputs of new features begin with weights of 0. The temperature is 1.
    """
    assert isinstance(parent.embedder, TokenEmbedder)
    sources = Sources.of(parent_codec, codec)
    weights, own = parent.state_dict(), model.state_dict()
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
    model.load_state_dict(own)


def _inputs(features: Ints, embedder: TokenEmbedder) -> Tensor:
    """Return the source of each of the encoder's inputs, (D,); the features come last."""
    first = embedder.outputs - embedder.features
    sources = torch.from_numpy(features)
    return torch.cat([torch.arange(first), torch.where(sources == NEW, NEW, sources + first)])


def _columns(matrix: Tensor, sources: Tensor) -> Tensor:
    """(N, D) → (N, D'), with the columns of `sources` (D'), and 0 where the source is `NEW`."""
    return torch.where(sources == NEW, 0.0, matrix[:, sources.clamp(min=0)])


def say_extension(parent: TaggingCodec, codec: TaggingCodec, sentences: list[Sentence], scheme: Scheme) -> None:
    """Log what is new to the parent, and which of its types the new training data lack."""
    counts = {
        "words": codec.words.trainable - parent.words.trainable,
        "characters": len(codec.characters) - len(parent.characters),
        "shapes": len(codec.shapes) - len(parent.shapes),
        "tags": len(codec.tags) - len(parent.tags),
    }
    logger.info("new to the run: %s", ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    present = {span.type for sentence in sentences for span in spans(sentence.tags or (), scheme)}
    if lost := sorted(set(parent.types) - present):
        logger.warning(
            "types of the run that no new training sentence has, so that it may forget them: %s", ", ".join(lost)
        )
