"""The command `check`, from the command line on."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import datasets
import pytest

from bilstm_nlp.cli.app import main

CONFIG = Path(__file__).parent.parent.parent / "configs" / "ner" / "sample.toml"


@pytest.fixture
def check(monkeypatch, capsys):
    """Arguments → exit status, standard output, standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bilstm-nlp", "check", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit:
            main()
        return (exit.value.code or 0, *capsys.readouterr())

    return run


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_config(check):
    status, output, _ = check(CONFIG)
    assert status == 0
    for figure in ("Tags are read as IOB2", "sample:news.train.conll", "sentences", "778", "115", "123", "MISC"):
        assert figure in output
    assert "Wrong" not in output


def test_overrides_of_a_config(check, tmp_path):
    dev = written(tmp_path / "dev.conll", "id tag word\n1 B-LCO Rome\n")
    names = ("--set", "data.tag_column=1", "--set", "data.token_column=2")
    status, output, errors = check(CONFIG, "--set", f"data.dev={dev}", *names)
    assert status == 2
    assert "sample:news.train.conll:3: expected at least 3 columns, for column 2, found 2" in output
    assert errors == ""


def test_a_config_that_is_wrong(check):
    status, output, errors = check(CONFIG, "--set", "data.tagcolumn=1")
    assert (status, output) == (2, "")
    assert "data.tagcolumn: unknown key; did you mean data.tag_column?" in errors


@pytest.mark.parametrize("option", ["data.tagcolumn=1", "data.encoding=5", "nothing"])
def test_overrides_of_a_file_are_checked_as_well(check, tmp_path, option):
    status, output, errors = check(written(tmp_path / "x.conll", "a O\n"), "--set", option)
    assert (status, output) == (2, "")
    assert option.partition("=")[0] in errors


def test_a_file_in_default_columns_or_others(check, tmp_path):
    file = written(tmp_path / "x.conll", "# c\nO Rome x\n\nB-LOC Rome x\n")
    status, output, _ = check(
        file, "--set", "data.tag_column=0", "--set", "data.token_column=1", "--set", 'data.comment="#"'
    )
    assert status == 0
    assert f"repeated sentences with other tags: 1\n  {file}:4: Rome is B-LOC, but O in line 2: Rome" in output
    status, output, _ = check(file)
    assert status == 2
    assert f"{file}:2: expected 2 columns, as line 1 has, found 3: 'O Rome x'" in output


