"""`predict --split`: sentences of a text are tagged one by one, and places stay those in the text."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.tasks.tagging import sentence_tagger
from bilstm_nlp.tasks.tagging.stream import ChunkSize
from tests.cli.columns import columns

TEXT = "Dr. Angela Merkel met Mr. Keller of Acme Inc. in Bonn. She left.  Maria Keller won!\n\nFord rose. It fell.\n"
SENTENCES = [
    ["Dr. Angela Merkel met Mr. Keller of Acme Inc. in Bonn.", "She left.", "Maria Keller won!"],
    ["Ford rose.", "It fell."],
]
JOBS = pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])


def predicted(call, run, *options: str, text: str = TEXT) -> list[dict]:
    result = call("predict", run, "-", "--format", "jsonl", *options, stdin=text.encode())
    assert result.status == 0, result.err
    return [json.loads(line) for line in result.out.splitlines()]


@JOBS
def test_records_stay_whole_with_places_in_their_text(tagger_run, call, jobs):
    records = predicted(call, tagger_run, "--split", "--confidence", "--jobs", jobs)
    assert [record["text"] for record in records] == TEXT.splitlines()
    assert [
        [record["text"][each["start"] : each["end"]] for each in record.get("sentences", [])] for record in records
    ] == [SENTENCES[0], [], SENTENCES[1]]
    alone = predicted(
        call, tagger_run, "--confidence", text="".join(f"{s}\n" for of_text in SENTENCES for s in of_text)
    )
    single = iter(alone)
    for record in records:
        for entity in record["entities"]:
            assert record["text"][entity["start"] : entity["end"]] == entity["text"]
            assert " ".join(record["tokens"][entity["first"] : entity["last"]]) == entity["text"]
        of_text = [next(single) for _ in record.get("sentences", [])]
        assert record["tokens"] == [token for each in of_text for token in each["tokens"]]
        assert record["tags"] == [tag for each in of_text for tag in each["tags"]]
        scores = [entity["score"] for each in of_text for entity in each["entities"]]
        assert [entity["score"] for entity in record["entities"]] == pytest.approx(scores, abs=1e-5)
    assert sum(len(record["entities"]) for record in records) >= 2


def test_text_and_columns_have_each_sentence_alone(tagger_run, call):
    text = call("predict", tagger_run, "-", "--split", stdin=TEXT.encode()).out
    assert len(text.splitlines()) == 6
    assert "[Angela Merkel PER]" in text.splitlines()[0]
    written = call("predict", tagger_run, "-", "--split", "--format", "conll", stdin=TEXT.encode()).out
    assert [len(rows) for rows in columns(written)] == [12, 3, 4, 3, 3]


def test_records_keep_their_other_keys(tagger_run, call, tmp_path):
    (tmp_path / "x.jsonl").write_text(json.dumps({"id": 7, "text": "Ford rose.\n\nMaria Keller won."}) + "\n")
    options = ["--split", "--format"]
    record = json.loads(call("predict", tagger_run, tmp_path / "x.jsonl", *options, "doccano").out)
    assert (record["id"], record["text"]) == (7, "Ford rose.\n\nMaria Keller won.")
    assert [12, 24, "PER"] in record["label"]
    ranked = call("rank", tagger_run, tmp_path / "x.jsonl", *options, "jsonl").out.splitlines()
    places = {(r["ranking"]["start"], r["ranking"]["end"]): (r["id"], r["text"]) for r in map(json.loads, ranked)}
    assert places == {(0, 10): (7, "Ford rose."), (12, 29): (7, "Maria Keller won.")}


def test_long_texts_are_counted_unless_they_are_cut(tagger_run, call, tmp_path, caplog):
    (tmp_path / "x.txt").write_text("Ford rose in Paris .\n" + 2 * ("Ford rose in Paris . " * 15 + "\n"))
    call("predict", tagger_run, tmp_path / "x.txt")
    said = (
        "texts of more than 60 tokens with several sentences, which are tagged as one: 2 (the first: line 2, 75 tokens)"
    )
    assert f"{tmp_path / 'x.txt'}: {said}; --split cuts them into sentences" in caplog.messages
    caplog.clear()
    call("predict", tagger_run, tmp_path / "x.txt", "--split")
    assert "tagged as one" not in caplog.text


def test_a_long_text_stays_in_one_chunk(tagger_run, call, monkeypatch):
    """A text is longer than twice a chunk, at which a document would be cut."""
    monkeypatch.setattr(sentence_tagger, "CHUNK", ChunkSize(100, 65536))
    text = "Ford rose in Paris. " * 250 + "\nMaria Keller won.\n"
    first, second = predicted(call, tagger_run, "--split", text=text)
    assert len(first["sentences"]) == 250
    assert second["text"] == "Maria Keller won."


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--input", "conll"], "--split: expected text or jsonl, found conll, which is already cut"),
        (["--input", "tokens"], "--split: expected text or jsonl, found tokens"),
        (["--nbest", "2", "--format", "jsonl"], "--nbest: expected --format text beside --split, found jsonl"),
        (["--attention"], "--attention: expected sentences without --split, found --split"),
    ],
)
def test_what_can_not_be_split_is_refused(tagger_run, call, options, message):
    refused = call("predict", tagger_run, "-", "--split", *options, stdin=b"a b\n")
    assert refused.status == 2
    assert message in refused.err


def test_a_forecaster_splits_nothing(forecaster_run, call):
    refused = call("predict", forecaster_run, "-", "--split")
    assert (refused.status, refused.err) == (2, "bilstm-nlp: --split: not for a forecaster\n")


@pytest.mark.parametrize("command", ["predict", "rank"])
def test_a_language_without_split_is_refused(tagger_run, call, tmp_path, command):
    (tmp_path / "x.txt").write_text("Ann left.\n")
    refused = call(command, tagger_run, tmp_path / "x.txt", "--language", "de")
    assert (refused.status, refused.out) == (2, "")
    assert "--language: expected --split beside it, found only de" in refused.err
