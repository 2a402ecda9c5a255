"""Columns as features: a tagger that can only read its tags from them, from training to verification."""

from __future__ import annotations

import json
import random
import shutil

import pytest
import torch

from bilstm_nlp.config import parse
from bilstm_nlp.errors import ConfigError, InputError
from bilstm_nlp.runs.ensemble import load_ensemble
from bilstm_nlp.runs.load import load_tagger
from bilstm_nlp.runs.reproduce import begin, compare, reproduce
from bilstm_nlp.runs.train import train
from bilstm_nlp.runs.verify import verify
from bilstm_nlp.tasks.registry import build

KINDS = {"NNP": "B-PER", "VB": "O", "NN": "O"}


def corpus(sentences: int, seed: int) -> str:
    """Write sentences of one word: its tag follows from its part of speech, and from the sign of a number."""
    draw, lines = random.Random(seed), []
    for _ in range(sentences):
        for _ in range(draw.randint(2, 6)):
            pos, number = draw.choice(list(KINDS)), draw.choice([-40, 60])
            tag = "B-LOC" if pos == "NN" and number > 0 else KINDS[pos]
            lines.append(f"x {pos} {number} {tag}")
        lines.append("")
    return "\n".join(lines) + "\n"


def config(folder, columns=None, **tables):
    (folder / "train.conll").write_text(corpus(60, 1))
    (folder / "dev.conll").write_text(corpus(20, 2))
    chosen = [{"column": 1, "size": 6}, {"column": 2, "kind": "number"}] if columns is None else columns
    values = {
        "data": {"train": str(folder / "train.conll"), "dev": str(folder / "dev.conll")},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}, "shapes": 0, "columns": chosen},
        "encoder": {"hidden": 8, "dropout": 0.0},
        "training": {"epochs": 6, "batch_tokens": 60, "optimizer": {"kind": "adam", "learning_rate": 0.03}},
    }
    return parse({**values, **tables}, "a test")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    return train(config(folder), folder / "run")


@pytest.fixture(scope="module")
def tagger(trained):
    return load_tagger(trained.directory.path)


def test_a_tag_that_only_the_columns_tell_is_learnt(trained):
    assert trained.directory.read_json("metrics.json")["dev"]["f1"] == 1.0


@pytest.mark.slow
def test_a_saved_run_verifies_and_is_reproduced(trained, tmp_path):
    assert verify(trained.directory.path).same
    recorded = json.loads((trained.directory.path / "replay.json").read_text())
    assert set(recorded["inputs"][0][0]) == {"tokens", "columns"}
    original = begin(trained.directory.path)
    list(reproduce(original, tmp_path / "again"))
    assert compare(original, tmp_path / "again").identical


def test_codec_keeps_values_mean_and_deviation(trained):
    value, number = trained.directory.read_json("codec.json")["columns"]
    assert sorted(value["values"]) == ["NN", "NNP", "VB"]
    assert -40 < number["mean"] < 60
    assert number["deviation"] == pytest.approx(50, abs=1)


def test_records_give_the_columns_in_python(tagger):
    record = {"tokens": ["x", "y", "x"], "1": ["NN", "NNP", "NN"], "2": [60, -40, -40]}
    (location, person) = tagger.tag(record)
    assert (location.type, location.first, person.type, person.first) == ("LOC", 0, "PER", 1)
    assert tagger.tag([record, record]) == [[location, person]] * 2


@pytest.mark.parametrize("given", ["x y", ["x y"], [["x", "y"]]])
def test_text_and_tokens_without_columns_are_refused(tagger, given):
    with pytest.raises(InputError, match=r"^tag: input 1: expected a record with columns 1, 2, such as .*, found"):
        tagger.tag(given)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"2": None}, "a list of 2 values in 2, a column of the features, found only tokens, 1"),
        ({"1": ["NN"]}, "2 values in 1 for 2 tokens, found 1"),
        ({"1": "NN"}, 'a list of 2 values in 1, found "NN"'),
        ({"2": [1, "a"]}, 'a number in column 2, found "a"'),
        ({"2": [1, float("nan")]}, "a number in column 2, found NaN"),
        ({"1": ["NN", None]}, "a value in column 1, found null"),
    ],
)
def test_a_malformed_column_of_a_record_is_named(tagger, change, said):
    with pytest.raises(InputError) as error:
        tagger.tag({"tokens": ["x", "y"], "1": ["NN", "NN"], "2": [1, 2], **change})
    assert said in str(error.value)


def test_tokens_may_be_objects_with_the_columns(tagger):
    tokens = [{"text": "x", "1": "NNP", "2": 1}, {"text": "y", "1": "VB", "2": 1.5}]
    assert [entity.text for entity in tagger.tag({"tokens": tokens})] == ["x"]


