from __future__ import annotations

import re

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bilstm_nlp.data.text.formats.corpus import ColumnFormat, read, sentences_of
from bilstm_nlp.data.text.formats.datasets import is_dataset, read_dataset
from bilstm_nlp.errors import DataError

NAMES = ["O", "B-PER", "I-PER"]
FEATURES = datasets.Features(
    {
        "id": datasets.Value("string"),
        "tokens": datasets.List(datasets.Value("string")),
        "pos_tags": datasets.List(datasets.ClassLabel(names=["NN", "VB"])),
        "ner_tags": datasets.List(datasets.ClassLabel(names=NAMES)),
    }
)
ROWS = {
    "id": ["0", "1", "2"],
    "tokens": [["Ann", "Lee", "left"], ["Bob"], []],
    "pos_tags": [[0, 0, 1], [0], []],
    "ner_tags": [[1, 2, 0], [1], []],
}


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def parquet(path, rows=ROWS, features=FEATURES) -> str:
    datasets.Dataset.from_dict(rows, features=features).to_parquet(path)
    return str(path)


def test_class_labels_of_parquet_become_their_names(tmp_path):
    source = parquet(tmp_path / "x.parquet")
    for spelling in (source, f"hf:{source}"):
        first, second = read(spelling, ColumnFormat()).sentences
        assert (first.tokens, first.tags, first.line) == (("Ann", "Lee", "left"), ("B-PER", "I-PER", "O"), 1)
        assert (second.tokens, second.tags, second.line) == (("Bob",), ("B-PER",), 2)
    assert [sentence.tags for sentence in read(source, ColumnFormat(tag="pos_tags")).sentences] == [
        ("NN", "NN", "VB"),
        ("NN",),
    ]


def test_rows_name_their_documents(tmp_path):
    rows = ROWS | {"document": ["x", "x", "y"]}
    source = parquet(
        tmp_path / "x.parquet", rows, datasets.Features({**FEATURES, "document": datasets.Value("string")})
    )
    assert [sentence.document for sentence in sentences_of(source, "auto", ColumnFormat(tag=None))] == [1, 1, 2]


def test_a_local_file_leaves_no_copy(tmp_path):
    read(parquet(tmp_path / "x.parquet"), ColumnFormat())
    assert not list((tmp_path / "cache").rglob("*.arrow"))


def test_a_stream_keeps_sentences_without_tokens(tmp_path):
    stream = sentences_of(parquet(tmp_path / "x.parquet"), "auto", ColumnFormat(tag=None))
    assert [(sentence.tokens, sentence.tags) for sentence in stream] == [
        (tuple(tokens), None) for tokens in ROWS["tokens"]
    ]


def test_a_table_without_rows_is_refused(tmp_path):
    pq.write_table(pa.table({"tokens": pa.array([], pa.list_(pa.string()))}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"x\.parquet: expected a dataset, .* \"train\" corresponds to no data"):
        read(str(tmp_path / "x.parquet"), ColumnFormat())


def test_a_date_that_python_cannot_hold_is_named(tmp_path):
    dates = pa.array([0, 4_000_000], pa.int32()).cast(pa.date32())
    rows = pa.table({"tokens": [["a"], ["b"]], "tags": [["O"], ["O"]], "date": dates})
    pq.write_table(rows, tmp_path / "x.parquet")
    source = str(tmp_path / "x.parquet")
    stream = sentences_of(source, "auto", ColumnFormat(tag=None))
    assert next(stream).tokens == ("a",)
    with pytest.raises(
        DataError, match=r"x\.parquet:2: expected a row that can be read, found date value out of range"
    ):
        next(stream)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ([[1, -1, 0]], "expected numbers from 0 to 2 in ner_tags, found -1"),
        ([[1, 2]], "expected 3 tags for 3 tokens, found 2"),
        ([[1, None, 0]], "expected numbers from 0 to 2 in ner_tags, found None"),
        ([None], "expected tags or ner_tags, or text with spans, found only tokens"),
    ],
)
def test_malformed_rows_are_named(tmp_path, tags, message):
    rows = {"tokens": [["a"], ["x", "y", "z"]], "ner_tags": [[0], *tags]}
    source = parquet(tmp_path / "x.parquet", rows, datasets.Features({key: FEATURES[key] for key in rows}))
    with pytest.raises(DataError) as error:
        read(source, ColumnFormat())
    assert str(error.value) == f"{source}:2: {message}"
    complaints: list[DataError] = []
    assert len(read(source, ColumnFormat(), complaints.append).sentences) == 1
    assert [complaint.line for complaint in complaints] == [2]


def test_numbers_without_names_are_refused(tmp_path):
    source = parquet(tmp_path / "x.parquet", {"tokens": [["a"]], "tags": [[0]]}, None)
    with pytest.raises(
        DataError, match=r"x\.parquet:1: expected a list of strings in tags, or data\.tag_names .*\[0\]"
    ):
        read(source, ColumnFormat())


