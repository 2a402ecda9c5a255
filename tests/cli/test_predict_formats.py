"""`bilstm-nlp predict --format …` for people and annotation tools: whole files with the entities of jsonl."""

from __future__ import annotations

import html
import importlib.util
import json
import re

import pytest

TEXT = "Angela Merkel flew to <Paris> & 😀 Berlin.\n\n  \nMaria Keller left Ford .\n"
JOBS = pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])


@pytest.fixture
def entities(tagger_run, call) -> list[list[tuple[int, int, str]]]:
    """The entities of each line of `TEXT`, of which there are some."""
    result = call("predict", tagger_run, "-", "--format", "jsonl", stdin=TEXT.encode())
    records = map(json.loads, result.out.splitlines())
    spans = [[(e["start"], e["end"], e["type"]) for e in record["entities"]] for record in records]
    assert spans[0]
    assert spans[3]
    return spans


def lines() -> list[str]:
    return TEXT.splitlines()


@JOBS
def test_spacy_and_label_studio_are_whole_json(tagger_run, call, entities, jobs, caplog):
    result = call("predict", tagger_run, "-", "--format", "spacy", "--jobs", jobs, stdin=TEXT.encode())
    assert json.loads(result.out) == [
        [lines()[index], {"entities": [list(span) for span in entities[index]]}] for index in (0, 3)
    ]
    assert "texts without tokens, which annotation tools refuse: 2 left out" in caplog.text
    options = ["--format", "label-studio", "--confidence", "--jobs", jobs]
    tasks = json.loads(call("predict", tagger_run, "-", *options, stdin=TEXT.encode()).out)
    regions = [[region["value"] for region in task["predictions"][0]["result"]] for task in tasks]
    assert [[(r["start"], r["end"], *r["labels"]) for r in of_task] for of_task in regions] == [
        entities[0],
        entities[3],
    ]
    assert 0 < tasks[0]["predictions"][0]["score"] < 1


@JOBS
def test_spacy_is_a_docbin_in_a_file_called_so(tagger_run, call, entities, tmp_path, jobs):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin

    path = tmp_path / "x.spacy"
    result = call("predict", tagger_run, "-", "--format", "spacy", "-o", path, "--jobs", jobs, stdin=TEXT.encode())
    assert result.status == 0, result.err
    documents = list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))
    assert [document.text for document in documents] == [lines()[0], lines()[3]]
    spans = [[(e.start_char, e.end_char, e.label_) for e in document.ents] for document in documents]
    assert spans == [entities[0], entities[3]]
    again = call("predict", tagger_run, path, "--format", "jsonl")
    assert [json.loads(line)["text"] for line in again.out.splitlines()] == [lines()[0], lines()[3]]
    ranked = call("rank", tagger_run, "-", "--top", "1", "--format", "spacy", "-o", path, stdin=TEXT.encode())
    assert ranked.status == 0, ranked.err
    assert len(DocBin().from_disk(path)) == 1


@pytest.mark.parametrize(("text", "count"), [("", 0), ("\n\n", 0), ("\nFord rose\n\n", 1), ("a\n" * 5000, 5000)])
def test_lists_are_valid_whatever_is_blank(tagger_run, call, text, count):
    result = call("predict", tagger_run, "-", "--format", "spacy", stdin=text.encode())
    assert len(json.loads(result.out)) == count


def test_a_list_is_closed_before_a_faulty_line(tagger_run, call):
    result = call("predict", tagger_run, "-", "--format", "spacy", stdin=b"Ford rose\n\xff\n")
    assert result.status == 2
    assert [text for text, _ in json.loads(result.out)] == ["Ford rose"]


@JOBS
def test_brat_is_a_folder_of_text_and_annotations(tagger_run, call, entities, tmp_path, jobs):
    (tmp_path / "news.txt").write_text(TEXT)
    folder = tmp_path / "brat"
    result = call("predict", tagger_run, tmp_path / "news.txt", "--format", "brat", "-o", folder, "--jobs", jobs)
    assert result.status == 0, result.err
    text = (folder / "news.txt").read_text()
    assert text == TEXT
    start_of = [sum(len(line) + 1 for line in lines()[:index]) for index in range(4)]
    assert (folder / "news.ann").read_text().splitlines() == [
        f"T{number}\t{kind} {start} {end}\t{text[start:end]}"
        for number, (start, end, kind) in enumerate(
            ((start_of[index] + a, start_of[index] + b, kind) for index in range(4) for a, b, kind in entities[index]),
            1,
        )
    ]
    again = call("predict", tagger_run, tmp_path / "news.txt", "--format", "brat", "-o", folder)
    assert again.status == 2
    assert "news.txt: expected no file, which is not overwritten, found one" in again.err
    refused = call("predict", tagger_run, "-", "--format", "brat", stdin=b"x\n")
    assert refused.status == 2
    assert "--format brat: expected --output with a folder" in refused.err


@JOBS
def test_a_page_has_every_text_and_marks_its_entities(tagger_run, call, entities, tmp_path, jobs):
    path = tmp_path / "page.html"
    result = call("predict", tagger_run, "-", "--format", "html", "-o", path, "--jobs", jobs, stdin=TEXT.encode())
    assert result.status == 0, result.err
    page = path.read_text()
    paragraphs = re.findall(r'<p id="s\d+" dir="auto"><a href="#s\d+">\d+</a>(.*?)</p>', page, re.DOTALL)
    marks = [re.findall(r'<mark class="k\d p(\d)" title="(\S+)">(.*?)<b>(.*?)</b></mark>', p) for p in paragraphs]
    assert [[(html.unescape(text), kind) for _, _, text, kind in of_text] for of_text in marks] == [
        [(line[start:end], kind) for start, end, kind in spans] for line, spans in zip(lines(), entities, strict=True)
    ]
    assert [html.unescape(re.sub(r"<b>.*?</b>|<.*?>", "", p)) for p in paragraphs] == lines()
    records = call(
        "predict", tagger_run, "-", "--format", "jsonl", "--confidence", stdin=TEXT.encode()
    ).out.splitlines()
    scores = [entity["score"] for record in map(json.loads, records) for entity in record["entities"]]
    shown = [(int(shade), float(title)) for of_text in marks for shade, title, _, _ in of_text]
    assert [title for _, title in shown] == [round(score, 2) for score in scores]
    assert [shade for shade, _ in shown] == [min(4, int(score * 5)) for score in scores]
    assert page.endswith("</main>\n</body>\n</html>\n")
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import", page)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--format", "html", "--nbest", "2"], "--nbest: expected --format text, jsonl or csv, found html"),
        (["--format", "spacy", "--confidence"], "--confidence: expected a format with a place for it, such as jsonl"),
        pytest.param(
            ["--format", "spacy", "-o", "x.spacy"],
            "--output: expected spaCy, which writes .spacy, found none; pip install 'bilstm-nlp[spacy]'",
            marks=pytest.mark.skipif(importlib.util.find_spec("spacy") is not None, reason="has spaCy"),
        ),
        (["--format", "brat", "--attention", "-o", "x"], "--attention: expected --format jsonl, found brat"),
    ],
)
def test_options_without_a_place_are_refused(tagger_run, call, options, message):
    refused = call("predict", tagger_run, "-", *options, stdin=b"x\n")
    assert refused.status == 2
    assert message in refused.err
