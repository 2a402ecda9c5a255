"""Plain text is cut as the training data were: by their rules, or by a function that is named."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp import load_tagger
from bilstm_nlp.errors import InputError
from tests.samples import sets

TWEETS = (
    "RT O\n@ann_b B-PER\n: O\n#EU B-ORG\nI'm O\nin O\nBonn B-LOC\n!! O\n\n"
    "@bob B-PER\ncan't O\nsee O\n#UN B-ORG\n:-) O\n"
)
MIXED = "Ann B-PER\nsaid O\nit O\nis O\nun O\n##likely O\n. O\n"
SMALL = ["embeddings.dimension=4", "encoder.hidden=4", "training.epochs=1", "embeddings.characters.kind=none"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("plain_text")


def train(call, folder, name: str, corpus: str, *settings: str):
    (folder / f"{name}.conll").write_text(corpus)
    (folder / f"{name}.toml").write_text(f'[data]\ntrain = "{folder}/{name}.conll"\ndev = "{folder}/{name}.conll"\n')
    trained = call("train", folder / f"{name}.toml", "--out", folder / name, *sets([*SMALL, *settings]))
    assert trained.status == 0, trained.err
    return folder / name, trained


def tokens_of(call, run, text: str, *options: str) -> list[str]:
    (run.parent / "text.txt").write_text(text)
    result = call("predict", run, run.parent / "text.txt", "--format", "jsonl", *options)
    assert result.status == 0, result.err
    record = json.loads(result.out)
    for entity in record["entities"]:
        assert text[entity["start"] : entity["end"]] == entity["text"]
    return record["tokens"]


def test_tweets_are_cut_as_the_tweets_of_training(call, folder):
    run, _ = train(call, folder, "tweets", TWEETS)
    text = "@carl_7 don't go to #Nato 🇩🇪 ?! ;)"
    assert tokens_of(call, run, text) == ["@carl_7", "don't", "go", "to", "#Nato", "🇩🇪", "?!", ";)"]
    assert json.loads((run / "codec.json").read_text())["agreement"] == {"tokens": 13, "otherwise": 0, "examples": []}


def test_training_data_that_text_cannot_give_are_said(call, folder, caplog):
    run, _ = train(call, folder, "mixed", MIXED)
    message = "1 of 7 tokens (14.3 %) are cut otherwise in plain text: “##likely” into “# # likely”"
    assert message in caplog.text
    assert message in (run / "report.md").read_text()
    (folder / "x.txt").write_text("Ann\n")
    caplog.clear()
    call("predict", run, folder / "x.txt")
    assert (
        f"{folder / 'x.txt'}: text without tokens is not cut like the training data, of which {message}" in caplog.text
    )
    caplog.clear()
    (folder / "x.conll").write_text("Ann O\n")
    call("predict", run, folder / "x.conll")
    assert "cut otherwise" not in caplog.text


def test_a_run_with_a_function_needs_it_named_again(call, folder, monkeypatch):
    (folder / "halves.py").write_text("def cut(text):\n    return [text[i:i + 2] for i in range(0, len(text), 2)]\n")
    monkeypatch.syspath_prepend(folder)
    setting = "data.tokenizer=halves:cut"
    run, _ = train(call, folder, "halves", "An B-PER\nn O\n", setting)
    (folder / "y.txt").write_text("Anna")
    refused = call("predict", run, folder / "y.txt")
    assert refused.status == 2
    assert f"expected lists of tokens, or --set {setting}" in refused.err
    assert tokens_of(call, run, "Anna", *sets([setting])) == ["An", "na"]
    (folder / "y.jsonl").write_text('{"text": "Anna", "spans": [[0, 2, "PER"]]}\n')
    assert call("evaluate", run, "--data", folder / "y.jsonl").status == 2
    scored = call("evaluate", run, "--data", folder / "y.jsonl", *sets([setting]), "--json")
    assert (scored.status, json.loads(scored.out)["tokens"]) == (0, 2)
    tagger = load_tagger(run)
    assert tagger.tag([["An", "na"]]) is not None
    with pytest.raises(InputError, match="no code is run that only a run names"):
        tagger.tag("Anna")


def test_a_training_from_a_run_takes_the_function_of_its_own_config(call, folder, monkeypatch):
    (folder / "thirds.py").write_text("def cut(text):\n    return [text[i:i + 3] for i in range(0, len(text), 3)]\n")
    monkeypatch.syspath_prepend(folder)
    setting = "data.tokenizer=thirds:cut"
    run, _ = train(call, folder, "thirds", "Ann B-PER\na O\n", setting)
    config = folder / "thirds.toml"
    child = call("train", config, "--from", run, "--out", folder / "child", *sets(["training.epochs=1", setting]))
    assert child.status == 0, child.err
    assert json.loads((folder / "child" / "codec.json").read_text())["cut"]["module"] == "thirds:cut"
    assert tokens_of(call, folder / "child", "AnnaBo", *sets([setting])) == ["Ann", "aBo"]


def test_a_tokenizer_that_cannot_be_imported_is_said_before_training(call, folder):
    (folder / "z.conll").write_text("Ann B-PER\n")
    (folder / "z.toml").write_text(
        f'[data]\ntrain = "{folder}/z.conll"\ndev = "{folder}/z.conll"\ntokenizer = "nowhere:cut"\n'
    )
    message = "data.tokenizer: expected the module 'nowhere', which Python finds in PYTHONPATH"
    checked = call("check", folder / "z.toml")
    assert (checked.status, message in checked.out) == (2, True)
    trained = call("train", folder / "z.toml", "--out", folder / "z")
    assert (trained.status, message in trained.err) == (2, True)
    assert not (folder / "z" / "metrics.json").exists()