def test_unreadable_sources_are_no_datasets(tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"EU O\n" * 9)
    for source, reason in [
        (str(tmp_path / "x.parquet"), "Parquet magic bytes not found"),
        (str(tmp_path / "none.parquet"), "Unable to find"),
    ]:
        with pytest.raises(
            DataError, match=f"{re.escape(source)}: expected a dataset, found none that can be read: {reason}"
        ):
            read(source, ColumnFormat())


@pytest.mark.parametrize("source", ["hf:", "hf:a:", "hf:a:b:c:d", "hf::x"])
def test_malformed_names_are_refused(source):
    with pytest.raises(DataError) as error:
        list(read_dataset(source, ColumnFormat()))
    assert str(error.value) == f"{source}: expected hf:NAME, hf:NAME:SPLIT or hf:NAME:CONFIG:SPLIT, found {source!r}"


def test_names_splits_and_configs(monkeypatch):
    calls = []

    def hub(*args, **settings):
        calls.append((*args, settings))
        return datasets.Dataset.from_dict(ROWS, features=FEATURES)

    monkeypatch.setattr("datasets.load.load_dataset", hub)
    for source in ("hf:conll2003", "hf:conll2003:validation", "hf:org/wikiann:en:test"):
        assert len(read(source, ColumnFormat()).sentences) == 2
    assert calls == [
        ("conll2003", None, {"split": "train"}),
        ("conll2003", None, {"split": "validation"}),
        ("org/wikiann", "en", {"split": "test"}),
    ]


def test_datasets_of_scripts_come_from_the_hubs_export(monkeypatch, tmp_path):
    """A local copy of the Hub's export replaces the network: a folder for each config, with a folder for each split."""
    for split, name in (("train", "Ann"), ("validation", "Bob")):
        (tmp_path / "export" / "conll2003" / split).mkdir(parents=True)
        rows = {"tokens": [[name]], "ner_tags": [[1]]}
        features = datasets.Features({key: FEATURES[key] for key in rows})
        parquet(tmp_path / "export" / "conll2003" / split / "0000.parquet", rows, features)
    real = datasets.load.load_dataset

    def hub(name, *args, revision=None, **settings):
        assert name == "conll2003"
        if revision != "refs/convert/parquet":
            raise RuntimeError("Dataset scripts are no longer supported, but found conll2003.py")
        return real(str(tmp_path / "export"), *args, **settings)

    monkeypatch.setattr("datasets.load.load_dataset", hub)
    for source, name in (
        ("hf:conll2003", "Ann"),
        ("hf:conll2003:validation", "Bob"),
        ("hf:conll2003:conll2003:train", "Ann"),
    ):
        (sentence,) = read(source, ColumnFormat()).sentences
        assert (sentence.tokens, sentence.tags) == ((name,), ("B-PER",))


def test_without_a_network(monkeypatch):
    def hub(*args, **settings):
        raise ConnectionError("Couldn't reach 'conll2003' on the Hub\nmore") from OSError("Name or service not known")

    monkeypatch.setattr("datasets.load.load_dataset", hub)
    with pytest.raises(DataError) as error:
        read("hf:conll2003", ColumnFormat())
    reason = "Couldn't reach 'conll2003' on the Hub (Name or service not known)"
    assert str(error.value) == f"hf:conll2003: expected a dataset, found none that can be read: {reason}"


def test_sources_are_datasets_by_name():
    assert all(map(is_dataset, ["hf:x", "a.parquet", "hf:a.parquet"]))
    assert not any(map(is_dataset, ["a.jsonl", "a.json", "a.json.gz", "json", "a.conll", "parquet.txt"]))


def test_saved_datasets_are_read_with_their_labels(tmp_path):
    labels = datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER"]))
    features = datasets.Features({"tokens": datasets.Sequence(datasets.Value("string")), "ner_tags": labels})
    rows = datasets.Dataset.from_dict({"tokens": [["Ann", "is"]], "ner_tags": [[1, 0]]}, features=features)
    datasets.DatasetDict({"train": rows, "test": rows}).save_to_disk(tmp_path / "saved")
    for source in (tmp_path / "saved" / "train", f"hf:{tmp_path / 'saved' / 'test'}"):
        (sentence,) = read(str(source), ColumnFormat()).sentences
        assert (sentence.tokens, sentence.tags) == (("Ann", "is"), ("B-PER", "O"))
    splits = f"{tmp_path / 'saved' / 'test'}, {tmp_path / 'saved' / 'train'}"
    with pytest.raises(DataError) as error:
        read(str(tmp_path / "saved"), ColumnFormat())
    assert str(error.value).endswith(f"expected the folder of a split, found a folder of several: {splits}")


def test_names_of_tags_name_the_numbers_of_parquet(tmp_path):
    source = parquet(tmp_path / "x.parquet", {"tokens": [["a", "b"]], "tags": [[1, 0]]}, None)
    assert read(source, ColumnFormat(tag_names=("O", "B-X"))).sentences[0].tags == ("B-X", "O")
