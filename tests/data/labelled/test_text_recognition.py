from __future__ import annotations

import json

import pytest

from bilstm_nlp.data.labelled.text_recognition import are_labelled_texts
from bilstm_nlp.data.sources import SAMPLES

LABELLED = {
    "fasttext.txt": "__label__pos good film\nbad film __label__neg\n",
    "header.csv": "label,text\npos,a good film\nneg,a bad film\n",
    "names.tsv": "review_text\tairline_sentiment\na good flight\tpos\n",
    "content.csv": "desk,message\na,where is it\nb,who is it\na,what is it\nb,how is it\n",
    "quoted.csv": 'text;class\n"a good; film";1\n',
    "records.jsonl": json.dumps({"text": "a film", "label": []}) + "\n" + json.dumps({"text": "b", "label": ["x"]}),
    "array.json": json.dumps([{"text": "a film", "label": 1}], indent=1),
}
OTHERS = {
    "series.csv": "date,value,score\n2024-01-01,1,2\n2024-01-02,3,4\n",
    "numbers.csv": "input,target\n1.5,2\n1.7,3\n",
    "sentences.csv": "Sentence #,Word,Tag\nSentence: 1,EU,B-ORG\n,rejects,O\n",
    "columns.conll": "EU B-ORG\nrejects O\n\nIt O\n",
    "spans.jsonl": json.dumps({"text": "EU rejects", "label": [[0, 2, "ORG"]]}) + "\n",
    "tokens.jsonl": json.dumps({"text": "EU rejects", "tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}) + "\n",
    "plain.txt": "a good film\na bad film\n",
    "empty.csv": "",
}


@pytest.mark.parametrize("name", [*LABELLED, *OTHERS])
def test_file_is_told_by_its_content(tmp_path, name):
    path = tmp_path / name
    path.write_text((LABELLED | OTHERS)[name], encoding="utf-8")
    assert are_labelled_texts(str(path), "utf-8") == (name in LABELLED)


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.[ct]*")), ids=lambda path: path.name)
def test_samples_are_told(path):
    assert are_labelled_texts(str(path), "utf-8") == path.name.startswith("messages")


def test_folder_of_folders_of_texts_is_told(tmp_path):
    for name in ("pos", "neg"):
        (tmp_path / name).mkdir()
        assert not are_labelled_texts(str(tmp_path), "utf-8")
        (tmp_path / name / "1.txt").write_text("text")
    assert are_labelled_texts(str(tmp_path), "utf-8")
