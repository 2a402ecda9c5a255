"""Dialects of column files: CoNLL-U, GermEval and MultiCoNER are read as they are."""

from __future__ import annotations

import pytest

from bilstm_nlp.data.remarks import Remark
from bilstm_nlp.data.text.feature_columns import FeatureColumn
from bilstm_nlp.data.text.formats.columns import read_columns
from bilstm_nlp.data.text.formats.corpus import input_format, sentences_of
from bilstm_nlp.data.text.output import TaggedSentence, writer
from bilstm_nlp.data.text.sentence import ColumnFormat, line_of
from bilstm_nlp.errors import DataError

CONLLU = """\
# newdoc id = a
# sent_id = 1
# text = Im Haus B-12
1-2\tIm\t_\t_\t_\t_\t_\t_\t_\t_
1\tIn\tin\tADP\tAPPR\t_\t3\tcase\t_\t_
2\tdem\tder\tDET\tART\t_\t3\tdet\t_\t_
3\tNew York\tHaus\tNOUN\tNN\t_\t0\troot\t_\tSpaceAfter=No|NER=B-LOC
3.1\tgeht\t_\tVERB\t_\t_\t_\t_\t_\t_

# newdoc id = b
# sent_id = 2
1\t#\t#\tSYM\t$(\t_\t0\troot\t_\t_

"""


def read(tmp_path, text: str, **settings):
    path = tmp_path / "x.conllu"
    path.write_text(text)
    remarks: list[Remark] = []
    return list(read_columns(str(path), ColumnFormat(**settings), note=remarks.append)), remarks


@pytest.mark.parametrize(
    ("settings", "tags"),
    [
        ({}, [("O", "O", "B-LOC"), ("O",)]),
        ({"tag": "NER"}, [("O", "O", "B-LOC"), ("O",)]),
        ({"tag": "upos"}, [("ADP", "DET", "NOUN"), ("SYM",)]),
        ({"tag": "XPOS"}, [("APPR", "ART", "NN"), ("$(",)]),
        ({"tag": 7}, [("case", "det", "root"), ("root",)]),
        ({"tag": "SpaceAfter"}, [("O", "O", "No"), ("O",)]),
    ],
)
def test_conllu_gives_forms_and_the_tags_that_are_asked_for(tmp_path, settings, tags):
    sentences, remarks = read(tmp_path, CONLLU, **settings)
    assert [sentence.tokens for sentence in sentences] == [("In", "dem", "New York"), ("#",)]
    assert [sentence.tags for sentence in sentences] == tags
    assert [sentence.document for sentence in sentences] == [1, 2]
    assert [line_of(sentences[0], index) for index in range(3)] == [5, 6, 7]
    skipped = [(remark.line, remark.kind) for remark in remarks if remark.line is not None]
    assert skipped == [(line, "ranges of words and empty nodes, skipped") for line in (4, 8)]


def test_conllu_without_entities_gives_upos_and_says_so(tmp_path):
    sentences, remarks = read(tmp_path, CONLLU.replace("NER=", "Gloss="))
    assert sentences[0].tags == ("ADP", "DET", "NOUN")
    assert remarks[0].message.startswith("tags are read from column UPOS; data.tag_column names another")


def test_lemmas_of_conllu_may_be_features(tmp_path):
    features = (FeatureColumn("LEMMA"), FeatureColumn(4))
    sentences, _ = read(tmp_path, CONLLU, tag="UPOS", features=features)
    assert sentences[0].columns == {"LEMMA": ("in", "der", "Haus"), "4": ("APPR", "ART", "NN")}


def test_columns_of_conllu_plus_have_the_names_of_its_first_line(tmp_path):
    text = "# global.columns = ID FORM UPOS CORP:NE\n1\tAnn\tPROPN\tB-PER\n2\tis\tAUX\tO\n"
    assert read(tmp_path, text, tag="CORP:NE")[0][0].tags == ("B-PER", "O")
    assert read(tmp_path, text)[0][0].tags == ("PROPN", "AUX")
    with pytest.raises(DataError, match="expected one column named 'NE', found none in 'ID FORM UPOS CORP:NE'"):
        read(tmp_path, text, tag="NE")


def test_a_first_row_without_the_named_columns_is_refused(tmp_path):
    with pytest.raises(DataError, match=r":2: expected 3 columns parted by tabs: ID FORM UPOS, found 2: "):
        read(tmp_path, "# global.columns = ID FORM UPOS\n1\tAnn\n")


def test_conllu_is_written_again_with_a_column_more(tmp_path):
    (tmp_path / "x.txt").write_text(CONLLU)
    source, format = str(tmp_path / "x.txt"), ColumnFormat(tag="UPOS").without_tags()
    assert input_format(source, format) == "conll"
    tagged = [TaggedSentence(s, "", ("X",) * len(s.tokens), ()) for s in sentences_of(source, "auto", format)]
    written = "".join(writer("conll")(number, sentence) for number, sentence in enumerate(tagged, 1))
    rows = [
        line + "\tX" if line[:1].isdigit() and line.split("\t")[0].isdigit() else line for line in CONLLU.split("\n")
    ]
    assert written == "\n".join(rows)


GERMEVAL = """\
#\tn-tv.de vom 26.02.2005 [2005-02-26]
1\tIn\tO\tO
2\tDeutschland\tB-LOC\tO
3\tMainzer\tB-ORG\tB-LOCderiv

#\thttp://example.org [2009-10-17]
1\t#\tO\tO
"""


def test_germeval_gives_outer_tags(tmp_path):
    sentences, _ = read(tmp_path, GERMEVAL)
    assert [(s.tokens, s.tags) for s in sentences] == [
        (("In", "Deutschland", "Mainzer"), ("O", "B-LOC", "B-ORG")),
        (("#",), ("O",)),
    ]
    assert read(tmp_path, GERMEVAL, tag=3)[0][0].tags == ("O", "O", "B-LOCderiv")


MULTICONER = """\
# id f423a88e-02b7-4d61-a546-4a1bd89cfa15\tdomain=train
# _ _ O
it _ _ O
Robert _ _ B-OtherPER
Ford _ _ I-OtherPER

# id 5239d808\tdomain=train
so _ _ O
"""


def test_multiconer_gives_last_columns_and_keeps_hashes(tmp_path):
    sentences, remarks = read(tmp_path, MULTICONER)
    assert [(s.tokens, s.tags) for s in sentences] == [
        (("#", "it", "Robert", "Ford"), ("O", "O", "B-OtherPER", "I-OtherPER")),
        (("so",), ("O",)),
    ]
    assert remarks == []


def test_a_column_of_entities_is_preferred_to_parts_of_speech(tmp_path):
    text = "# global.columns = ID FORM UPOS NER\n1\tAnn\tPROPN\tB-PER\n2\tis\tAUX\tO\n"
    (sentence,) = read(tmp_path, text)[0]
    assert sentence.tags == ("B-PER", "O")
