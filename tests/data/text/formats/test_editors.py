"""Exports of annotation editors, as their documentation shows them: tokens, tags and what is left out."""

from __future__ import annotations

import json

import pytest

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, read, sentences_of
from bilstm_nlp.data.text.formats.label_studio import OTHERS, SEVERAL, UNANNOTATED
from bilstm_nlp.data.text.formats.prodigy import NOT_ACCEPTED
from bilstm_nlp.data.text.formats.records import NO_SPANS
from bilstm_nlp.errors import DataError

TEXT = "Dr. Ann Lee joins EU 😀 now"
WORDS = ("Dr.", "Ann", "Lee", "joins", "EU", "😀", "now")
TAGS = ("O", "B-PER", "I-PER", "O", "B-ORG", "O", "O")
SPANS = [(4, 11, "PER"), (18, 20, "ORG")]


def results(spans=SPANS, **more):
    return [
        {"value": {"start": a, "end": b, "text": TEXT[a:b], "labels": [kind]}, "from_name": "label", "type": "labels"}
        | more
        for a, b, kind in spans
    ]


def task(*annotations, text_key="text"):
    return {"id": 1, "data": {text_key: TEXT}, "annotations": list(annotations), "predictions": []}


JSON_LINES = {
    "doccano, newest": {"id": 1, "text": TEXT, "label": [list(span) for span in SPANS], "Comments": []},
    "doccano, data": {"id": 1, "data": TEXT, "label": [list(span) for span in SPANS]},
    "doccano, relations": {
        "id": 1,
        "text": TEXT,
        "entities": [{"id": 9, "label": kind, "start_offset": a, "end_offset": b} for a, b, kind in SPANS],
        "relations": [],
        "Comments": [],
    },
    "doccano, annotations": {
        "id": 1,
        "text": TEXT,
        "annotations": [{"label": kind, "start_offset": a, "end_offset": b, "user": 1} for a, b, kind in SPANS],
        "meta": {},
        "annotation_approver": None,
    },
    "label studio": task({"id": 7, "result": results(), "was_cancelled": False}),
    "label studio, completions": {"data": {"text": TEXT}, "completions": [{"result": results()}]},
    "label studio, other key": task({"result": results()}, text_key="article"),
    "label studio, html": task(
        {"result": [{"type": "hypertextlabels", "value": {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]",
         "globalOffsets": {"start": a, "end": b}, "text": TEXT[a:b], "hypertextlabels": [], "labels": [kind]}}
         for a, b, kind in SPANS]}
    ),
    "json_min": {
        "id": 1, "text": TEXT, "annotation_id": 3, "annotator": 1, "created_at": "2024-01-01", "lead_time": 2.5,
        "ner": [{"start": a, "end": b, "text": TEXT[a:b], "labels": [kind]} for a, b, kind in SPANS],
    },
    "prodigy": {
        "text": TEXT, "_input_hash": 1, "_view_id": "ner_manual", "answer": "accept",
        "tokens": [{"text": word, "start": TEXT.index(word), "id": n, "ws": True} for n, word in enumerate(WORDS)],
        "spans": [{"start": a, "end": b, "token_start": 1, "label": kind} for a, b, kind in SPANS],
    },
    "spacy": [TEXT, {"entities": [list(span) for span in SPANS]}],
    "spacy, classes": {"classes": ["PER"], "annotations": [[TEXT, {"entities": [list(s) for s in SPANS]}]]},
    "cluener": {"text": TEXT, "label": {"PER": {"Ann Lee": [[4, 10]]}, "ORG": {"EU": [[18, 19]]}}},
    "cmeee": {
        "text": TEXT,
        "entities": [{"start_idx": a, "end_idx": b - 1, "type": kind, "entity": TEXT[a:b]} for a, b, kind in SPANS],
    },
    "dataturks": {
        "content": TEXT,
        "annotation": [
            {"label": [kind], "points": [{"start": a, "end": b - 1, "text": TEXT[a:b]}]} for a, b, kind in SPANS
        ],
        "extras": None,
    },
    "columns of spans": {"text": TEXT, "entities": {"start": [4, 18], "end": [11, 20], "label": ["PER", "ORG"]}},
    "a list in an object": {"version": 2, "data": [{"text": TEXT, "entities": [list(span) for span in SPANS]}]},
    "units of UTF-16": {"text": "😀 " + TEXT, "spans": [
        {"start": a + 3, "end": b + 3, "label": kind, "text": TEXT[a:b]} for a, b, kind in SPANS
    ]},
}  # fmt: skip


