"""A tagger that starts from another: it answers like its parent, and knows more words and tags."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.codec_extension import Sources
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.registry import inherited, tagging
from bilstm_nlp.tasks.tagging.decoding import emissions

OLD = """-DOCSTART- X O

Ann NN B-PER
Lee NN I-PER
saw VB O
Rome NN B-LOC
in IN O
1999 CD O

Rome NN B-LOC
saw VB O
Ann NN B-PER
"""
NEW = """Ann NN B-PER
saw VB O
the DT O
Acme NNP B-AAA
ltd NNP I-AAA
in IN O
Oslo NN B-LOC
2020 CD O
saw VB O
étude FW O
"""
EVERYTHING = {
    "embeddings": {
        "dimension": 6,
        "bigrams": 4,
        "lexicon": True,
        "usage": True,
        "columns": [{"column": 1, "size": 3}],
        "characters": {"kind": "cnn", "embedding": 3, "filters": 4},
    },
    "context": {"kind": "document", "tokens": 30},
    "attention": {"kind": "additive", "size": 4},
}
PLAIN = {"embeddings": {"dimension": 6, "characters": {"kind": "none"}, "shapes": 0}}
PRETRAINED = {"embeddings": {"file": "vectors.txt", "minimum_count": 1}, "head": {"kind": "softmax"}}
LSTM = {"embeddings": {"dimension": 6, "characters": {"kind": "lstm", "embedding": 3, "hidden": 2}}}


def config(folder, data: str, **tables):
    (folder / "vectors.txt").write_text("ann 1 2\nrome 2 1\noslo 3 3\nbonn 4 5\nparis 5 5\n")
    (folder / "data.conll").write_text(data)
    values = {"data": {"train": str(folder / "data.conll"), "dev": str(folder / "data.conll")}}
    return parse({**values, "encoder": {"hidden": 4}, **tables}, "a test")


def pair(folder, monkeypatch, tables):
    """Make a parent with random weights, and its child."""
    monkeypatch.chdir(folder)
    settings = config(folder, OLD, **tables)
    old = tagging(settings).prepare()
    with torch.no_grad():
        for parameter in old.model.parameters():
            parameter.add_(torch.randn_like(parameter))
        for table in [module for module in old.model.modules() if isinstance(module, torch.nn.Embedding)]:
            table.weight[0] = 0
    child = inherited(config(folder, NEW), settings, "a run")
    return old, tagging(child).prepare_from(old.predictor())


@pytest.mark.parametrize("tables", [EVERYTHING, PLAIN, PRETRAINED, LSTM])
def test_a_child_begins_with_the_scores_of_its_parent(tmp_path, monkeypatch, tables):
    old, new = pair(tmp_path, monkeypatch, tables)
    sentences = [*old.data.train.sentences, *new.data.train.sentences]
    before = emissions(old.network, old.codec, old.codec.encode(sentences[:2]), None)
    after = emissions(new.network, new.codec, new.codec.encode(sentences[:2]), None)
    columns = [new.codec.tags.index(tag) for tag in old.codec.tags]
    assert len(new.codec.tags) == len(old.codec.tags) + 4
    np.testing.assert_allclose(after[:, columns], before, atol=1e-5, rtol=1e-5)
    chain, own = old.model.head.crf.chain, new.model.head.crf.chain
    assert torch.equal(own.transitions[columns][:, columns], chain.transitions)
    assert torch.equal(own.start_transitions[columns], chain.start_transitions)
    if old.codec.lexicon is None:  # its entities of known types are new features
        before = emissions(old.network, old.codec, old.codec.encode(sentences), None)
        after = emissions(new.network, new.codec, new.codec.encode(sentences), None)
        np.testing.assert_allclose(after[:, columns], before, atol=1e-5, rtol=1e-5)


def test_new_words_characters_values_and_tags_are_added(tmp_path, monkeypatch):
    old, new = pair(tmp_path, monkeypatch, EVERYTHING)
    before, after = old.codec, new.codec
    assert after.words.learnt[: len(before.words.learnt)] == before.words.learnt
    assert {*after.words.learnt} - {*before.words.learnt} == {
        "the",
        "acme",
        "ltd",
        "oslo",
        "étude",
    }  # 1999 and 2020 are 0000
    assert after.characters.items[: len(before.characters.items)] == before.characters.items
    assert {*after.characters.items} == {*before.characters.items} | set("AncmeltdOslowuthai20étude")
    assert {*after.columns[0].values.items} - {*before.columns[0].values.items} == {"DT", "NNP", "FW"}
    assert after.types == ("AAA", "LOC", "PER")
    assert after.entities["Acme", "ltd"] == {"AAA"}
    assert after.entities["Ann", "Lee"] == {"PER"}


def test_frozen_vectors_of_new_words_are_trained(tmp_path, monkeypatch):
    old, new = pair(tmp_path, monkeypatch, PRETRAINED)
    assert old.codec.words.frozen == ("oslo", "bonn", "paris")
    assert new.codec.words.frozen == ("bonn", "paris")
    assert new.codec.frozen.tolist() == [[4, 5], [5, 5]]
    row = new.codec.words.id("Oslo")
    assert row < new.codec.words.trainable
    assert new.model.embedder.words.table.weight[row].tolist() == [3, 3]
    assert new.codec.words.id("Paris") == new.codec.words.trainable + 1


def test_pairs_keep_their_rows_among_other_words(tmp_path, monkeypatch):
    old, new = pair(tmp_path, monkeypatch, EVERYTHING)
    sources = Sources.of(old.codec, new.codec)
    sentences = old.data.train.sentences
    rows = new.codec.encode(sentences).bigrams
    assert (sources.pairs[rows] == old.codec.encode(sentences).bigrams).all()
    assert (np.diff(new.codec.pairs) > 0).all()


def test_types_without_new_sentences_are_said(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    settings = config(tmp_path, OLD, **PLAIN)
    old = tagging(settings).prepare()
    tagging(inherited(config(tmp_path, "x X B-NEW\ny Y O\n"), settings, "a run")).prepare_from(old.predictor())
    assert "types of the run that no new training sentence has, so that it may forget them: LOC, PER" in caplog.text


def test_plain_labels_are_extended(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = config(tmp_path, "the x DT\ndog x NN\n", **PLAIN)
    old = tagging(settings).prepare()
    new = tagging(inherited(config(tmp_path, "a x DT\nran x VB\n"), settings, "a run")).prepare_from(old.predictor())
    assert new.codec.tags == ("DT", "NN", "VB")
    known = torch.equal(new.model.head.projection.weight[:2], old.model.head.projection.weight)
    assert known


def test_tags_of_another_kind_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = config(tmp_path, "the x DT\ndog x NN\n", **PLAIN)
    old = tagging(settings).prepare()
    with pytest.raises(DataError, match=r"expected tags that are trained as plain, as the run's are, found .* IOBES"):
        tagging(inherited(config(tmp_path, OLD), settings, "a run")).prepare_from(old.predictor())


def test_training_sentences_match_the_parents_entities(tmp_path, monkeypatch):
    new = pair(tmp_path, monkeypatch, EVERYTHING)[1]
    alone = tagging(new.config).prepare()
    kinds = new.codec.lexicon.types
    single = kinds.index("PER") * 4 + 3
    tokens = [token for sentence in new.data.train.sentences for token in sentence.tokens]

    def matched(prepared) -> list[str]:
        features = prepared.codec.encode_folds(prepared._folds).features
        return [token for token, row in zip(tokens, features[:, single], strict=True) if row]

    assert matched(new) == ["Ann"]  # known from the parent's data
    assert matched(alone) == []  # a single sentence has no others
