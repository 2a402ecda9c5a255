"""The tagging task: seeded batches, scores, examples and results of a prepared tagger."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.errors import MemoryNeeded
from bilstm_nlp.metrics.labels import micro_f1
from bilstm_nlp.tasks import initial_vectors, vectors
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging.decoding import decode
from bilstm_nlp.tasks.tagging.evaluation import gold_spans
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger
from tests.studies.grids import corpus


def prepared(folder, seed: int = 1, test: bool = False, **tables: object):
    """Prepare a small tagger, untrained."""
    (folder / "train").write_text(corpus(30))
    (folder / "dev").write_text("-DOCSTART- O\n\n" + corpus(9, shift=100))
    data = {"train": str(folder / "train"), "dev": str(folder / "dev")}
    data |= {"test": data["dev"]} if test else {}
    small = {"embeddings": {"dimension": 5, "characters": {"kind": "none"}}, "encoder": {"hidden": 4}}
    values = {"seed": seed, "data": data, **small, "training": {"batch_tokens": 20}, **tables}
    return tagging(parse(values, "a test")).prepare()


def words(batches) -> list[list[list[int]]]:
    return [batch.words.tolist() for batch in batches]


@pytest.mark.parametrize(
    ("step", "embeddings", "said"),
    [
        ("read_vectors", {"file": "v.txt"}, r"reading .*v\.txt; a lower number of words in this file takes less$"),
        ("matrix", {"file": "v.txt"}, r"copying the vectors of .*v\.txt; a lower number of words in this file .*less$"),
        ("_drawn", {"dimension": 5}, r"making word vectors; a lower embeddings\.dimension takes less$"),
    ],
)
def test_out_of_memory_for_vectors_names_their_file_or_key(tmp_path, monkeypatch, step, embeddings, said):
    def too_large(*_):
        raise MemoryError

    monkeypatch.chdir(tmp_path)
    (tmp_path / "v.txt").write_text("a 1 2\nb 3 4\n")
    monkeypatch.setattr(vectors if step == "read_vectors" else initial_vectors, step, too_large)
    with pytest.raises(MemoryNeeded, match=f"^out of memory in {said}"):
        prepared(tmp_path, embeddings=embeddings)


def test_out_of_memory_for_layers_names_the_model(tmp_path):
    expected = r"^out of memory in making the model; a lower size of the encoder or of embeddings takes less \("
    with pytest.raises(MemoryNeeded, match=expected):
        prepared(tmp_path, encoder={"hidden": 1 << 24})


def test_batches_depend_on_seed_and_epoch_alone(tmp_path):
    first, second = prepared(tmp_path), prepared(tmp_path)
    assert words(first.batches(2)) == words(second.batches(2))
    assert words(first.batches(1)) != words(first.batches(2))
    assert words(first.batches(1)) != words(prepared(tmp_path, seed=2).batches(1))


@pytest.mark.parametrize("swap", [0.0, 0.5])
def test_steps_repeat_the_sentences_in_new_orders(tmp_path, swap):
    training = {"batch_tokens": 20, "swap_entities": swap}
    once = prepared(tmp_path, training=training)
    in_a_pass = len(once.batches(1))
    repeated = prepared(tmp_path, training={**training, "epochs": 1, "steps": 3 * in_a_pass})
    assert len(repeated.batches(1)) == 3 * in_a_pass
    first, second = words(repeated.batches(1)[:in_a_pass]), words(repeated.batches(1)[in_a_pass : 2 * in_a_pass])
    assert first == words(once.batches(1)) != second
    assert words(repeated.batches(1)) == words(repeated.batches(1))


@pytest.mark.parametrize("swap", [0.0, 0.5])
def test_an_epoch_has_every_training_sentence_once(tmp_path, swap):
    own = prepared(tmp_path, training={"batch_tokens": 20, "swap_entities": swap})
    batches = list(own.batches(1))
    assert sum(len(batch) for batch in batches) == 30
    assert all(batch.tags is not None and batch.words.size <= 20 for batch in batches)


def test_the_seed_decides_the_initial_weights(tmp_path):
    first, same, other = prepared(tmp_path), prepared(tmp_path), prepared(tmp_path, seed=2)
    weights = [torch.cat([p.flatten().float() for p in own.model.parameters()]) for own in (first, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_score_is_f1_on_the_development_corpus(tmp_path):
    own = prepared(tmp_path)
    own.model.eval()
    score = own.scorer()(own.model)
    encoded = own.codec.encode(own.data.dev.sentences)
    predicted = [sentence.entities for sentence in decode(own.network, own.codec, encoded)]
    expected = micro_f1(gold_spans(own.data.dev, own.codec), predicted)
    assert (score.name, score.higher_is_better, score.value) == ("f1", True, expected.f1 or 0.0)
    assert score.figures == {"precision": expected.precision, "recall": expected.recall, "f1": expected.f1}


@pytest.mark.parametrize("test", [True, False])
def test_results_have_a_part_for_each_corpus(tmp_path, test):
    results = prepared(tmp_path, test=test).finish()
    assert list(results) == (["dev", "test"] if test else ["dev"])


def test_examples_are_sentences_or_beginnings_of_documents(tmp_path):
    own = prepared(tmp_path)
    sentences = [list(sentence.tokens) for sentence in own.data.dev.sentences]
    assert own.examples() == [[sentences[index]] for index in np.arange(8) * 9 // 8]
    documents = prepared(tmp_path, context={"kind": "document", "tokens": 30})
    assert documents.examples() == [sentences[:6]]


def test_a_trained_tagger_keeps_its_codec_and_model(tmp_path):
    own = prepared(tmp_path)
    tagger = Tagger(own.network, own.codec, column_format(own.config))
    again = tagging(own.config).prepare(tagger)
    assert (again.codec, again.model) == (own.codec, own.model)
    assert tagging(own.config).evaluate(tagger, None) == tagging(own.config).evaluate(tagger, str(tmp_path / "dev"))