def test_predict_reads_columns_and_counts_unknown_values(trained, tmp_path, call, caplog):
    (tmp_path / "new.conll").write_text("x NN 60\nx XX 60\n\nx YY 60\nx XX 60\n")
    result = call("predict", trained.directory.path, tmp_path / "new.conll", "--format", "conll")
    assert result.status == 0
    assert result.out.split("\n")[0].split()[-1] == "B-LOC"
    assert "column 1: 3 of 4 tokens have values that are not in the training data ('XX', 'YY')" in caplog.text


@pytest.mark.slow
def test_two_processes_count_the_unknown_values_together(trained, tmp_path, call, caplog):
    (tmp_path / "new.conll").write_text("x NN 60\nx XX 60\n\n" * 3000)
    call("predict", trained.directory.path, tmp_path / "new.conll", "--format", "conll", "--jobs", "2")
    assert "column 1: 3,000 of 6,000 tokens have values" in caplog.text


def test_predict_names_a_column_that_is_missing(trained, tmp_path, call):
    (tmp_path / "new.conll").write_text("x NN\n")
    result = call("predict", trained.directory.path, tmp_path / "new.conll")
    assert result.status == 2
    assert "new.conll:1: expected at least 3 columns, for column 2, found 2: 'x NN'" in result.err


def test_predict_refuses_plain_text(trained, tmp_path, call):
    (tmp_path / "new.txt").write_text("x y\n")
    result = call("predict", trained.directory.path, tmp_path / "new.txt")
    assert result.status == 2
    assert "expected columns or JSONL with columns 1, 2" in result.err
    assert "found plain text, which has none" in result.err


def test_evaluate_counts_unknown_values(trained, tmp_path, call, caplog):
    (tmp_path / "new.conll").write_text("x NNP 60 B-PER\nx XX 60 O\n")
    result = call("evaluate", trained.directory.path, "--data", tmp_path / "new.conll", "--json")
    assert json.loads(result.out)["tokens"] == 2
    assert "column 1: 1 of 2 tokens have values that are not in the training data ('XX')" in caplog.text


def test_check_counts_values_and_unknown_ones(tmp_path):
    settings = config(tmp_path)
    (tmp_path / "dev.conll").write_text("x NNP -3.5 B-PER\nx XX 7 O\n")
    figures = build(settings).inspect().figures()["corpora"]
    assert figures["train"]["features"]["columns"]["1"] == {"distinct": 3, "unknown": 0, "least": None, "largest": None}
    assert figures["dev"]["features"]["columns"]["1"] == {"distinct": 2, "unknown": 1, "least": None, "largest": None}
    assert figures["dev"]["features"]["columns"]["2"] == {"distinct": 2, "unknown": 0, "least": -3.5, "largest": 7.0}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x NN one O", "a number in column 2, found 'one'"),
        ("x NN nan O", "a number in column 2, found 'nan'"),
        ("x NN 1e40 O", "a number in column 2, found '1e40'"),
    ],
)
def test_a_value_that_is_no_number_is_named_with_its_line(tmp_path, row, said):
    settings = config(tmp_path)
    (tmp_path / "train.conll").write_text(f"x NN 1 O\n{row}\n")
    with pytest.raises(InputError, match=rf"train\.conll:2: expected {said}"):
        build(settings).prepare()


def test_the_tag_column_is_no_feature(tmp_path):
    with pytest.raises(InputError, match=r"another column than the tags' in embeddings\.columns"):
        build(config(tmp_path, [{"column": 3}])).prepare()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ([{"column": 1}, {"column": "1"}], "embeddings.columns: expected each column once, found 1 again"),
        ([{"column": -1}], "embeddings.columns.0.column"),
        ([{"column": "pos", "kind": "number", "size": 4}], "expected no size where kind is number, found 4"),
    ],
)
def test_columns_that_make_no_sense_are_refused(tmp_path, columns, said):
    with pytest.raises(ConfigError) as error:
        config(tmp_path, columns)
    assert said in str(error.value)


def test_names_find_columns_in_headers_and_keys_in_jsonl(tmp_path):
    (tmp_path / "t.conll").write_text("word pos tag\nx NN O\ny NNP B-PER\n")
    record = {"word": ["x", "y"], "pos": ["NNP", "XX"], "tag": ["B-PER", "O"]}
    (tmp_path / "d.jsonl").write_text(json.dumps(record) + "\n")
    data = {"train": str(tmp_path / "t.conll"), "dev": str(tmp_path / "d.jsonl"), "token_column": "word"}
    values = {"data": {**data, "tag_column": "tag"}, "embeddings": {"columns": [{"column": "pos"}]}}
    prepared = build(parse(values, "a test")).prepare()
    codec = prepared.codec
    assert codec.columns[0].values.items == ("NN", "NNP")
    assert codec.encode(prepared.data.dev.sentences).values.tolist() == [[3], [1]]