MALFORMED = {
    "a.conll": ("a O\nb\n", ":2: expected 2 columns, as line 1 has, found 1: 'b'"),
    "b.conll": (b"a O\n\xff O\n", ":2: expected utf-8 text, found byte 0xff in \\xff O"),
    "c.conll": ("", ": expected at least one sentence, found none"),
    "d.conll": ("a\n", ":1: expected a token in column 0 and its tag in column -1, found 1 column, so both are 'a'"),
    "e.gz": ("a O\n", ":1: expected a gzip file, found one that can't be unpacked: Not a gzipped file (b'a ')"),
    "f.jsonl": ("{\n", ":1: expected a JSON object, found Expecting property name"),
    "g.jsonl": ('{"tokens": ["a"], "tags": []}\n', ":1: expected 1 tags for 1 tokens, found 0"),
    "h.jsonl": ('{"tokens": ["a"]}\n', ":1: expected tags or ner_tags, or text with spans, found only tokens"),
    "i.jsonl": (
        '{"text": "abc", "spans": [[0, 2, "X"]]}',
        ":1: expected spans that begin and end with tokens, or data.on_misaligned = ",
    ),
    "j.conll": ("a O\nb I-X\nc B-X\nd I-X\n", ":2: I-X follows O; in IOB2 an entity begins with B-X"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files(check, tmp_path, name):
    content, message = MALFORMED[name]
    file = written(tmp_path / name, content)
    status, output, errors = check(file, "--set", "data.file_scheme=IOB2")
    assert status == 2
    assert f"\n  {file}{message}" in output
    assert "Traceback" not in output + errors


def test_what_is_no_file(check, tmp_path):
    status, output, _ = check(tmp_path)
    assert status == 2
    assert f"{tmp_path}: expected a file, found a directory" in output
    status, output, _ = check(tmp_path / "x")
    assert status == 2
    assert f"{tmp_path / 'x'}: expected a file, found nothing there" in output


def test_json_is_one_object_with_all_complaints(check, tmp_path):
    file = written(tmp_path / "x.conll", "a B-X\n\n" * 40)
    status, output, _ = check(file, "--json")
    assert status == 0
    values = json.loads(output)
    assert values["corpora"]["corpus"]["entities"] == {"X": 40}
    assert [complaint["line"] for complaint in values["complaints"]] == list(range(3, 80, 2))
    status, output, _ = check(file)
    assert "repeated sentences: 39\n" in output
    assert "  … and 34 more; --json lists all\n" in output
    assert "and 38 more" in check(file, "--show", "1")[1]


def test_names_with_markup_are_printed_as_they_are(check, tmp_path):
    file = written(tmp_path / "[red]x.conll", "a B-[bold]\n\na B-[bold]\n")
    status, output, _ = check(file)
    assert status == 0
    assert f"{file}:3: line 1 again: a" in output
    assert "[bold]" in output


def test_parquet_on_the_hub_and_on_disk(check, tmp_path):
    labels = datasets.List(datasets.ClassLabel(names=["O", "B-PER"]))
    features = datasets.Features({"tokens": datasets.List(datasets.Value("string")), "ner_tags": labels})
    rows = {"tokens": [["Ann", "left"], ["x"]], "ner_tags": [[1, 0], [-1]]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "x.parquet")
    status, output, _ = check(f"hf:{tmp_path / 'x.parquet'}")
    assert status == 2
    assert f"hf:{tmp_path / 'x.parquet'}:2: expected numbers from 0 to 1 in ner_tags, found -1" in output
    assert "PER" in output


def test_a_config_beside_its_data(check, tmp_path, monkeypatch):
    """Of a broken training file, all is said; of vectors that are not there, too."""
    shutil.copy(CONFIG, tmp_path / "own.toml")
    written(tmp_path / "train.conll", "a B-X\nb\nc I-Y\n")
    monkeypatch.chdir(tmp_path)
    sets = ("data.train=train.conll", "data.on_invalid_tags=repair", "embeddings.file=vectors.txt")
    status, output, _ = check("own.toml", *(part for pair in sets for part in ("--set", pair)))
    assert status == 2
    for line in (
        "what can't be read: 2",
        f"  {tmp_path}/vectors.txt: expected a file of word vectors, found none that can be read: No such file",
        f"  {tmp_path}/train.conll:2: expected 2 columns, as line 1 has, found 1: 'b'",
        f"  {tmp_path}/train.conll:3: I-Y becomes B-Y",
        "types of dev that train does not have: 4",
        "  sample:news.dev.conll:",
    ):
        assert line in output


def test_texts_with_classes_are_told_without_a_config(call, tmp_path):
    result = call("check", "sample:messages.train.csv", "--json")
    assert result.status == 0
    assert json.loads(result.out)["parts"]["texts"]["classes"]["billing"] == 96
    wrong = call("check", written(tmp_path / "a.csv", "label,text\npos,a good film\n,a bad film\nneg,a fine film\n"))
    assert wrong.status == 2
    assert f"{tmp_path}/a.csv:3: expected a class, found none: 'a bad film'" in wrong.out


def test_a_series_and_a_forecasters_config(call):
    result = call("check", "sample:energy.csv")
    assert result.status == 0
    assert "Frequency h, season of 24 rows" in result.out
    assert json.loads(call("check", "sample:forecasting", "--json").out)["wrong"] is False
