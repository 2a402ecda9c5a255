"""The config of a training that starts from a run."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import load, parse
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.tasks.registry import inherited
from tests.samples import FORECASTER

DATA = {"train": "a.conll", "dev": "b.conll"}
PARENT = {
    "data": {**DATA, "scheme": "BILOU"},
    "embeddings": {
        "dimension": 50,
        "characters": {"kind": "lstm", "hidden": 7},
        "columns": [{"column": 1, "size": 9}],
        "gazetteers": {"city": "c.txt"},
        "word_dropout": 0.3,
    },
    "encoder": {"hidden": 64, "cell": "gru", "dropout": 0.1},
    "attention": {"kind": "multi-head", "heads": 2, "dropout": 0.4},
    "head": {"kind": "softmax"},
    "context": {"kind": "document", "tokens": 33},
}


def parent():
    return parse(PARENT, "parent")


def child(**tables):
    return inherited(parse({"data": DATA, **tables}, "child"), parent(), "runs/a")


def test_architecture_comes_from_the_run_and_the_rest_from_the_config():
    config = child(encoder={"dropout": 0.6}, embeddings={"word_dropout": 0.2}, training={"epochs": 3})
    assert (config.encoder.hidden, config.encoder.cell, config.encoder.dropout) == (64, "gru", 0.6)
    assert config.embeddings.characters == parent().embeddings.characters
    assert config.embeddings.columns == parent().embeddings.columns
    assert config.embeddings.gazetteers == parent().embeddings.gazetteers
    assert (config.embeddings.dimension, config.embeddings.word_dropout) == (50, 0.2)
    assert (config.data.scheme, config.context, config.head.kind) == ("BILOU", parent().context, "softmax")
    assert config.training.epochs == 3


def test_what_agrees_may_be_given_and_inheriting_twice_changes_nothing():
    config = child(encoder={"hidden": 64}, embeddings={"columns": [{"column": 1}]}, head={"kind": "softmax"})
    assert inherited(config, parent(), "runs/a") == config


def test_training_only_keys_of_a_table_may_differ():
    config = child(attention={"kind": "multi-head", "heads": 2, "dropout": 0.0})
    assert (config.attention.heads, config.attention.dropout) == (2, 0.0)


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({"encoder": {"hidden": 65}}, "encoder.hidden: expected 64, as runs/a has, found 65; leave it out"),
        ({"encoder": {"cell": "lstm"}}, "encoder.cell: expected 'gru', as runs/a has, found 'lstm'"),
        ({"embeddings": {"characters": {"kind": "cnn"}}}, "embeddings.characters.kind: expected 'lstm'"),
        ({"embeddings": {"characters": {"kind": "lstm", "hidden": 8}}}, "embeddings.characters.hidden: expected 7"),
        ({"embeddings": {"columns": [{"column": 2}]}}, "embeddings.columns: expected [{'column': 1"),
        ({"embeddings": {"columns": []}}, "embeddings.columns: expected [{'column': 1"),
        ({"embeddings": {"file": "v.txt"}}, "embeddings.file: expected None, as runs/a has"),
        ({"embeddings": {"lexicon": True}}, "embeddings.lexicon: expected False"),
        ({"attention": {"kind": "none"}}, "attention.kind: expected 'multi-head'"),
        ({"context": {"kind": "none"}}, "context.kind: expected 'document'"),
        ({"head": {"kind": "crf"}}, "head.kind: expected 'softmax'"),
        ({"head": {"kind": "softmax", "constrained": False}}, "head.constrained: expected True"),
    ],
)
def test_a_key_that_disagrees_is_named(tables, said):
    with pytest.raises(ConfigError) as error:
        child(**tables)
    assert said in str(error.value)


def test_all_keys_that_disagree_are_named_at_once():
    with pytest.raises(ConfigError, match="2 problems"):
        child(encoder={"hidden": 3, "layers": 2})


def test_a_forecaster_has_no_parent():
    forecaster = load(FORECASTER)
    with pytest.raises(ConfigError, match="expected the config of a tagger, found one of forecasting"):
        inherited(forecaster, parent(), "runs/a")
    with pytest.raises(ConfigError, match="expected the run of a tagger, found runs/a, a forecasting run"):
        inherited(parent(), forecaster, "runs/a")
