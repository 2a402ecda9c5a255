"""From files to predictions in the same format: what stands in between must not be lost, blank lines included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bilstm_nlp.config import parse
from bilstm_nlp.data.text import tokenizer
from bilstm_nlp.data.text.formats.corpus import ColumnFormat, Sentence, read, sentence_of_text, sentences_of
from bilstm_nlp.data.text.output import TaggedSentence, writer
from bilstm_nlp.errors import DataError, InputError
from bilstm_nlp.tasks.registry import build
from bilstm_nlp.tasks.tagging.file_format import column_format
from bilstm_nlp.tasks.tagging.predictor import Tagger

WORDS = "Ann B-PER\nLee I-PER\nleft O\nthe O\nEU B-ORG\n. O\n"
CHARACTERS = "北 B-LOC\n京 I-LOC\n很 O\n大 O\n"


def tagger(folder: Path, corpus: str) -> Tagger:
    """One that was never trained: what it finds is not the question."""
    (folder / "x.conll").write_text(corpus)
    values = {
        "task": "tagging",
        "data": {"train": str(folder / "x.conll"), "dev": str(folder / "x.conll")},
        "embeddings": {"dimension": 4, "characters": {"kind": "none"}},
        "encoder": {"hidden": 4},
    }
    prepared = build(parse(values, "test")).prepare()
    return Tagger(prepared.network, prepared.codec, column_format(prepared.config))


@pytest.fixture(scope="module")
def words(tmp_path_factory) -> Tagger:
    return tagger(tmp_path_factory.mktemp("words"), WORDS)


@pytest.fixture(scope="module")
def characters(tmp_path_factory) -> Tagger:
    return tagger(tmp_path_factory.mktemp("characters"), CHARACTERS)


def predicted(tagger: Tagger, path: Path, content: str, kind, reads="auto", **options) -> str:
    path.write_text(content, newline="")
    stream = sentences_of(str(path), reads, ColumnFormat(tag=None, cut=tagger.codec.cut))
    tagged = tagger.stream(stream, **options)
    return "".join(writer(kind)(number, sentence) for number, sentence in enumerate(tagged, 1))


@pytest.mark.parametrize("options", [{}, {"confidence": True}])
def test_every_line_of_text_in_is_a_line_out(words, tmp_path, options):
    content = "\nAnn left.\n\n  \n" + "EU .\n" * 1500 + "\n\nAnn"
    for kind in ("text", "jsonl"):
        lines = predicted(words, tmp_path / "x.txt", content, kind, **options).split("\n")[:-1]
        assert len(lines) == 1507
        if kind == "jsonl":
            assert [json.loads(line)["text"] for line in lines] == content.split("\n")
        else:
            assert [index for index, line in enumerate(lines) if not line.strip()] == [0, 2, 3, 1504, 1505]


def test_only_blank_lines(words, tmp_path):
    assert predicted(words, tmp_path / "x.txt", "\n\n", "text") == "\n\n"
    assert predicted(words, tmp_path / "x.txt", "", "text") == ""
    assert words.tag(["", "  "]) == [[], []]
    assert len(words.tag(["Ann", "", "Lee"])) == 3


def test_columns_keep_rows_and_boundaries(words, tmp_path):
    content = "-DOCSTART- a\n\nAnn  NNP\nleft\tVBD\n\nEU NNP\n\n-DOCSTART- b\n\n-DOCSTART- c\n\n. .\n\n-DOCSTART- d\n\n"
    written = predicted(words, tmp_path / "x.conll", content, "conll").split("\n")
    assert len(written) == len(content.split("\n"))
    for before, after in zip(content.split("\n"), written, strict=True):
        assert after.startswith(before)
        tag = after.removeprefix(before)
        if before == "" or before.startswith("-DOCSTART-"):
            assert tag == ""
        else:
            assert tag.strip() in {"O", *words.codec.tags}
            assert tag[0] in " \t"


def test_boundaries_are_for_columns_only(words, tmp_path):
    content = "-DOCSTART- a\n\nAnn\n\n-DOCSTART- b\n"
    assert predicted(words, tmp_path / "x.conll", content, "text").count("\n") == 1
    assert predicted(words, tmp_path / "x.conll", content, "jsonl").count("\n") == 1
    assert predicted(words, tmp_path / "x.conll", content, "csv").count("\n") <= 1


def test_all_before_a_bad_row_is_tagged(words, tmp_path):
    (tmp_path / "x.conll").write_text("Ann NNP\n\nLee NNP\n\nleft\n")
    tagged = words.stream(sentences_of(str(tmp_path / "x.conll"), "conll", ColumnFormat(tag=None)))
    assert [next(tagged).sentence.tokens for _ in range(2)] == [("Ann",), ("Lee",)]
    with pytest.raises(DataError, match=r"x\.conll:5: expected 2 columns, as line 1 has, found 1: 'left'"):
        next(tagged)


def test_predicted_columns_can_be_read_again(words, tmp_path):
    (tmp_path / "y.conll").write_text(predicted(words, tmp_path / "x.txt", "Ann can't.\n\nEU", "conll"))
    corpus = read(str(tmp_path / "y.conll"), ColumnFormat())
    assert [sentence.tokens for sentence in corpus.sentences] == [("Ann", "ca", "n't", "."), ("EU",)]


@pytest.mark.parametrize(("token", "tag"), [("New York", "O"), ("a\tb", "O"), ("a\nb", "O"), ("a", "B-Job title")])
def test_what_columns_cannot_hold(token, tag):
    tagged = TaggedSentence(Sentence((token,), None, 1), token, (tag,), ())
    with pytest.raises(InputError, match=r"^sentence 7: expected tokens and types without blanks.*jsonl can$"):
        writer("conll")(7, tagged)


def test_text_is_cut_as_the_training_data_were(words, characters, tmp_path):
    assert (words.codec.cut, characters.codec.cut) == (tokenizer.WORDS, tokenizer.CHARACTERS)
    path = tmp_path / "x.txt"
    tokens = [json.loads(predicted(tagger, path, "EU在北京\n", "jsonl"))["tokens"] for tagger in (words, characters)]
    assert tokens == [["EU", "在", "北", "京"], ["E", "U", "在", "北", "京"]]
    record = '{"text": "EU在"}\n'
    tokens = [
        json.loads(predicted(tagger, tmp_path / "x.jsonl", record, "jsonl"))["tokens"] for tagger in (words, characters)
    ]
    assert tokens == [["EU", "在"], ["E", "U", "在"]]
    for entity in characters.tag(["EU 在北京"])[0]:
        assert entity.text == "EU 在北京"[entity.start : entity.end]


def test_the_codec_remembers_how_text_is_cut(characters):
    codec = characters.codec
    restored = type(codec).from_json(json.loads(json.dumps(codec.to_json())), codec.tensors())
    assert restored.cut == tokenizer.CHARACTERS
    for broken, message in (
        ("syllables", "cut.unit: expected 'words', 'characters' or 'blanks', found 'syllables'"),
        (None, "cut: expected an object, found None"),
    ):
        with pytest.raises(InputError, match=message):
            type(codec).from_json(json.loads(json.dumps(codec.to_json())) | {"cut": broken}, codec.tensors())


def test_evaluation_cuts_text_with_spans_like_prediction(characters, tmp_path):
    """Letters stand alone for a tagger of characters, so a span may end inside of what would be a word."""
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "EU北京", "spans": [[1, 4, "LOC"]]}\n')
    with pytest.raises(DataError, match="begins inside the token 'EU'"):
        read(str(path), ColumnFormat())
    (sentence,) = read(str(path), ColumnFormat(cut=tokenizer.CHARACTERS)).sentences
    assert sentence.tags == ("O", "B-LOC", "I-LOC", "I-LOC")
    assert sentence_of_text("EU北京", tokenizer.CHARACTERS).tokens == sentence.tokens
