"""Attention weights of predictions: on the command line, from Python, and requests that are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import bilstm_nlp
from bilstm_nlp.config import parse
from bilstm_nlp.data.text.formats.corpus import sentence_of_text
from bilstm_nlp.errors import InputError, RunError
from bilstm_nlp.nn.tensors import on
from bilstm_nlp.reports import plots
from bilstm_nlp.runs import train
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.tasks.tagging.stream import ATTENTION_CHUNK

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("drawn")]

CORPUS = "Ann B-PER\nLee I-PER\nleft O\nthe O\nEU B-ORG\n. O\n\nBonn B-LOC\n\nFord B-ORG\nrose O\n"
TEXT = "Ann left Bonn in a hurry .\n\nFord rose .\n$ 5 $\n"
KINDS = [{"kind": "additive", "size": 5}, {"kind": "multi-head", "heads": 4}]


def trained(folder: Path, **tables: object) -> Path:
    """A run of one epoch on a few sentences."""
    folder.mkdir()
    (folder / "x.conll").write_text(CORPUS)
    values = {
        "data": {"train": str(folder / "x.conll"), "dev": str(folder / "x.conll")},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}},
        "encoder": {"hidden": 4},
        "training": {"epochs": 1},
        **tables,
    }
    list(train.train_epochs(parse(values, "test"), folder / "run"))
    return folder / "run"


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: kind["kind"])
def run(request, tmp_path_factory) -> Path:
    return trained(tmp_path_factory.mktemp("runs") / "x", attention=request.param)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    """A run without attention."""
    return trained(tmp_path_factory.mktemp("runs") / "x")


def records(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_says_what_its_tokens_have_read(run, call):
    ended = call("predict", run, "-", "--attention", "--format", "jsonl", stdin=TEXT.encode())
    assert ended.status == 0
    assert call("predict", run, "-", "--attention", stdin=TEXT.encode()).out == ended.out
    lines = records(ended.out)
    assert [len(line["tokens"]) for line in lines] == [7, 0, 3, 3]
    tagger = bilstm_nlp.load(run)
    heads = tagger.network.model.attention.heads
    for line in lines:
        weights = np.array(line["attention"]).reshape(heads, *[len(line["tokens"])] * 2)
        assert len(line["attention"]) == heads
        np.testing.assert_allclose(weights.sum(axis=2), 1, atol=0.0001 * max(1, len(line["tokens"])))
        assert (weights == weights.round(4)).all()
        tokens, exact = tagger.attention(line["text"])
        assert list(tokens) == line["tokens"]
        np.testing.assert_allclose(weights, exact, atol=0.000051)
    without = records(call("predict", run, "-", "--format", "jsonl", stdin=TEXT.encode()).out)
    assert without == [{name: value for name, value in line.items() if name != "attention"} for line in lines]


def test_the_weights_are_the_attentions_of_the_encoders_states(run):
    tagger = bilstm_nlp.load(run)
    tokens, weights = tagger.attention("Ann left Bonn .")
    batch = tagger.codec.encode([sentence_of_text("Ann left Bonn .")]).collate(np.arange(1))
    with torch.no_grad():
        sequences = tagger.network.model.embedder(on(batch))
        states, lengths = tagger.network.model.encoder(sequences), sequences.lengths
        expected = tagger.network.model.attention.weights(states, lengths)[0].numpy()
    assert len(tokens) == 4
    np.testing.assert_allclose(weights, expected, atol=1e-6)


def test_a_stream_is_tagged_in_small_chunks_and_in_order(run, call):
    text = "".join(f"{'Ann ' * (1 + index % 5)}left .\n" for index in range(3 * ATTENTION_CHUNK.sentences + 1))
    lines = records(call("predict", run, "-", "--attention", stdin=text.encode()).out)
    assert [line["text"] for line in lines] == [line.rstrip() for line in text.splitlines()]
    alone = records(call("predict", run, "-", "--attention", stdin=text.splitlines()[-1].encode()).out)
    np.testing.assert_allclose(lines[-1]["attention"], alone[0]["attention"], atol=0.00011)


def test_the_first_sentence_with_tokens_is_drawn(run, call, tmp_path, monkeypatch):
    seen = []
    draw = plots.attention
    monkeypatch.setattr(
        plots, "attention", lambda tokens, weights, path: seen.append((tokens, weights)) or draw(tokens, weights, path)
    )
    text = "\n$ rose $ .\nAnn left .\n"
    ended = call("predict", run, "-", "--attention", "--plot", tmp_path / "w.png", stdin=text.encode())
    assert ended.status == 0
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")
    ((tokens, weights),) = seen
    assert list(tokens) == ["$", "rose", "$", "."]
    np.testing.assert_allclose(weights, records(ended.out)[1]["attention"], atol=0.000051)


@pytest.mark.parametrize(("heads", "tokens"), [(1, 1), (2, 3), (5, 12), (8, plots.NAMED + 1)])
def test_heat_maps_of_any_number_of_heads_and_tokens(heads, tokens, tmp_path):
    weights = np.random.default_rng(0).dirichlet(np.ones(tokens), size=(heads, tokens))
    plots.attention(["$x_$"] * tokens, weights, tmp_path / "w.png")
    assert (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_to_draw_is_said_after_all_is_written(run, call, tmp_path):
    ended = call("predict", run, "-", "--attention", "--plot", tmp_path / "w.png", stdin=b"\n\n")
    assert ended.status == 2
    assert "--plot: expected a sentence with tokens to draw, found none" in ended.err
    assert len(records(ended.out)) == 2
    assert not (tmp_path / "w.png").exists()


@pytest.mark.parametrize("kind", ["text", "conll", "csv"])
def test_formats_without_room_for_weights_are_refused(run, call, kind):
    refused = call("predict", run, "-", "--attention", "--format", kind, stdin=b"x\n")
    assert (refused.status, refused.out) == (2, "")
    assert f"--attention: expected --format jsonl, found {kind}" in refused.err


def test_a_tagger_draws_nothing_but_attention(run, call, tmp_path):
    refused = call("predict", run, "-", "--plot", tmp_path / "w.png", stdin=b"x\n")
    assert refused.status == 2
    assert "--plot: expected --attention beside it, which is what a tagger draws, found none" in refused.err


def test_a_run_without_attention_is_told_so(plain, call):
    message = "attention: expected a model trained with attention.kind additive or multi-head, found none"
    refused = call("predict", plain, "-", "--attention", stdin=b"x\n")
    assert (refused.status, refused.out) == (2, "")
    assert message in refused.err
    with pytest.raises(InputError, match=f"^{message}$"):
        bilstm_nlp.load(plain).attention("x")


def test_a_run_from_before_there_was_attention_still_predicts_and_goes_on(plain, call, tmp_path):
    before = call("predict", plain, "-", stdin=TEXT.encode()).out
    run = RunDirectory.open(plain)
    saved = run.read_json("config.json")
    config = dict(saved)
    assert config.pop("attention") == {"kind": "none"}
    run.write_json("config.json", config)
    try:
        assert call("predict", plain, "-", stdin=TEXT.encode()).out == before
        unfinished = RunDirectory.create(tmp_path / "unfinished")
        unfinished.write_json("config.json", config)
        train.resumable(unfinished.path, parse(saved, "test"))
        with pytest.raises(RunError, match=r"attention\.kind: started with 'none', found 'additive'"):
            train.resumable(unfinished.path, parse(config | {"attention": {"kind": "additive"}}, "test"))
    finally:
        run.write_json("config.json", saved)
