"""The layers of a tagger are those of its config, sized by the codec."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.codec import TaggingCodec
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.data.text.vocabulary import WordTable
from bilstm_nlp.nn.encoder import DocumentEncoder, Encoder
from bilstm_nlp.nn.tagging_heads import CrfHead, SoftmaxHead
from bilstm_nlp.nn.token_embedder import CharacterCnn, CharacterLstm
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.model import model, restored

SENTENCES = [Sentence(("Ann", "left", "Bonn"), ("B-PER", "O", "B-LOC"), 1)]


def config(**tables: object):
    return parse({"task": "tagging", "data": {"train": "x", "dev": "y", "token_column": 1}, **tables}, "a test")


def codec(**settings: object) -> TaggingCodec:
    words = WordTable.build(Counter(SENTENCES[0].tokens), None)
    frozen = np.empty((0, 5), np.float16)
    return TaggingCodec.fit(SENTENCES, words, frozen, scheme="IOBES", file_scheme="IOB2", **settings)


def made(settings, fitted: TaggingCodec):
    return model(settings, fitted, torch.zeros(fitted.words.trainable, 5))


@pytest.mark.parametrize(
    ("characters", "kind"),
    [("none", type(None)), ("cnn", CharacterCnn), ("lstm", CharacterLstm)],
)
def test_the_config_chooses_the_reader_of_spellings(characters, kind):
    assert isinstance(made(config(embeddings={"characters": {"kind": characters}}), codec()).embedder.characters, kind)


@pytest.mark.parametrize(("head", "kind"), [("crf", CrfHead), ("softmax", SoftmaxHead)])
@pytest.mark.parametrize("constrained", [True, False])
def test_the_config_chooses_the_head_and_its_constraints(head, kind, constrained):
    tagger = made(config(head={"kind": head, "constrained": constrained}), codec())
    assert isinstance(tagger.head, kind)
    assert tagger.head.crf.tags == 1 + 2 * 4
    assert bool(tagger.head.crf.legal_transitions.all()) != constrained


def test_a_codec_with_context_reads_documents():
    settings = config(context={"kind": "document", "tokens": 20})
    assert isinstance(made(settings, codec(context=20)).encoder, DocumentEncoder)
    assert isinstance(made(config(), codec()).encoder, Encoder)


def test_a_restored_tagger_has_the_scores_of_its_corpora():
    fitted = codec()
    results = {"dev": {"f1": 0.5}, "test": {"f1": None}, "training": {"epochs": 3}, "other": 7}
    tagger = restored(config(), fitted.to_json(), fitted.tensors(), results).predictor
    assert tagger.scores == {"dev": 0.5}
    assert tagger.codec.tags == fitted.tags
    assert (tagger.format.token, column_format(config()).token) == (1, 1)
