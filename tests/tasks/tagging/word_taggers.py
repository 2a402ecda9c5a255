"""Taggers small enough that every tag sequence can be written out."""

from __future__ import annotations

from collections import Counter

import numpy as np
import torch
from torch import nn

from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.nn.crf.crf import LinearChainCrf
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.tags import legal_transitions
from bilstm_nlp.tasks.torch_step_network import TorchStepNetwork


class WordTagger(nn.Module):
    """A tagging model of word vectors and a head, without an encoder."""

    attention = None

    def __init__(self, words: int, head: CrfHead | SoftmaxHead) -> None:
        super().__init__()
        self.words, self.head = nn.Embedding(words, 8), head

    def decode(self, batch):
        return self.head.decode(self.words(batch.words), batch)


def word_tagger(
    sentences: list[Sentence], kind: type[CrfHead] | type[SoftmaxHead], *, constrained: bool
) -> tuple[TorchStepNetwork, TaggingCodec]:
    """Make an untrained tagger in double precision with large random weights, and its codec, from sentences in IOB2."""
    words = WordTable.build(Counter(token for sentence in sentences for token in sentence.tokens), None)
    codec = TaggingCodec.fit(sentences, words, np.empty((0, 8), np.float16), scheme="IOB2", file_scheme="IOB2")
    legality = legal_transitions(codec.tags, "IOB2")
    limits = {f"legal_{name}": torch.from_numpy(value) for name, value in vars(legality).items()} if constrained else {}
    model = WordTagger(len(words), kind(8, LinearChainCrf(len(codec.tags), **limits))).double()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.mul_(3)
    return TorchStepNetwork(model), codec
