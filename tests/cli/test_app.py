"""The command line as a whole: help, version, messages, terminals that can't show every character."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

import pytest

from bilstm_nlp.cli.app import COMMANDS
from bilstm_nlp.runs.directory import RunDirectory
from tests.samples import BETWEEN, TAGGER, command, in_turn

NAMES = [function.__name__ for function, _ in COMMANDS]


@pytest.fixture
def narrow(monkeypatch):
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def test_the_help_fits_80_columns_and_cuts_nothing(call, narrow):
    shown = call("--help")
    assert shown.status == 0
    assert call("-h").out == shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "..." not in shown.out.replace("[ARGS]...", "")
    assert "…" not in shown.out
    for words in (
        "taggers of words",
        "classifiers of texts",
        "forecasters of",
        "--version",
        "--quiet",
        "--install-completion",
    ):
        assert words in shown.out
    for function, _ in COMMANDS:
        first = (function.__doc__ or "").partition(".")[0]
        assert " ".join(first.split()) in " ".join(shown.out.split())


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_command_has_an_example_that_parses(call, narrow, name):
    shown = call(name, "-h")
    assert shown.status == 0
    assert max(map(len, shown.out.splitlines())) <= 80
    assert "…" not in shown.out
    example = " ".join(shown.out.partition("Example: ")[2].split())
    assert example == dict(zip(NAMES, (example for _, example in COMMANDS), strict=True))[name]
    program, first, *arguments = shlex.split(example)
    assert (program, first) == ("bilstm-nlp", name)
    for argument in arguments:
        assert not argument.startswith("--") or re.search(rf"^ .*{argument}\b", shown.out, re.MULTILINE)


def test_the_version_is_printed(call):
    assert call("--version").out.startswith("bilstm-nlp ")


def test_no_arguments_show_the_help_with_status_2(call):
    shown = call()
    assert shown.status == 2
    assert "Usage: bilstm-nlp" in shown.out + shown.err


@pytest.mark.parametrize(
    ("reason", "said"), [((), ""), (("Unable to\nallocate 8 TiB",), " (Unable to allocate 8 TiB)")]
)
def test_out_of_memory_is_one_line_with_status_1(call, tmp_path, monkeypatch, reason, said):
    def too_large(*_):
        raise MemoryError(*reason)

    monkeypatch.setattr(RunDirectory, "open", too_large)
    ended = call("info", tmp_path)
    assert (ended.status, ended.out, ended.err) == (1, "", f"bilstm-nlp: out of memory{said}\n")


def test_quiet_drops_notes_and_verbose_adds_a_traceback(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "wrote ner.toml" in call("init", "ner").err
    assert call("init", "ner", "a.toml", "-q").err == ""
    assert call("-q", "init", "ner", "b.toml").err == ""
    failed = call("info", "nowhere")
    assert failed.status == 2
    assert "Traceback" not in failed.err
    verbose = subprocess.run(command("info", "nowhere", "-v"), capture_output=True, text=True, check=False)
    assert verbose.returncode == 2
    assert verbose.stderr.startswith(failed.err)
    assert "Traceback" in verbose.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_characters_that_a_terminal_cannot_show_are_replaced(tagger_run, tmp_path, encoding, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    monkeypatch.setenv("PYTHONUTF8", "0")
    corpus = tmp_path / "x.conll"
    corpus.write_text("Ann B-PERSÖN字\n\nAnn B-PERSÖN字\n", encoding="utf-8")
    commands = [["info", tagger_run], ["check", corpus], ["check", corpus, "--json"]]
    shown = subprocess.run(in_turn(*commands), capture_output=True, check=True)
    assert b"Traceback" not in shown.stderr
    _, checked, as_json = shown.stdout.split(BETWEEN.encode())[:-1]
    assert ("PERSÖN?" if encoding == "latin-1" else "PERS?N?") in checked.decode(encoding)
    assert json.loads(as_json.decode("ascii"))["corpora"]["corpus"]["entities"] == {"PERSÖN字": 2}


@pytest.mark.slow
def test_paths_with_blanks_are_quoted_where_they_are_typed_again(call, tmp_path):
    run, config = tmp_path / "my run", tmp_path / "my config.toml"
    wrote = call("init", "ner", config)
    assert f"bilstm-nlp check '{config}'" in wrote.err
    tiny = ["training.epochs=1", "encoder.hidden=2", "embeddings.characters={kind='none'}", "data.fraction=0.05"]
    trained = call("train", TAGGER, *(part for key in tiny for part in ("--set", key)), "--out", run)
    assert trained.status == 0, trained.err
    assert f"bilstm-nlp predict '{run}' FILE, bilstm-nlp evaluate '{run}' --data FILE" in trained.err
    assert call("predict", run, "-", "--output", tmp_path / "my output", stdin=b"Ann left .\n").status == 0
    assert (tmp_path / "my output").read_text().count("\n") == 1
