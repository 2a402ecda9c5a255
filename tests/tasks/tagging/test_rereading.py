"""Settings after training: how files are read can change, what was trained on can't."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError
from bilstm_nlp.tasks.registry import reread

TAGGER = parse({"data": {"train": "a.conll", "dev": "b.conll", "comment": "#"}}, "x")
FORECASTER = parse({"task": "forecasting", "data": {"file": "a.csv"}}, "x")


def test_settings_change_only_what_they_name():
    changed = reread(TAGGER, ["data.token_column=1", "data.encoding=latin-1", "data.on_invalid_tags=repair"])
    data = changed.data
    assert (data.token_column, data.encoding, data.on_invalid_tags) == (1, "latin-1", "repair")
    assert (data.tag_column, data.comment, data.train) == (-1, "#", TAGGER.data.train)
    assert reread(TAGGER, []) == TAGGER
    assert reread(FORECASTER, []) == FORECASTER


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
        (FORECASTER, "data.decimal=','", "expected the run of a tagger, found one of forecasting"),
    ],
)
def test_other_settings_are_refused_with_their_reason(config, setting, message):
    with pytest.raises(ConfigError) as refused:
        reread(config, [setting])
    assert message in str(refused.value)
