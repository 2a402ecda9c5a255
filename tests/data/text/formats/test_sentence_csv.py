"""CSV with the number of each sentence, as corpora on Kaggle have."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.formats.corpus import input_format, read
from bilstm_nlp.data.text.formats.sentence_csv import read_sentence_csv
from bilstm_nlp.data.text.sentence import ColumnFormat, line_of
from bilstm_nlp.errors import DataError

KAGGLE = """\
Sentence #,Word,POS,Tag
Sentence: 1,Thousands,NNS,O
,of,IN,O
,\"\"\"\",``,O
,\",\",\",\",O
,London,NNP,B-geo
Sentence: 2,NA,NNP,B-org
,says,VBZ,O
"""


def corpus(path, text: str, **settings):
    path.write_bytes(text.encode(settings.get("encoding", "utf-8")))
    remarks: list[Remark] = []
    sentences = read(str(path), ColumnFormat(**settings), note=remarks.append).sentences
    return sentences, [(remark.line, remark.kind) for remark in remarks]


TOKENS = [("Thousands", "of", '"', ",", "London"), ("NA", "says")]


@pytest.mark.parametrize("name", ["ner.csv", "ner_dataset", "ner.csv.txt"])
def test_rows_belong_to_the_sentence_named_before(tmp_path, name):
    sentences, _ = corpus(tmp_path / name, KAGGLE)
    assert [sentence.tokens for sentence in sentences] == TOKENS
    assert [sentence.tags for sentence in sentences] == [("O", "O", "O", "O", "B-geo"), ("B-org", "O")]
    assert [line_of(sentences[1], index) for index in (0, 1)] == [7, 8]
    assert input_format(str(tmp_path / name), ColumnFormat(tag=None)) == "csv"


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("sentence_id;word;ner\n0;EU;B-ORG\n0;says;O\n1;it;O\n", {}),
        ("sentence_idx\ttoken\tpos\ttag\n5\tEU\tNNP\tB-ORG\n5\tsays\tV\tO\n6\tit\tP\tO\n", {}),
        ('"tag","pos","word","sent_id"\n"B-ORG","NNP","EU","a"\nO,V,says,a\r\nO,P,it,b\n', {}),
        ("Sentence #,Word,Tag,Mine\n1,EU,O,B-ORG\n1,says,O,O\n,,,\n2,it,O,O\n", {"tag": "Mine"}),
        ("Sentence #,Word,Lemma,Tag\n1,x,EU,B-ORG\n1,y,says,O\n2,z,it,O\n", {"token": "Lemma", "tag": 3}),
        ("\ufeffsentence_id,words,labels\n1,EU,B-ORG\n1,says,O\n2,it,O\n", {}),
    ],
)
def test_columns_are_found_by_their_names(tmp_path, text, settings):
    sentences, _ = corpus(tmp_path / "x.csv", text, **settings)
    assert [(s.tokens, s.tags) for s in sentences] == [(("EU", "says"), ("B-ORG", "O")), (("it",), ("O",))]


def test_blank_rows_part_sentences_without_numbers(tmp_path):
    sentences, remarks = corpus(tmp_path / "x.csv", "word,tag\nEU,B-ORG\nsays,O\n,\nit,O\n")
    assert [(s.tokens, s.tags) for s in sentences] == [(("EU", "says"), ("B-ORG", "O")), (("it",), ("O",))]
    assert remarks == []
    (whole,), remarks = corpus(tmp_path / "x.csv", "word;tag\nEU;B-ORG\nsays;O\n")
    assert (whole.tokens, remarks) == (("EU", "says"), [(2, "files that are one sentence")])


@pytest.mark.parametrize("header", ["text,label", "word\ttag", "Words are tags", "date,value"])
def test_other_headers_are_no_csv_of_tokens(tmp_path, header):
    (tmp_path / "x").write_text(f"{header}\n1,2\n")
    assert input_format(str(tmp_path / "x"), ColumnFormat(tag=None)) != "csv"


def test_lone_returns_end_rows(tmp_path):
    assert [s.tokens for s in corpus(tmp_path / "x.csv", KAGGLE.replace("\n", "\r"))[0]] == TOKENS


def test_blank_lines_before_the_header_count(tmp_path):
    sentences, _ = corpus(tmp_path / "x.csv", "\n\n" + KAGGLE)
    assert [sentence.tokens for sentence in sentences] == TOKENS
    assert [line_of(sentences[1], index) for index in (0, 1)] == [9, 10]
    assert input_format(str(tmp_path / "x.csv"), ColumnFormat(tag=None)) == "csv"


def test_rows_of_lists_are_sentences(tmp_path):
    text = "Sentence #,Sentence,POS,Tag\n1,EU says,\"['NNP', 'V']\",\"['B-org', 'O']\"\n2,it,[],\"['O']\"\n"
    sentences, _ = corpus(tmp_path / "ner.csv", text)
    assert [(s.tokens, s.tags, s.line) for s in sentences] == [
        (("EU", "says"), ("B-org", "O"), 2),
        (("it",), ("O",), 3),
    ]
    with pytest.raises(DataError, match=r"ner\.csv:2: expected 3 tags for 3 tokens, found 2"):
        corpus(tmp_path / "ner.csv", text.replace("EU says", "EU says it"))


def test_other_columns_may_be_features(tmp_path):
    sentences, _ = corpus(tmp_path / "x.csv", KAGGLE, features=(FeatureColumn("POS"),))
    assert sentences[1].columns == {"POS": ("NNP", "VBZ")}


def test_empty_tokens_are_skipped_and_counted_or_refused(tmp_path):
    text = KAGGLE.replace(",of,IN,O", ",,IN,O")
    sentences, remarks = corpus(tmp_path / "x.csv", text, on_empty_token="skip")
    assert sentences[0].tokens == ("Thousands", '"', ",", "London")
    assert remarks == [(3, "empty tokens, skipped")]
    with pytest.raises(DataError, match=r'x\.csv:3: expected a token, or data\.on_empty_token = "skip", found none'):
        corpus(tmp_path / "x.csv", text)


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (KAGGLE.replace(",of,IN,O", ",of,IN"), {}, ":3: expected 4 cells, as the header line has, found 3"),
        (KAGGLE.replace(",of,IN,O", ",of,IN,"), {}, ":3: expected a tag, found none in "),
        (KAGGLE, {"tag": "NER"}, ":1: expected one column named 'NER' in the header line"),
        (KAGGLE.replace("London", '"London'), {}, ":6: expected a row of CSV, found unexpected end of data"),
    ],
)
def test_rows_that_do_not_fit_are_named(tmp_path, text, settings, message):
    with pytest.raises(DataError) as error:
        corpus(tmp_path / "x.csv", text, **settings)
    assert message in str(error.value)


def test_latin_1_is_read_if_the_config_says_so(tmp_path):
    text = KAGGLE.replace("London", "Zürich")
    assert corpus(tmp_path / "x.csv", text, encoding="latin-1")[0][0].tokens[-1] == "Zürich"


def test_a_stream_keeps_rows_parted_by_tabs(tmp_path):
    text = 'Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,O\n,"a, b","x\ty",O\n\nSentence: 2,c,X,O\n'
    (tmp_path / "x.csv").write_text(text)
    remarks: list[Remark] = []
    first, second = read_sentence_csv(str(tmp_path / "x.csv"), ColumnFormat(), note=remarks.append, keep_rows=True)
    assert (first.header, second.header) == ("Sentence #\tWord\tPOS\tTag", None)
    assert first.rows == ("Sentence: 1\tAnn\tNNP\tO", "\ta, b\tx y\tO")
    assert second.rows == ("Sentence: 2\tc\tX\tO",)
    assert [(remark.line, remark.kind) for remark in remarks] == [
        (3, "cells with tabs or line ends, blanks in --format conll")
    ]


@pytest.mark.parametrize(
    "text",
    [
        'sentence,word_labels\n"Thousands of demonstrators, here","O,O,O,B-geo"\nLondon,B-geo\n',
        "text;labels\nThousands of demonstrators, here;O O O B-geo\nLondon;B-geo\n",
        "sentence,tags\n\"Thousands of demonstrators, here\",\"['O', 'O', 'O', 'B-geo']\"\nLondon,\"['B-geo']\"\n",
    ],
)
def test_texts_with_a_tag_for_each_word_are_sentences(tmp_path, text):
    (first, second), remarks = corpus(tmp_path / "x.csv", text)
    assert list(zip(first.tokens, first.tags, strict=True)) == [
        ("Thousands", "O"),
        ("of", "O"),
        ("demonstrators,", "O"),
        ("here", "B-geo"),
    ]
    assert (second.tokens, second.tags) == (("London",), ("B-geo",))
    assert remarks == []


def test_another_number_of_tags_than_words_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"x\.csv:3: expected 3 tags for 3 tokens, found 2"):
        corpus(tmp_path / "x.csv", 'sentence,word_labels\na b,"O,O"\na b c,"O,O"\n')


def test_texts_with_one_label_are_no_sentences(tmp_path):
    with pytest.raises(DataError, match=r"x\.csv:1: expected a token"):
        corpus(tmp_path / "x.csv", 'text,label\n"EU says, no",ORG\nyes,PER\n')
