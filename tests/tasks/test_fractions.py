"""Shares of the training data: nested, the same for every seed, and nothing else is seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bilstm_nlp.config import parse
from bilstm_nlp.data.series.scale import Scale
from bilstm_nlp.data.text.corpus import Sentence, TaggedCorpus, fraction_of
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.tasks.registry import forecasting, tagging
from tests.studies.grids import corpus
from tests.tasks.forecasting.test_task import HORIZON, LOOK_BACK, ROWS, config, fitted, table


def sentences(count: int) -> TaggedCorpus:
    return TaggedCorpus("a test", [Sentence((str(number),), ("O",), number + 1) for number in range(count)])


def lines(corpus: TaggedCorpus) -> list[int]:
    return [sentence.line for sentence in corpus.sentences]


# --- sentences ---


@given(st.integers(1, 200), st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_share_of_the_sentences_is_part_of_a_larger_one(count, one, other):
    small, large = sorted((one, other))
    if int(small * count + 1e-9) == 0:
        with pytest.raises(DataError, match=rf"data\.fraction = .* of the {count}, found none"):
            fraction_of(sentences(count), small)
        return
    found = [lines(fraction_of(sentences(count), fraction)) for fraction in (small, large, 1.0)]
    assert set(found[0]) <= set(found[1]) <= set(found[2])
    for kept, fraction in zip(found, (small, large, 1.0), strict=True):
        assert kept == sorted(kept)
        assert len(kept) == int(fraction * count + 1e-9)
    assert found[2] == list(range(1, count + 1))


def test_a_share_is_spread_over_the_whole_corpus():
    kept = lines(fraction_of(sentences(1000), 0.1))
    assert np.histogram(kept, 5, (1, 1001))[0].min() > 8


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tagger_learns_from_its_share_alone(tmp_path, seed):
    (tmp_path / "train.conll").write_text(corpus(20))
    (tmp_path / "dev.conll").write_text(corpus(5))
    data = {"train": str(tmp_path / "train.conll"), "dev": str(tmp_path / "dev.conll"), "fraction": 0.15}
    prepared = tagging(parse({"seed": seed, "data": data, "encoder": {"hidden": 3}}, "a test")).prepare()
    parts, codec = prepared.data, prepared.codec
    whole = tagging(parse({"data": data | {"fraction": 1.0}}, "a test")).loader.load()
    kept = fraction_of(whole.train, 0.15).sentences
    assert parts.train.sentences == kept
    assert len(kept) == 3
    assert parts.dev == whole.dev
    assert set(codec.words.learnt) == {token.lower() for sentence in kept for token in sentence.tokens}
    batches = prepared.batches(1)
    assert sum(len(batch) for batch in batches) == 3


# --- series ---


def test_the_most_recent_training_rows_are_the_share(tmp_path):
    _, whole, _, _ = fitted(tmp_path)
    border = whole.parts[0].train.stop
    assert (whole.parts[0].train.start, border) == (0, int(0.7 * ROWS))
    for fraction, rows in ((0.5, border // 2), (0.29, int(0.29 * border))):
        prepared, parts, codec, _ = fitted(tmp_path, fraction=fraction)
        (found,) = parts.parts
        assert (found.train.start, found.train.stop) == (border - rows, border)
        assert (found.validation, found.test) == (whole.parts[0].validation, whole.parts[0].test)
        windows = prepared.windows("train")
        # Every window, its look-back too, lies in the share, and there are all of those.
        assert windows.rows.min() - LOOK_BACK == found.train.start
        assert windows.rows.max() + HORIZON == found.train.stop
        assert len(windows) == rows - LOOK_BACK - HORIZON + 1
        one = parts.series_set.series[0]
        scale = Scale.fit("standard", one.select(codec.columns.all)[border - rows : border])
        np.testing.assert_array_equal(codec.scale(one).centre, scale.centre)


def test_rows_before_the_share_change_nothing(tmp_path):
    changed = table()
    first_prepared, parts, _, model = fitted(tmp_path, fraction=0.4)
    first = parts.parts[0].train.start
    changed.loc[: first - 1, ["load", "wind"]] += 1000
    second, _, _, same = fitted(tmp_path, changed, fraction=0.4)
    assert second.codec.to_json() == first_prepared.codec.to_json()
    batches = [list(prepared.batches(1)) for prepared in (first_prepared, second)]
    for one, two in zip(*batches, strict=True):
        assert np.array_equal(one.past, two.past)
        assert np.array_equal(one.future, two.future)
    for one, two in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, two)
    changed.loc[first, "load"] += 1000
    assert fitted(tmp_path, changed, fraction=0.4)[0].codec.to_json() != first_prepared.codec.to_json()


def test_a_refit_takes_its_share_too(tmp_path):
    loader = forecasting(config(tmp_path, fraction=0.5)).loader
    (parts,) = loader.without_test(loader.load().series_set).parts
    assert parts.train.stop == parts.validation.start
    assert parts.train.stop - parts.train.start == parts.train.stop // 2


def test_a_share_without_a_window_names_the_key(tmp_path):
    with pytest.raises(InputError, match=r"train part: .* at most 21 rows, as data\.fraction = 0\.1 leaves them"):
        fitted(tmp_path, fraction=0.1)
    with pytest.raises(InputError, match=r"series 'table': data\.fraction: expected a share with a row of the 210"):
        fitted(tmp_path, fraction=0.001)
    short = pd.concat([table()] * 1).iloc[:40]
    with pytest.raises(InputError, match=r"at most 28 rows$"):
        fitted(tmp_path, short)