def corpus(path, text: str, **settings):
    """Read a file, and return its sentences and (line, kind) of each remark."""
    path.write_text(text, encoding="utf-8")
    remarks: list[Remark] = []
    read_corpus = read(str(path), ColumnFormat(**settings), note=remarks.append)
    return read_corpus.sentences, [(remark.line, remark.kind) for remark in remarks]


@pytest.mark.parametrize("ending", ["jsonl", "json"])
@pytest.mark.parametrize("editor", JSON_LINES)
def test_exports_give_tokens_and_tags_of_their_spans(tmp_path, editor, ending):
    values = [JSON_LINES[editor], JSON_LINES[editor]]
    text = json.dumps(values, indent=1) if ending == "json" else "\n".join(json.dumps(value) for value in values)
    sentences, _ = corpus(tmp_path / f"x.{ending}", text)
    extra = editor == "units of UTF-16"
    for sentence in sentences:
        assert sentence.tokens == ("😀",) * extra + WORDS
        assert sentence.tags == ("O",) * extra + TAGS
    assert len(sentences) == 2


@pytest.mark.parametrize("editor", ["spacy, classes", "label studio", "cluener"])
def test_one_object_of_several_lines_is_read(tmp_path, editor):
    sentences, _ = corpus(tmp_path / "x.json", json.dumps(JSON_LINES[editor], indent=2))
    assert [(sentence.tokens, sentence.tags) for sentence in sentences] == [(WORDS, TAGS)]


@pytest.mark.parametrize(
    ("key", "spans"), [("label", {}), ("label", {"X": {}}), ("entities", {"start": [], "end": [], "label": []})]
)
def test_no_spans_in_any_form_are_no_entities(tmp_path, key, spans):
    sentences, remarks = corpus(tmp_path / "x.jsonl", json.dumps({"text": "a b", key: spans}))
    assert [(sentence.tokens, sentence.tags) for sentence in sentences] == [(("a", "b"), ("O", "O"))]
    assert remarks == []


def test_a_file_of_one_pair_is_no_array_of_two(tmp_path):
    sentences, _ = corpus(tmp_path / "x.json", json.dumps(JSON_LINES["spacy"]))
    assert [(sentence.tokens, sentence.tags) for sentence in sentences] == [(WORDS, TAGS)]


def test_only_accepted_records_of_prodigy_are_read(tmp_path):
    lines = [{"text": "a b", "answer": "accept", "spans": [{"start": 0, "end": 1, "label": "X"}]}]
    lines += [{"text": "c", "answer": "reject", "spans": []}, {"text": "d", "answer": "ignore"}]
    lines += [{"text": "e", "answer": "accept"}]
    text = "\n".join(map(json.dumps, lines))
    sentences, remarks = corpus(tmp_path / "x.jsonl", text)
    assert [(s.tokens, s.tags, s.line) for s in sentences] == [(("a", "b"), ("B-X", "O"), 1), (("e",), ("O",), 4)]
    assert remarks == [(2, NOT_ACCEPTED), (3, NOT_ACCEPTED), (4, NO_SPANS)]
    streamed = sentences_of(str(tmp_path / "x.jsonl"), "jsonl", ColumnFormat(tag=None))
    assert [sentence.tokens for sentence in streamed] == [("a", "b"), ("c",), ("d",), ("e",)]


