"""Settings after training: how files are read can change, what was trained on can't."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.tasks.registry import reread
from bilstm_nlp.tasks.rereading import code_of

TAGGER = parse({"data": {"train": "a.conll", "dev": "b.conll", "comment": "#"}}, "x")
CLASSIFIER = parse({"task": "classification", "data": {"train": "a.csv", "dev": "b.csv", "label_column": "kind"}}, "x")
SERIES = parse({"task": "classification", "input": "series", "data": {"train": "a.csv", "dev": "b.csv"}}, "x")
LABELLER = parse({"task": "labelling", "data": {"train": "a.csv", "dev": "b.csv"}}, "x")
FORECASTER = parse({"task": "forecasting", "data": {"file": "a.csv"}}, "x")


def test_settings_change_only_what_they_name():
    changed = reread(TAGGER, ["data.token_column=1", "data.encoding=latin-1", "data.on_invalid_tags=repair"])
    data = changed.data
    assert (data.token_column, data.encoding, data.on_invalid_tags) == (1, "latin-1", "repair")
    assert (data.tag_column, data.comment, data.train) == (-1, "#", TAGGER.data.train)
    assert reread(TAGGER, []) == TAGGER
    assert reread(FORECASTER, []) == FORECASTER


def test_classifiers_read_other_files_with_other_settings():
    changed = reread(CLASSIFIER, ["data.label_column=2", "data.encoding=latin-1"])
    assert (changed.data.label_column, changed.data.encoding, changed.data.train) == (
        2,
        "latin-1",
        CLASSIFIER.data.train,
    )


@pytest.mark.parametrize("config", [SERIES, LABELLER])
def test_models_of_series_read_other_columns(config):
    data = reread(config, ["data.id_column=trip", "data.encoding=latin-1", 'data.values=["a", "b"]']).data
    assert (data.id_column, data.encoding, data.values, data.train) == (
        "trip",
        "latin-1",
        ("a", "b"),
        config.data.train,
    )
    assert reread(config, []) == config
    with pytest.raises(ConfigError, match=r"found data\.scaler, which training has used"):
        reread(config, ["data.scaler=none"])


@pytest.mark.parametrize("config", [TAGGER, CLASSIFIER])
def test_function_of_the_run_is_dropped_and_that_of_the_settings_kept(config):
    data = config.data.model_copy(update={"tokenizer": "somewhere:cut"})
    named = config.model_copy(update={"data": data})
    assert reread(named, []).data.tokenizer is None
    assert reread(named, ["data.tokenizer=else:cut"]).data.tokenizer == "else:cut"
    assert reread(named, code_of(named)).data.tokenizer == "somewhere:cut"
    assert code_of(config) == ()


@pytest.mark.parametrize(
    ("config", "setting", "message"),
    [
        (TAGGER, "data.train=c.conll", "data.train=c.conll: expected a key that says how files are read"),
        (TAGGER, "data.held_out.fold=1", "found data.held_out.fold, which training has used"),
        (TAGGER, "encoder.hidden=3", "encoder.hidden=3: expected a key of data that says how files are read"),
        (TAGGER, "data=3", "data=3: expected a key of data"),
        (TAGGER, "data.token", "--set data.token: expected KEY=VALUE"),
        (TAGGER, "data.token_colum=1", "data.token_colum: unknown key; did you mean data.token_column?"),
        (TAGGER, "data.on_invalid_tags=drop", "data.on_invalid_tags: expected 'error' or 'repair', found 'drop'"),
        (CLASSIFIER, "data.dev=c.csv", "data.dev=c.csv: expected a key that says how files are read"),
        (CLASSIFIER, "head.pooling=max", "head.pooling=max: expected a key of data that says how files are read"),
        (
            FORECASTER,
            "data.decimal=','",
            "expected a run of a tagger, classifier or labeller, found one of forecasting",
        ),
    ],
)
def test_other_settings_are_refused_with_their_reason(config, setting, message):
    with pytest.raises(ConfigError) as refused:
        reread(config, [setting])
    assert message in str(refused.value)
