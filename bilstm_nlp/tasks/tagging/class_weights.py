"""Weights of tags in the loss of a softmax head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Literal, assert_never

import torch
from torch import Tensor

from bilstm_nlp.config.tagging import CrfHeadConfig, SoftmaxHeadConfig
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.tags import convert


def class_weights(
    head: CrfHeadConfig | SoftmaxHeadConfig, codec: TaggingCodec, sentences: Sequence[Sentence]
) -> Tensor | None:
    """Return the (K,) weight of each tag of the codec, or None if all are the same.

    Raises `ConfigError` for weights of tags that the training sentences don't have.
    """
    match head:
        case CrfHeadConfig():
            return None
        case SoftmaxHeadConfig(class_weights=chosen):
            return None if chosen is None else torch.tensor(_weights(chosen, codec, sentences))
        case _:
            assert_never(head)


def _weights(
    chosen: Literal["balanced"] | Mapping[str, float], codec: TaggingCodec, sentences: Sequence[Sentence]
) -> list[float]:
    """Return the weight of each tag; that of a tag precedes that of its type."""
    if chosen == "balanced":
        return _balanced(codec, sentences)
    _check(chosen, codec)
    kinds = _kinds(codec)
    return [chosen.get(tag, chosen.get(kind, 1.0)) for tag, kind in zip(codec.tags, kinds, strict=True)]


def _kinds(codec: TaggingCodec) -> list[str]:
    """Return the type of each tag, or `O`."""
    return ["O" if kind is None else kind for kind in codec.type_of_each]


def _balanced(codec: TaggingCodec, sentences: Sequence[Sentence]) -> list[float]:
    """Return N / (K · n) for each tag, where n of N tokens have its type, and K types occur."""
    kind_of = dict(zip(codec.tags, _kinds(codec), strict=True))
    tags = (convert(sentence.tags or (), codec.file_scheme, codec.scheme) for sentence in sentences)
    counts = Counter(kind_of[tag] for tag in chain.from_iterable(tags))
    return [counts.total() / (len(counts) * counts[kind]) if counts[kind] else 1.0 for kind in kind_of.values()]


def _check(weights: Mapping[str, float], codec: TaggingCodec) -> None:
    """Raise `ConfigError` for a name that is neither a tag nor a type."""
    kinds = sorted(set(_kinds(codec)))
    if unknown := [name for name in weights if name not in kinds and name not in codec.tags]:
        expected = f"types of the training data, {', '.join(kinds)}, or their tags"
        raise ConfigError("config", [f"head.class_weights: expected {expected}, found {', '.join(unknown)}"])