def test_tasks_of_label_studio_are_counted_where_not_read(tmp_path):
    other = {"result": results([(4, 11, "X")])}
    tasks = [
        task(),
        task({"result": results(), "was_cancelled": True}),
        task(other, {"result": results(), "ground_truth": True}),
        task({"result": results(), "was_cancelled": True}, {"result": [*results(), {"type": "relation"}]}),
        task({"result": []}),
    ]
    sentences, remarks = corpus(tmp_path / "x.json", json.dumps(tasks))
    assert [(sentence.line, sentence.tags) for sentence in sentences] == [(3, TAGS), (4, TAGS), (5, ("O",) * 7)]
    assert remarks == [(1, UNANNOTATED), (2, UNANNOTATED), (3, SEVERAL), (4, OTHERS)]


def test_several_labels_of_a_span_overlap(tmp_path):
    results_of_two = results()
    results_of_two[0]["value"]["labels"] = ["PER", "DOC"]
    text = json.dumps([task({"result": results_of_two})])
    with pytest.raises(DataError, match=r"x\.json:1: expected spans that do not overlap, or data\.on_overlap"):
        corpus(tmp_path / "x.json", text)
    sentences, _ = corpus(tmp_path / "x.json", text, on_overlap="longest")
    assert sentences[0].tags == TAGS


def test_the_text_of_a_task_can_be_named(tmp_path):
    value = {"data": {"title": "no", "body": TEXT}, "annotations": [{"result": results()}]}
    with pytest.raises(DataError, match=r"expected the text of a task, or data\.text_key to name it"):
        corpus(tmp_path / "x.json", json.dumps([value]))
    sentences, _ = corpus(tmp_path / "x.json", json.dumps([value]), text_key="body")
    assert sentences[0].tags == TAGS


def test_documents_of_spacy_have_sentences_and_tags(tmp_path):
    tokens = [{"id": 0, "orth": "Ann", "ner": "U-PER"}, {"id": 1, "orth": "is", "ner": "O"}]
    document = {"paragraphs": [{"raw": "Ann is. no", "sentences": [{"tokens": tokens}, {"tokens": tokens[1:]}]}]}
    text = json.dumps([document | {"id": number} for number in range(2)], indent=1)
    sentences, _ = corpus(tmp_path / "x.json", text)
    assert [(s.tokens, s.tags, s.document) for s in sentences] == [
        (("Ann", "is"), ("U-PER", "O"), 1),
        (("is",), ("O",), 1),
        (("Ann", "is"), ("U-PER", "O"), 2),
        (("is",), ("O",), 2),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"data": {"text": "a"}, "annotations": [{"result": [{"value": {"labels": ["X"], "start": 0, "end": 9}}]}]},
        {"data": {"text": 3}, "annotations": [{"result": []}]},
        {"data": {}, "annotations": [{"result": []}]},
        {"annotation_id": 3},
        ["a", {"entities": 3}],
        {"classes": [], "annotations": [["a", {"entities": [[0, 1]]}]]},
        {"paragraphs": [{"sentences": [{"tokens": [{"ner": "O"}]}]}]},
        {"paragraphs": [{"sentences": [3]}]},
        {"text": "a", "label": {"X": {"a": [[0, "b"]]}}},
        {"text": "a", "label": {"X": {"b": [[0, 0]]}}},
        {"text": "a", "label": {"X": 3}},
        {"text": "a", "answer": "accept", "spans": 3},
        {"content": "a", "annotation": [{"label": None, "points": [{"start": 0, "end": 0}]}]},
    ],
)
def test_malformed_exports_are_refused_with_their_line(tmp_path, value):
    with pytest.raises(DataError) as error:
        corpus(tmp_path / "x.jsonl", "\n" + json.dumps(value))
    assert error.value.line == 2