def test_the_unknown_value_has_a_trained_vector(trained, tmp_path):
    untrained = build(config(tmp_path)).prepare().model.embedder.columns[0].table.weight
    now = trained.predictor.network.model.embedder.columns[0].table.weight
    assert (now[1] - untrained[1]).abs().max() > 0.01
    assert torch.equal(now[0], torch.zeros(6))


def test_swapped_entities_bring_their_columns(tmp_path):
    settings = config(tmp_path, training={"swap_entities": 0.9, "batch_tokens": 40, "epochs": 1})
    prepared = build(settings).prepare()
    index = prepared.codec.tags.index("S-PER")
    row = prepared.codec.columns[0].values.id("NNP")
    for batch in prepared.batches(1):
        assert ((batch.values[..., 0] == row) == (batch.tags == index)).all()


def test_an_ensemble_needs_the_same_columns(trained, tmp_path):
    other = train(config(tmp_path, [{"column": 1}], training={"epochs": 1}), tmp_path / "run")
    with pytest.raises(InputError, match=r"expected embeddings\.columns columns 1, 2, as .* has, found column 1"):
        load_ensemble([trained.directory.path, other.directory.path])
    shutil.copytree(trained.directory.path, tmp_path / "copy")
    both = load_ensemble([trained.directory.path, tmp_path / "copy"])
    assert [entity.type for entity in both.tag({"tokens": ["x"], "1": ["NNP"], "2": [1]})] == ["PER"]


CONLLU = """# newdoc
1\tEU\tEU\tPROPN\tNNP\t_\t0\troot\t_\tNER=B-ORG
2\tsaid\tsay\tVERB\tVBD\t_\t1\tdep\t_\t_
"""
CSV = "Sentence #,Word,POS,Size,Tag\nSentence: 1,EU,NNP,3,B-ORG\n,said,VBD,{size},O\n"


@pytest.mark.parametrize(
    ("name", "content", "column", "values"),
    [
        ("a.conllu", CONLLU, "UPOS", ("PROPN", "VERB")),
        ("a.conllu", CONLLU, 4, ("NNP", "VBD")),
        ("a.csv", CSV.format(size=1), "POS", ("NNP", "VBD")),
        ("a.csv", CSV.format(size=1), 3, ("3", "1")),
        ("a.conll", "EU\tN P\t\tB-ORG\nsaid\tV\t1\tO\n", 1, ("N P", "V")),
        ("a.conll", "EU\tN P\t\tB-ORG\nsaid\tV\t1\tO\n", 2, ("", "1")),
    ],
)
def test_columns_of_other_formats_are_read(tmp_path, name, content, column, values):
    (tmp_path / name).write_text(content)
    data = {"train": str(tmp_path / name), "dev": str(tmp_path / name)}
    prepared = build(parse({"data": data, "embeddings": {"columns": [{"column": column}]}}, "a test")).prepare()
    (sentence,) = prepared.data.train.sentences
    assert sentence.columns == {str(column): values}
    assert sentence.tags == ("B-ORG", "O")


@pytest.mark.parametrize(
    ("name", "content", "column", "said"),
    [
        ("a.csv", CSV.format(size="big"), {"column": "Size", "kind": "number"}, "a number in column Size, found 'big'"),
        ("a.csv", CSV.format(size=1), {"column": "Tag"}, "another column than the tags'"),
        ("a.csv", CSV.format(size=1), {"column": "Case"}, "one column named 'Case' in the header line"),
        ("a.conllu", CONLLU.replace("NER=B-ORG", "_"), {"column": "UPOS"}, "another column than the tags'"),
        ("a.jsonl", '{"text": "EU said", "label": [[0, 2, "ORG"]]}\n', {"column": "pos"}, "a list of 2 values in pos"),
    ],
)
def test_columns_that_other_formats_lack_are_named(tmp_path, name, content, column, said):
    (tmp_path / name).write_text(content)
    data = {"train": str(tmp_path / name), "dev": str(tmp_path / name)}
    with pytest.raises(InputError) as error:
        build(parse({"data": data, "embeddings": {"columns": [column]}}, "a test")).prepare()
    assert said in str(error.value)


def test_a_folder_of_brat_has_no_columns(tmp_path):
    (tmp_path / "a.txt").write_text("EU said\n")
    (tmp_path / "a.ann").write_text("T1\tORG 0 2\tEU\n")
    data = {"train": str(tmp_path), "dev": str(tmp_path)}
    with pytest.raises(
        InputError, match="expected columns or JSONL with column pos, which are features, found a sentence"
    ):
        build(parse({"data": data, "embeddings": {"columns": [{"column": "pos"}]}}, "a test")).prepare()
