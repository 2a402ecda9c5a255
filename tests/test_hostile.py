"""Hostile and broken files: one line, exit status 2, no code executed, bounded memory."""

from __future__ import annotations

import ast
import gzip
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.data.lines import LONGEST_LINE, MOST_UNPACKED
from bilstm_nlp.data.text.sentence import LONGEST_SENTENCE
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.tensors import read_tensors, write_tensors
from bilstm_nlp.studies.engines.jobs import jobs_of
from tests.samples import FORECASTER, SERIES, TAGGER
from tests.studies.grids import read, write_base, write_grid

PACKAGE = Path(bilstm_nlp.__file__).parent

UNPICKLING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
"""Modules that execute code from a file."""


def one_line(result) -> str:
    """Return the message of a command that refused: one line, with status 2."""
    assert result.status == 2, result.err
    assert result.out == ""
    lines = [line for line in result.err.splitlines() if line.startswith("bilstm-nlp: ")]
    assert len(lines) == 1
    assert result.err.splitlines()[-1] == lines[0]
    assert lines[0].isprintable()
    return lines[0]


# --- nothing is executed ---


def test_no_module_unpickles_or_evaluates_a_file():
    paths = sorted(PACKAGE.rglob("*.py"))
    assert len(paths) > 400
    assert {path.relative_to(PACKAGE): used for path in paths if (used := unsafe(path))} == {}


def unsafe(path: Path) -> list[str]:
    """List what a module imports or calls that could carry out what a file says."""
    used = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            used += UNPICKLING & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            used += UNPICKLING & {(node.module or "").partition(".")[0]}
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            allows = "allow_pickle" in {keyword.arg for keyword in node.keywords} and called != "np.save"
            if allows or called in {"eval", "exec", "torch.load", "pd.read_pickle", "__import__", "yaml.load"}:
                used.append(called)
    return used


@pytest.mark.parametrize("line", ["import pickle", "from pickle import load", "x = torch.load(y)", "eval(x)"])
def test_unsafe_module_is_told(line, tmp_path):
    (tmp_path / "module.py").write_text(line)
    assert len(unsafe(tmp_path / "module.py")) == 1


class Planted:
    """An object that leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (open, (str(self.mark), "w"))


@pytest.fixture
def runs(tagger_run, forecaster_run, tmp_path) -> list[Path]:
    """Copy a run of each task, for tests that damage it."""
    return [shutil.copytree(run, tmp_path / run.name) for run in (tagger_run, forecaster_run)]


def planted(folder: Path, mark: Path) -> list[bytes]:
    """Return a plain pickle, and one in an archive as torch.save writes it."""
    plain = pickle.dumps(Planted(mark))
    with zipfile.ZipFile(folder / "archive", "w") as archive:
        archive.writestr("archive/data.pkl", plain)
        archive.writestr("archive/version", "3\n")
    return [plain, (folder / "archive").read_bytes()]


ALL_COMMANDS = ("verify", "info", "predict", "evaluate")
"""Commands that read a run. The first pickle meets all of them in every file, the second one of them in turn.

