from __future__ import annotations

import json

import pytest

from tests.data.labelled.reading import error_of, pairs_of, texts_of


def lines(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.mark.parametrize("text", ["text", "sentence", "content", "review", "comment_text"])
@pytest.mark.parametrize("label", ["label", "labels", "class", "category", "intent", "sentiment", "target"])
def test_usual_keys_are_told_by_their_names(tmp_path, text, label):
    content = lines({text: "good", label: "pos", "id": 7}, {text: "bad", label: "neg", "id": 8})
    texts = texts_of(tmp_path / "a.jsonl", content)
    assert [(item.text, item.classes, item.other) for item in texts] == [
        ("good", ("pos",), {"id": 7}),
        ("bad", ("neg",), {"id": 8}),
    ]


@pytest.mark.parametrize(
    ("value", "classes"),
    [
        *[("pos", ("pos",)), (" pos ", ("pos",)), (3, ("3",)), (-1, ("-1",)), (2.0, ("2",)), (True, ("true",))],
        *[(["a", "b"], ("a", "b")), ([], ()), ([1], ("1",)), ({"POS": 1.0, "NEG": 0.0}, ("POS",))],
    ],
)
def test_values_are_classes(tmp_path, value, classes):
    assert texts_of(tmp_path / "a.jsonl", lines({"text": "x", "label": value}))[0].classes == classes


@pytest.mark.parametrize("value", [0.5, [[0, 1, "ORG"]], [None], [""]])
def test_value_that_is_no_class_is_an_error(tmp_path, value):
    message = error_of(tmp_path / "a.jsonl", lines({"text": "x", "label": "a"}, {"text": "x", "label": value}))
    assert message.startswith("a.jsonl:2: expected a class")


@pytest.mark.parametrize("value", [None, "", " "])
def test_value_without_a_class_is_an_error(tmp_path, value):
    content = lines({"text": "x", "label": "a"}, {"text": "y z", "label": value})
    assert error_of(tmp_path / "a.jsonl", content) == "a.jsonl:2: expected a class, found none: 'y z'"


@pytest.mark.parametrize("value", [None, 3, ["a", 1], {}])
def test_value_that_is_no_text_is_an_error(tmp_path, value):
    message = error_of(tmp_path / "a.jsonl", lines({"text": "x", "label": "a"}, {"text": value, "label": "a"}))
    assert message == f"a.jsonl:2: expected a text in text, found {json.dumps(value)}"


def test_missing_key_is_an_error_with_line(tmp_path):
    content = lines({"text": "x", "label": "a"}, {"txt": "x", "label": "a"})
    assert error_of(tmp_path / "a.jsonl", content) == "a.jsonl:2: expected a text in text, found only txt, label"


def test_array_on_several_lines_is_read(tmp_path):
    content = json.dumps([{"text": "good", "stars": 5}, {"text": "bad", "stars": 1}], indent=1)
    assert pairs_of(tmp_path / "a.json", content) == [("5", "good"), ("1", "bad")]
    assert pairs_of(tmp_path / "a.txt", content) == [("5", "good"), ("1", "bad")]


def test_list_of_tokens_is_kept(tmp_path):
    text = texts_of(tmp_path / "a.jsonl", lines({"tokens": ["do n't", "go!"], "label": "a"}))[0]
    assert (text.text, text.tokens) == ("do n't go!", ("do n't", "go!"))


def test_keys_without_known_names_are_told_by_values_and_said(tmp_path):
    rows = [("what is it", "q"), ("do it now", "c"), ("who is", "q"), ("go away", "c")]
    remarks = []
    texts = texts_of(tmp_path / "a.jsonl", lines(*({"u": text, "k": kind} for text, kind in rows)), remarks)
    assert [(text.text, text.classes) for text in texts] == [(text, (kind,)) for text, kind in rows]
    assert [remark.message for remark in remarks] == [
        "the class is in k; data.label_column names another",
        "the text is in u; data.text_column names another",
    ]


def test_whole_numbers_that_repeat_are_classes_and_constants_are_none(tmp_path):
    rows = [("good one", 5.0, "a"), ("bad", 1.0, "b"), ("nice", 5.0, "c"), ("poor", 1.0, "d")]
    records = ({"reviewText": text, "overall": stars, "asin": key, "site": "x"} for text, stars, key in rows)
    assert [text.classes for text in texts_of(tmp_path / "a.json", lines(*records))] == [("5",), ("1",), ("5",), ("1",)]


def test_two_keys_of_classes_are_an_error(tmp_path):
    message = error_of(tmp_path / "a.jsonl", lines({"text": "x", "coarse_label": 1, "fine_label": 2}))
    assert message == (
        "a.jsonl: expected one column of classes, or data.label_column to name it, found coarse_label and fine_label"
    )


def test_several_keys_of_0_and_1_are_an_error_with_the_setting_that_reads_them(tmp_path):
    rows = [("good one", False, True), ("bad", True, False), ("nice", False, True), ("poor", True, False)]
    records = [{"text": text, "toxic": toxic, "rude": rude, "threat": False} for text, toxic, rude in rows]
    assert error_of(tmp_path / "a.jsonl", lines(*records)).endswith(
        'or data.label_column to name it (["toxic", "rude", "threat"] for a 0 or 1 in each), found toxic and rude'
    )
    texts = texts_of(tmp_path / "a.jsonl", lines(*records), label=("toxic", "rude", "threat"))
    assert [text.classes for text in texts] == [("rude",), ("toxic",), ("rude",), ("toxic",)]


def test_label_studio_choices_are_classes(tmp_path):
    def task(text, *choices):
        annotations = [{"result": [{"value": {"choices": [choice]}}]} for choice in choices]
        return {"id": 1, "data": {"text": text}, "annotations": annotations}

    remarks = []
    content = json.dumps([task("good", "pos"), task("bad", "neg", "neg"), task("open")])
    texts = texts_of(tmp_path / "a.json", content, remarks)
    assert [(text.text, text.classes) for text in texts] == [("good", ("pos",)), ("bad", ("neg",))]
    assert [(remark.line, remark.kind) for remark in remarks] == [
        (3, "tasks of Label Studio without an annotation, skipped")
    ]
    message = error_of(tmp_path / "a.json", json.dumps([task("good", "pos", "neg")]))
    assert message == 'a.json:1: expected annotations that agree, found ["pos"] and ["neg"]'


def test_rejected_tasks_of_prodigy_are_skipped_and_noted(tmp_path):
    def task(text, answer, **others):
        return {"text": text, "answer": answer, "_task_hash": 1, **others}

    content = lines(task("good", "accept", label="pos"), task("bad", "reject", label="pos"))
    remarks = []
    assert [text.text for text in texts_of(tmp_path / "a.jsonl", content, remarks)] == ["good"]
    assert [(remark.line, remark.message) for remark in remarks] == [(2, "reject")]
    chosen = lines(task("good", "accept", accept=["pos", "short"], options=[]))
    assert texts_of(tmp_path / "a.jsonl", chosen)[0].classes == ("pos", "short")
