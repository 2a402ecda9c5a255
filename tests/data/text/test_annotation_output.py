"""Formats of annotation tools: offsets of characters, other keys of the record, and texts read back as they were."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.data.text.annotation_output import as_doccano, as_label_studio, as_spacy
from bilstm_nlp.data.text.formats.jsonl import read_jsonl
from bilstm_nlp.data.text.output import Entity, TaggedSentence
from bilstm_nlp.data.text.sentence import ColumnFormat, Sentence

TEXT = "😀 EU says\nno to New\u2028York"


def tagged(score: float | None = None, others: dict | None = None) -> TaggedSentence:
    """A text with an emoji, a line feed and a line separator, and three entities, one without a type."""
    spans = [("EU", "ORG"), ("no", ""), ("New\u2028York", "LOC")]
    entities = [Entity(text, kind, (start := TEXT.index(text)), start + len(text), 0, 1, score) for text, kind in spans]
    sentence = Sentence((TEXT,), None, 1, text=TEXT, offsets=((0, len(TEXT)),), others=others or {})
    return TaggedSentence(sentence, TEXT, (), tuple(entities), scored=score is not None)


PLACES = [[2, 4, "ORG"], [10, 12, "segment"], [16, 24, "LOC"]]


def test_doccano_has_labels_beside_the_other_keys():
    line = as_doccano(1, tagged(others={"id": 7, "label": "old"}))
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"id": 7, "text": TEXT, "label": PLACES}


def test_what_doccano_gets_is_read_as_it_was(tmp_path):
    text = "EU rejects New York"
    entities = (Entity("EU", "ORG", 0, 2, 0, 1, None), Entity("New York", "LOC", 11, 19, 2, 4, None))
    (tmp_path / "x.jsonl").write_text(as_doccano(1, TaggedSentence(Sentence((), None, 1), text, (), entities)))
    (sentence,) = read_jsonl(str(tmp_path / "x.jsonl"), ColumnFormat())
    assert (sentence.text, sentence.tags) == (text, ("B-ORG", "O", "B-LOC", "I-LOC"))


def test_label_studio_has_regions_with_their_text():
    task = json.loads(as_label_studio(3, tagged(others={"id": 7})))
    assert task["data"] == {"id": 7, "text": TEXT}
    (prediction,) = task["predictions"]
    assert "score" not in prediction
    for region, (start, end, label) in zip(prediction["result"], PLACES, strict=True):
        assert (region["from_name"], region["to_name"], region["type"]) == ("label", "text", "labels")
        assert region["value"] == {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    assert len({region["id"] for region in prediction["result"]}) == 3


def test_label_studio_sorts_by_the_least_sure_entity():
    (prediction,) = json.loads(as_label_studio(3, tagged(0.25)))["predictions"]
    assert prediction["score"] == 0.25
    assert {region["score"] for region in prediction["result"]} == {0.25}


@pytest.mark.parametrize("write", [as_label_studio, as_spacy])
def test_items_of_a_list_are_one_line(write):
    assert len(write(1, tagged()).splitlines()) == 1
    assert not write(1, tagged()).endswith("\n")


def test_spacy_has_pairs_of_text_and_entities():
    assert json.loads(as_spacy(1, tagged())) == [TEXT, {"entities": PLACES}]


def test_what_spacy_gets_is_read_as_it_was(tmp_path):
    texts = ["EU rejects New York", "no"]
    entities = (Entity("EU", "ORG", 0, 2, 0, 1, None), Entity("New York", "LOC", 11, 19, 2, 4, None))
    tags = [("B-ORG", "O", "B-LOC", "I-LOC"), ("O",)]
    items = [
        as_spacy(number, TaggedSentence(Sentence((), None, 1), text, (), entities if number == 1 else ()))
        for number, text in enumerate(texts, 1)
    ]
    (tmp_path / "x.json").write_text("[\n" + ",\n".join(items) + "\n]\n")
    sentences = list(read_jsonl(str(tmp_path / "x.json"), ColumnFormat()))
    assert [(sentence.text, sentence.tags) for sentence in sentences] == list(zip(texts, tags, strict=True))