`verify` meets both. A tagger is evaluated on a sentence, a forecaster on the data of its config.
"""


@pytest.mark.slow
@pytest.mark.parametrize("known", [False, True], ids=["foreign", "with its checksum"])
def test_pickle_as_any_file_of_a_run_is_never_unpickled(runs, tmp_path, call, known):
    mark, number = tmp_path / "unpickled", 0
    (tmp_path / "short.conll").write_text("Ann B-PER\n")
    for path, asked in zip(runs, ("text", "table"), strict=True):
        more = {
            "predict": [str(SERIES) if asked == "table" else "-"],
            "evaluate": ["--data", tmp_path / "short.conll"] if asked == "text" else [],
        }
        for name in sorted(file.name for file in path.iterdir() if file.is_file()):
            whole, sums = (path / name).read_bytes(), (path / "checksums.json").read_bytes()
            number += 1
            in_turn = ALL_COMMANDS[number % len(ALL_COMMANDS)]
            for content, commands in zip(planted(tmp_path, mark), (ALL_COMMANDS, (in_turn,)), strict=True):
                if known and name != "checksums.json":
                    run = RunDirectory(path)
                    run.write(name, lambda partial, content=content: partial.write_bytes(content))
                else:
                    (path / name).write_bytes(content)
                statuses = {}
                for command in {"verify": None, **dict.fromkeys(commands)}:
                    result = call(command, path, *more.get(command, []), stdin=b"x\n")
                    statuses[command] = result.status
                    assert result.status in (0, 2)
                    assert "Traceback" not in result.err
                    if result.status == 2:
                        assert path.name in one_line(result)
                assert statuses["verify"] == 2 or (
                    known and name in ("report.md", "losses.safetensors", "history.jsonl", "metrics.json")
                )
                (path / name).write_bytes(whole)
                (path / "checksums.json").write_bytes(sums)
    assert not mark.exists()
    pickle.loads(planted(tmp_path, mark)[0]).close()
    assert mark.exists(), "the pickle works: it was not unpickled, that is all"


# --- run directories ---


def headers(whole: bytes) -> dict[str, bytes]:
    """Return files of tensors whose headers promise more than the files hold."""
    length = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + length])
    first = next(name for name in header if name != "__metadata__")
    vast = header | {first: header[first] | {"shape": [1 << 40], "data_offsets": [0, 1 << 42]}}
    text = json.dumps(vast).encode()
    return {
        "a header of 2^63 bytes": struct.pack("<Q", 1 << 63) + whole[8:],
        "a header of 1 GB": struct.pack("<Q", 1 << 30) + whole[8:],
        "a tensor of 2^40 numbers": struct.pack("<Q", len(text)) + text + whole[8 + length :],
        "brackets": struct.pack("<Q", 100_000) + b"[" * 100_000,
        "nothing": b"",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.safetensors", "codec.safetensors"])
def test_enormous_headers_are_refused(runs, name, call):
    for path, source in zip(runs, ("-", str(SERIES)), strict=True):
        whole = (path / name).read_bytes()
        for content in headers(whole).values():
            RunDirectory(path).write(name, lambda partial, content=content: partial.write_bytes(content))
            assert f"{path / name}: expected" in one_line(call("predict", path, source, stdin=b"x\n"))


def test_weights_and_vocabularies_of_other_sizes_are_refused(runs, call):
    for path, source in zip(runs, ("-", str(SERIES)), strict=True):
        run = RunDirectory(path)
        weights, _ = read_tensors(run, "model.safetensors")
        name = next(iter(weights))
        write_tensors(run, "model.safetensors", weights | {name: weights[name][:0]})
        assert "model.safetensors: weights of another model" in one_line(call("predict", path, source, stdin=b"x\n"))
        write_tensors(run, "model.safetensors", weights)
        config = run.read_json("config.json")
        run.write_json("config.json", config | {"encoder": config["encoder"] | {"hidden": 1_000_000_000}})
        message = one_line(call("predict", path, source, stdin=b"x\n"))
        assert "config.json: expected a model that can be made of codec.json, found" in message
        assert "allocate" in message


def test_link_to_other_content_is_refused_unread(runs, tmp_path, call):
    (tmp_path / "elsewhere").write_bytes(b"secret")
    for path in runs:
        (path / "config.json").unlink()
        (path / "config.json").symlink_to(tmp_path / "elsewhere")
        message = one_line(call("info", path))
        assert "config.json: expected what was written there" in message
        assert "secret" not in message


@pytest.mark.slow
def test_names_of_variants_lead_nowhere_out_of_the_comparison(tmp_path, call):
    """The folder of every name is looked at, and two of them are trained in."""
    write_base(tmp_path)
    out = tmp_path / "in" / "out"
    names = ["../outside", "a/b", "/etc/x", "..", "."]
    variants = {name: {"encoder": {"hidden": number}} for number, name in enumerate(names, 5)}
    planned = jobs_of(read(tmp_path, seeds=[1], baseline="..", variants=variants), out)
    assert [job.run.variant for job in planned] == names
    assert {path.resolve().parent for job in planned for path in (job.folder, job.log)} == {out / "runs", out / "logs"}
    names = ["../outside", ".."]
    variants = {name: variants[name] for name in names}
    grid = write_grid(tmp_path, set={"training": {"epochs": 1}}, seeds=[1], baseline="..", variants=variants)
    before = {path.name for path in tmp_path.iterdir()}
    compared = call("compare", grid, "--out", out)
    assert compared.status == 0, compared.err
    assert {path.name for path in tmp_path.iterdir()} == before | {"in"}
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["out"]
    assert len(list((out / "runs").glob("*/metrics.json"))) == len(names)


# --- corpora, series, vectors ---


@pytest.fixture(scope="module")
def bombs(tmp_path_factory) -> dict[str, Path]:
    """Make some hundred kilobytes that unpack to hundreds of megabytes: in one line, and in many.

    A gzip file may have many members. One block is compressed, and repeated.
    """
    folder = tmp_path_factory.mktemp("bombs")
    made = {}
    for name, block in (("line", bytes(1 << 20)), ("lines", (b"a" + b" 1" * 30 + b"\n") * (1 << 14))):
        made[name] = folder / f"{name}.conll.gz"
        made[name].write_bytes(gzip.compress(block) * 300)
        assert made[name].stat().st_size < 2_000_000
    return made


@pytest.mark.slow
def test_gzip_bomb_is_refused_before_it_fills_the_memory(bombs, tmp_path):
    """The process may use little more memory than its libraries need."""
    commands = [
        command
        for kind, bomb in bombs.items()
        for command in (
            ["train", TAGGER, "--set", f"data.train={bomb}", "--out", tmp_path / "run"],
            ["train", TAGGER, "--set", f"embeddings.file={bomb}", "--out", tmp_path / "run"],
            ["check", shutil.copy(bomb, tmp_path / f"{kind}.csv.gz")],
        )
    ]
    for done in bounded(commands, tmp_path, megabytes=700):
        assert done.returncode == 2, done.stderr
        output = " ".join((done.stdout + done.stderr).split())
        # A line or a sentence may be too long before the file is.
        limits = (f"unpacks to at most {MOST_UNPACKED} times its size", "at most 64 MiB", "at most 100,000 tokens")
        assert any(limit in output for limit in limits), output
        assert "Traceback" not in done.stderr


BOUNDED = """
import json, os, resource, sys, torch, pandas, datasets
from bilstm_nlp.cli import app
from bilstm_nlp.runs import train
from bilstm_nlp.tasks.forecasting import task
from bilstm_nlp.tasks.tagging import task
from pyarrow import csv
commands, folder, megabytes = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
for number, command in enumerate(commands):
    child = os.fork()
    if child == 0:
        for descriptor, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{folder}/{number}.{name}", os.O_WRONLY | os.O_CREAT), descriptor)
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20),) * 2)
        sys.argv = ["bilstm-nlp", *command]
        app.main()
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs commands in forks of a process that has imported all, with so many megabytes beyond its memory each."""


def bounded(commands: list[list[object]], folder: Path, megabytes: int) -> list[subprocess.CompletedProcess[str]]:
    """Run the command line in processes with so many megabytes beyond the memory of its libraries."""
    program = [sys.executable, "-c", BOUNDED, json.dumps(commands, default=str), folder, str(megabytes)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ran = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True, timeout=300, env=environment)
    return [
        subprocess.CompletedProcess(
            command, int(status), *((folder / f"{number}.{name}").read_text() for name in ("out", "err"))
        )
        for number, (command, status) in enumerate(zip(commands, ran.stdout.split(), strict=True))
    ]


def test_endless_line_is_refused(tmp_path, tagger_run, call):
    path = tmp_path / "long.txt"
    with path.open("wb") as stream:
        stream.write(b"first line\n")
        stream.truncate(LONGEST_LINE + 100)
    result = call("predict", tagger_run, path)
    assert result.status == 2
    assert f"{path}:2: expected a line of at most 64 MiB, found more" in result.err
    assert result.out.count("\n") == 1


@pytest.mark.slow
def test_endless_sentence_is_refused_in_every_format(tmp_path, tagger_run, call):
    count = 2 * LONGEST_SENTENCE
    for name, content in (
        ("x.conll", "a O\n" * count),
        ("x.txt", "a " * count),
        ("x.jsonl", json.dumps({"tokens": ["a"] * count, "tags": ["O"] * count})),
    ):
        (tmp_path / name).write_text(content)
        message = one_line(call("predict", tagger_run, tmp_path / name))
        assert "expected a sentence of at most 100,000 tokens, found more" in message
        if name != "x.txt":
            message = one_line(
                call("train", TAGGER, "--set", f"data.train={tmp_path / name}", "--out", tmp_path / "run")
            )
            assert "expected a sentence of at most 100,000 tokens, found more" in message


@pytest.mark.slow
def test_token_of_ten_million_characters_is_tagged(tmp_path, tagger_run):
    token = "é" * 10_000_000
    (tmp_path / "x.conll").write_text(f"EU B-ORG\n{token} O\n\nBonn B-LOC\n", encoding="utf-8")
    arguments = ["predict", tagger_run, tmp_path / "x.conll", "--format", "conll", "--output", tmp_path / "out"]
    (done,) = bounded([arguments], tmp_path, megabytes=1500)
    assert done.returncode == 0, done.stderr[-1000:]
    written = (tmp_path / "out").read_text(encoding="utf-8")
    assert written.count(token) == 1
    assert written.splitlines()[3].startswith("Bonn B-LOC ")


def test_control_characters_are_shown_as_escapes(tmp_path, call):
    evil = "a\x1b[31m\u202eb\x07c"
    (tmp_path / "x.conll").write_text(f"{evil} B-{evil}\n\nx O\n" * 3, encoding="utf-8")
    result = call("check", tmp_path / "x.conll")
    assert "\x1b" not in result.out + result.err
    assert "\u202e" not in result.out + result.err
    assert "\\x1b[31m\\u202eb\\x07c" in result.out


def test_columns_of_series_may_have_any_name(tmp_path, call):
    evil = "=1+1\x1b[31m<script>"
    text = SERIES.read_text().replace("demand", evil)
    (tmp_path / "x.csv").write_text(text)
    sets = ["--set", "training.epochs=1", "--set", "encoder.hidden=4", "--set", f"data.file={tmp_path / 'x.csv'}"]
    result = call("train", FORECASTER, *sets, "--out", tmp_path / "run")
    assert result.status == 0
    assert "\x1b" not in result.out + result.err
    assert "=1+1\\x1b[31m<script>" in result.out
