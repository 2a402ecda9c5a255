"""The output formats: what is written can be read back, and says the same in each of them."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilstm_nlp.data.text.output import CSV_HEADER, Alternative, Entity, TaggedSentence, cell, writer
from bilstm_nlp.data.text.sentence import Sentence
from bilstm_nlp.errors import InputError
from bilstm_nlp.tags import Span, encode

often = settings(max_examples=60, deadline=None)


def tagged(
    tokens: list[str], spans: list[tuple[str, int, int]], score: float | None = None, scored: bool = False, **given
) -> TaggedSentence:
    """Tokens joined by blanks, with entities of (type, first, last)."""
    starts = [sum(len(token) + 1 for token in tokens[:index]) for index in range(len(tokens))]
    text = " ".join(tokens)
    entities = tuple(
        Entity(
            text[(a := starts[first]) : (b := starts[last - 1] + len(tokens[last - 1]))], kind, a, b, first, last, score
        )
        for kind, first, last in spans
    )
    tags = tuple(encode([Span(*span) for span in spans], len(tokens), "IOB2"))
    sentence = Sentence(tokens=tuple(tokens), tags=None, line=1, **given)
    return TaggedSentence(sentence, text, tags, entities, scored=scored or score is not None)


NEWS = ["EU", "rejects", "German", "call"]
FOUND = [("ORG", 0, 1), ("MISC", 2, 3)]


# --- text ---


def test_text_marks_entities():
    write = writer("text")
    assert write(1, tagged(NEWS, FOUND)) == "[EU ORG] rejects [German MISC] call\n"
    assert write(1, tagged(NEWS, [("MISC", 2, 4)], 0.987)) == "EU rejects [German call MISC 0.99]\n"
    assert write(1, tagged(NEWS, [])) == "EU rejects German call\n"


def test_text_keeps_what_stands_between_tokens():
    sentence = Sentence(tokens=("EU", "!"), tags=None, line=1)
    whole = TaggedSentence(sentence, "  EU!\u00a0", ("B-ORG", "O"), (Entity("EU", "ORG", 2, 4, 0, 1, None),))
    assert writer("text")(1, whole) == "  [EU ORG]!\u00a0\n"


# --- columns ---


@pytest.mark.parametrize(
    ("header", "rows", "score", "expected"),
    [
        ("word\tner", ("New York\tO",), None, "word\tner\tpredicted\nNew York\tO\tB-LOC\n\n"),
        ("word ner", ("# x\nYork O",), 0.5, "word ner predicted confidence\n# x\nYork O B-LOC 0.5000\n\n"),
        (None, ("York O",), None, "York O B-LOC\n\n"),
    ],
)
def test_a_header_names_the_columns_of_predictions(header, rows, score, expected):
    sentence = tagged(["York"], [("LOC", 0, 1)], score, header=header, rows=rows)
    assert writer("conll")(1, sentence) == expected


def test_columns_of_tokens():
    write = writer("conll")
    assert write(1, tagged(NEWS, FOUND)) == "EU B-ORG\nrejects O\nGerman B-MISC\ncall O\n\n"
    assert write(1, tagged(NEWS, [("MISC", 2, 4)], 0.98765)) == (
        "EU O -\nrejects O -\nGerman B-MISC 0.9877\ncall I-MISC 0.9877\n\n"
    )


@pytest.mark.parametrize("separator", [" ", "\t"])
def test_columns_of_the_input_are_kept(separator):
    rows = tuple(separator.join(cells) for cells in (("EU", "NNP", "O"), ("call", "NN", "B-X")))
    written = writer("conll")(7, tagged(["EU", "call"], [("ORG", 0, 1)], rows=rows, document_start="-DOCSTART- -X- O"))
    assert written == f"-DOCSTART- -X- O\n\n{rows[0]}{separator}B-ORG\n{rows[1]}{separator}O\n\n"


def test_every_row_of_a_file_has_as_many_columns():
    """Sentences without entities have no scores, but where scores were asked for, their place."""
    write = writer("conll")
    written = write(1, tagged(NEWS, FOUND, 0.5)) + write(2, tagged(["nothing"], [], scored=True))
    assert {len(row.split(" ")) for row in written.splitlines() if row} == {3}
    assert write(2, tagged(["nothing"], [], scored=True)) == "nothing O -\n\n"
    assert write(2, tagged(["nothing"], [])) == "nothing O\n\n"


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r"])
def test_tokens_that_columns_can_not_hold_are_refused(blank):
    with pytest.raises(InputError, match=r"^sentence 3: expected tokens and types without blanks.* --format jsonl can"):
        writer("conll")(3, tagged([f"New{blank}York"], []))
    # A type may have been learnt from JSON, and the row may come from columns.
    for rows in ((), ("a O",)):
        with pytest.raises(InputError, match=r"^sentence 4: expected tokens and types without blanks"):
            writer("conll")(4, tagged(["a"], [(f"work{blank}of art", 0, 1)], rows=rows))
    # Other spaces are part of a token.
    assert writer("conll")(1, tagged(["10\u00a0000\u3000"], [])) == "10\u00a0000\u3000 O\n\n"


@pytest.mark.parametrize(("kind", "written"), [("text", "\n"), ("conll", "\n"), ("csv", "")])
def test_a_sentence_without_tokens_is_written_in_every_format(kind, written):
    """A blank line in is a blank line out; boundaries of documents are for columns only."""
    blank = TaggedSentence(Sentence(tokens=(), tags=None, line=1), "", (), ())
    assert writer(kind)(1, blank) == written
    boundary = TaggedSentence(Sentence(tokens=(), tags=None, line=1, document_start="-DOCSTART-"), "", (), ())
    assert writer(kind)(1, boundary) == ("-DOCSTART-\n\n" if kind == "conll" else "")


# --- JSON and CSV ---

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
awkward = words | st.sampled_from(['"', ",", '","', "\r", "\n", "\r\n", "'", "\\", "\u2028", "\x85", " "])


@often
@given(st.lists(awkward, min_size=1, max_size=5), st.data(), st.none() | st.floats(0, 1))
def test_entities_survive_json_and_csv(tokens, data, score):
    cuts = sorted(data.draw(st.sets(st.integers(0, len(tokens)))))
    kind = data.draw(awkward)
    sentence = tagged(tokens, [(kind, first, last) for first, last in pairwise(cuts)], score)
    line = writer("jsonl")(1, sentence)
    assert line.endswith("\n")
    assert line.count("\n") == 1
    record = json.loads(line)
    assert record["tokens"] == tokens
    assert record["tags"] == list(sentence.tags)
    assert record["text"] == sentence.text
    assert "alternatives" not in record
    assert tuple(Entity(**{"score": None, **entity}) for entity in record["entities"]) == sentence.entities
    rows = list(csv.DictReader(io.StringIO(CSV_HEADER + writer("csv")(12, sentence), newline="")))
    assert len(rows) == len(sentence.entities)
    assert writer("csv")(12, sentence).count("\n") == len(sentence.entities)
    for row, entity in zip(rows, sentence.entities, strict=True):
        assert (row["sentence"], row["rank"]) == ("12", "1")
        assert (row["text"], row["type"]) == (harmless(in_line(entity.text)), harmless(in_line(entity.type)))
        assert (int(row["start"]), int(row["end"])) == (entity.start, entity.end)
        assert harmless(in_line(record["text"][int(row["start"]) : int(row["end"])])) == row["text"]
        assert (float(row["score"]) if row["score"] else None) == (
            None if score is None else pytest.approx(score, abs=1e-6)
        )


def in_line(text: str) -> str:
    """Return a text with blanks for line ends."""
    return "".join(" " if character in "\n\r\x85\u2028\u2029" else character for character in text)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85"])
@pytest.mark.parametrize("kind", ["text", "jsonl", "csv"])
def test_a_text_with_line_ends_is_written_in_one_line(kind, end):
    text = f"EU{end}rejects New{end}York"
    place = text.index("New")
    entity = Entity(text[place:], "LOC", place, len(text), 2, 4, 0.5)
    sentence = Sentence(("EU", "rejects", "New", "York"), None, 1, text=text)
    whole = TaggedSentence(sentence, text, ("O", "O", "B-LOC", "I-LOC"), (entity,), scored=True)
    best = TaggedSentence(sentence, text, whole.tags, (entity,), (Alternative(0.5, whole.tags, (entity,)),))
    for each in (whole, best):
        written = writer(kind)(3, each)
        assert written.endswith("\n")
        assert len(written.splitlines()) == 1
    if kind == "jsonl":
        record = json.loads(written)
        assert record["text"] == text
        assert record["entities"][0]["text"] == text[place:]
    else:
        assert f"New{' ' * len(end)}York" in written


@often
@given(st.lists(awkward).map("".join))
def test_cells_are_quoted_as_the_library_quotes_them(text):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(["x", harmless(text)])
    assert f"x,{cell(text)}\r\n" == stream.getvalue()


def harmless(text: str) -> str:
    """Return the CSV cell of a text. A spreadsheet must not carry it out as a formula."""
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+49", "-1", "@x", "\tx", "\rx"])
def test_formulas_of_spreadsheets_are_written_as_text(text):
    rows = list(csv.reader(io.StringIO(f"{cell(text)},{cell('a' + text)}\n", newline="")))
    assert rows == [["'" + text, "a" + text]]


def test_characters_are_written_as_they_are():
    assert '"text": "Zürich 東京"' in writer("jsonl")(1, tagged(["Zürich", "東京"], []))


def test_other_keys_of_a_record_come_before_the_predictions():
    sentence = tagged(NEWS, FOUND, others={"id": 7, "meta": {"source": "wire", "pages": [1, None]}})
    record = json.loads(writer("jsonl")(1, sentence))
    assert list(record) == ["id", "meta", "text", "tokens", "tags", "entities"]
    assert (record["id"], record["meta"]) == (7, {"source": "wire", "pages": [1, None]})


# --- alternatives ---


def ranked() -> TaggedSentence:
    best, second = tagged(NEWS, FOUND), tagged(NEWS, [("ORG", 0, 1)])
    alternatives = tuple(
        Alternative(p, sentence.tags, sentence.entities) for p, sentence in ((0.75, best), (0.125, second))
    )
    return TaggedSentence(best.sentence, best.text, best.tags, best.entities, alternatives)


def test_alternatives_as_text():
    assert writer("text")(1, ranked()) == (
        "0.7500\t[EU ORG] rejects [German MISC] call\n0.1250\t[EU ORG] rejects German call\n"
    )


def test_alternatives_as_json():
    alternatives = json.loads(writer("jsonl")(1, ranked()))["alternatives"]
    assert [alternative["probability"] for alternative in alternatives] == [0.75, 0.125]
    assert [alternative["tags"] for alternative in alternatives] == [
        ["B-ORG", "O", "B-MISC", "O"],
        ["B-ORG", "O", "O", "O"],
    ]
    assert alternatives[1]["entities"] == [{"text": "EU", "type": "ORG", "start": 0, "end": 2, "first": 0, "last": 1}]


def test_alternatives_as_csv():
    first = "3,1,0.750000,0,2,ORG,EU,\n3,1,0.750000,11,17,MISC,German,\n"
    assert writer("csv")(3, ranked()) == first + "3,2,0.125000,0,2,ORG,EU,\n"
