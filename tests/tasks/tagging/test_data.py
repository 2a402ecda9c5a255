"""The corpora of a config: legal tags, one scheme, fractions and held-out folds."""

from __future__ import annotations

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.text.corpus import fraction_of, hold_out
from bilstm_nlp.errors import DataError
from bilstm_nlp.tasks.registry import tagging
from bilstm_nlp.tasks.tagging.data import CorpusLoader
from tests.studies.grids import corpus as generated

IOB2 = "EU B-ORG\nUN B-ORG\nsays O\n"
IOB1 = "EU I-ORG\nUN B-ORG\nsays O\n"
IOBES = "EU S-ORG\nUN S-ORG\nsays O\n"


def loader(folder, contents: dict[str, str], **data: object) -> CorpusLoader:
    """Write the corpora of a config, and make its loader."""
    for name, content in contents.items():
        (folder / name).write_text(content)
    paths = {name: str(folder / name) for name in contents}
    return tagging(parse({"data": paths | data}, "a test")).loader


def tags(corpus) -> list[tuple[str, ...]]:
    return [sentence.tags for sentence in corpus.sentences]


@pytest.mark.parametrize(("content", "scheme"), [(IOB2, "IOB2"), (IOB1, "IOB1"), (IOBES, "IOBES")])
def test_the_scheme_of_the_training_corpus_is_detected(tmp_path, content, scheme):
    corpora = loader(tmp_path, {"train": content, "dev": content, "test": content}).load()
    assert corpora.scheme == scheme
    assert tags(corpora.train) == tags(corpora.dev) == tags(corpora.test)


def test_a_corpus_of_another_scheme_is_converted_with_a_warning(tmp_path, caplog):
    corpora = loader(tmp_path, {"train": IOB2, "dev": IOBES}).load()
    assert tags(corpora.dev) == [("B-ORG", "B-ORG", "O")]
    assert corpora.test is None
    assert "its tags are in IOBES, the training corpus's in IOB2; converted" in caplog.text


def test_a_given_scheme_is_that_of_all_corpora(tmp_path):
    with pytest.raises(DataError, match="dev:1: expected tags of IOB2"):
        loader(tmp_path, {"train": IOB2, "dev": IOBES}, file_scheme="IOB2").load()


def test_repairs_are_listed_up_to_three(tmp_path, caplog):
    broken = "a I-X\nb O\n" * 4
    corpora = loader(tmp_path, {"train": broken, "dev": "a O\n"}, file_scheme="IOB2", on_invalid_tags="repair").load()
    assert tags(corpora.train) == [("B-X", "O") * 4]
    shown = "4 tags repaired (line 1: I-X → B-X, line 3: I-X → B-X, line 5: I-X → B-X, …)"
    assert shown in caplog.text


def test_a_held_out_fold_is_not_in_training(tmp_path):
    contents = {"train": generated(20), "dev": generated(5)}
    whole = loader(tmp_path, contents).load()
    without = loader(tmp_path, contents, held_out={"fold": 2, "folds": 4}).load()
    assert without.train == hold_out(whole.train, 2, 4)[0]
    assert without.dev == whole.dev


@pytest.mark.parametrize("seed", [1, 2])
def test_training_sees_only_its_fraction_of_the_sentences(tmp_path, seed):
    (tmp_path / "train.conll").write_text(generated(20))
    (tmp_path / "dev.conll").write_text(generated(5))
    data = {"train": str(tmp_path / "train.conll"), "dev": str(tmp_path / "dev.conll"), "fraction": 0.15}
    prepared = tagging(parse({"seed": seed, "data": data, "encoder": {"hidden": 3}}, "a test")).prepare()
    parts, codec = prepared.data, prepared.codec
    whole = tagging(parse({"data": data | {"fraction": 1.0}}, "a test")).loader.load()
    chosen = fraction_of(whole.train, 0.15).sentences
    assert parts.train.sentences == chosen
    assert len(chosen) == 3
    assert parts.dev == whole.dev
    assert set(codec.words.learnt) == {token.lower() for sentence in chosen for token in sentence.tokens}
    batches = prepared.batches(1)
    assert sum(len(batch) for batch in batches) == 3
