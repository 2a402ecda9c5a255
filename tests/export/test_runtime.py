"""The distribution without torch, in a virtual environment that has its dependencies and nothing more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest

from tests.samples import SERIES
from tests.tasks.classification.series import series_config_of
from tests.tasks.labelling.machines import machine_config

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
requirements = pytest.importorskip("packaging.requirements")

ROOT = Path(__file__).parent.parent.parent
RUNTIME = ROOT / "packaging" / "runtime"
ENGLISH = ROOT / "models" / "english"
PROJECT = tomllib.loads((RUNTIME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LARGEST, MOST_MEMORY = 250, 200
"""MB of the installed distribution with its dependencies, and MiB of a process that tags."""
TEXT = "EU rejects German call to boycott British lamb."

pytestmark = [pytest.mark.slow, pytest.mark.torch]


def needed(lines: Iterable[str]) -> dict[str, metadata.Distribution]:
    """Return the distributions of this environment that requirements need, by name."""
    found: dict[str, metadata.Distribution] = {}
    waiting = [*lines]
    while waiting:
        requirement = requirements.Requirement(waiting.pop())
        applies = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        name = requirement.name.lower().replace("_", "-")
        if applies and name not in found:
            found[name] = metadata.distribution(name)
            waiting += found[name].requires or []
    return found


def environment(folder: Path, wheel: Path, lines: Iterable[str]) -> tuple[Path, float]:
    """Make an environment with a wheel and links to what it needs. Return its Python, and its size in MB."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", packages]
    subprocess.run([*pip, wheel], check=True)
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    for distribution in needed(lines).values():
        files = [file for file in distribution.files or () if ".." not in file.parts]
        size += sum(file.locate().stat().st_size for file in files if file.locate().exists())
        for top in {file.parts[0] for file in files}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(distribution.locate_file(top))))
    return python, size / 1e6


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(build, cwd=RUNTIME, check=True, capture_output=True)
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def small(wheel, tmp_path_factory) -> tuple[Path, float]:
    return environment(tmp_path_factory.mktemp("small"), wheel, PROJECT["dependencies"])


@pytest.fixture(scope="module")
def with_series(wheel, tmp_path_factory) -> Path:
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["series"]]
    return environment(tmp_path_factory.mktemp("series"), wheel, lines)[0]


def run(python: Path, *arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a module or a script in an environment, with no path to the repository."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), *map(str, arguments)]
    return subprocess.run(command, env=clean, cwd="/", input=stdin, capture_output=True, text=True, check=False)


def called(python: Path, *arguments: object, stdin: str = "") -> str:
    """Call the command line in an environment, and return its output."""
    done = run(python, "-m", "bilstm_nlp", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_distribution_has_no_torch_and_is_small(small):
    python, size = small
    assert run(python, "-c", "import torch").returncode == 1
    assert run(python, "-c", "import seqeval").returncode == 1
    assert 50 < size <= LARGEST


def test_tagger_predicts_scores_and_verifies_without_torch(small, exported_tagger, tagger_run, call, tmp_path):
    python, _ = small
    (tmp_path / "news.txt").write_text(f"{TEXT}\n\nBONN\n" * 50, encoding="utf-8")
    texts = tmp_path / "news.txt"
    for options in (["--format", "conll"], ["--split"], ["--jobs", "2"], ["--format", "html"]):
        expected = call("predict", tagger_run, texts, *options).out
        assert called(python, "predict", exported_tagger, texts, *options) == expected
    assert (
        called(python, "predict", exported_tagger, stdin=TEXT) == call("predict", tagger_run, stdin=TEXT.encode()).out
    )
    assert json.loads(called(python, "verify", exported_tagger, "--json"))["same"]
    assert "replay.json" in json.loads(called(python, "info", exported_tagger, "--json"))["files"]
    scores = json.loads(called(python, "evaluate", exported_tagger, "--json", "--errors", tmp_path / "errors.html"))
    assert scores["f1"] == json.loads(call("evaluate", tagger_run, "--json").out)["f1"]
    assert (tmp_path / "errors.html").stat().st_size > 1000


@pytest.mark.skipif(not (ENGLISH / "bilstm_nlp_english" / "run").is_dir(), reason="models/english is not in the sdist")
def test_english_tagger_is_there_by_its_name_without_torch(small):
    code = (
        f"import sys; sys.path.insert(0, {str(ENGLISH)!r}); import bilstm_nlp; "
        "print([(e.text, e.type) for e in bilstm_nlp.load('english').tag('Maria Sanchez left Seattle.')])"
    )
    assert run(small[0], "-c", code).stdout == "[('Maria Sanchez', 'PER'), ('Seattle', 'LOC')]\n"
    assert json.loads(called(small[0], "verify", ENGLISH / "bilstm_nlp_english" / "run", "--json"))["same"]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_tagger_takes_little_memory(small, exported_tagger):
    code = (
        f"import bilstm_nlp; tagger = bilstm_nlp.load({str(exported_tagger)!r}); tagger.tag({TEXT!r});"
        "print(open('/proc/self/status').read())"  # what getrusage tells counts the parent too
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", run(small[0], "-c", code).stdout)
    assert peak is not None
    assert int(peak[1]) / 2**10 <= MOST_MEMORY


def test_classifier_of_texts_predicts_without_torch_and_pandas(small, exported_classifier, classifier_run, call):
    python, _ = small
    assert run(python, "-c", "import pandas").returncode == 1
    line = "Where is my parcel?\n"
    assert (
        called(python, "predict", exported_classifier, stdin=line)
        == call("predict", classifier_run, stdin=line.encode()).out
    )
    assert json.loads(called(python, "verify", exported_classifier, "--json"))["same"]
    assert 0 <= json.loads(called(python, "evaluate", exported_classifier, "--json"))["accuracy"] <= 1


def test_forecaster_forecasts_without_torch(with_series, exported_forecaster, forecaster_run, call):
    forecasts = called(with_series, "predict", exported_forecaster, SERIES).splitlines()
    expected = call("predict", forecaster_run, SERIES).out.splitlines()
    assert len(forecasts) == len(expected) > 2
    assert forecasts[0] == expected[0]
    assert json.loads(called(with_series, "verify", exported_forecaster, "--json"))["same"]


def parts_of(output: str) -> tuple[list[str], list[float]]:
    """Part an output into its text and its decimals, whose last digit depends on the processor."""
    decimals = r"\b\d+\.\d+\b"
    return re.split(decimals, output), [float(number) for number in re.findall(decimals, output)]


@pytest.mark.parametrize("kind", ["labeller", "classifier"])
def test_labels_of_series_are_predicted_without_torch(kind, with_series, call, tmp_path):
    from bilstm_nlp.config import parse
    from bilstm_nlp.export.export import export
    from bilstm_nlp.export.settings import ExportSettings
    from bilstm_nlp.runs.train import train_epochs

    config = machine_config(tmp_path) if kind == "labeller" else parse(series_config_of(tmp_path), "a test")
    run, exported = tmp_path / "run", tmp_path / "exported"
    list(train_epochs(config, run))
    export(run, exported, ExportSettings())
    for options in ([], ["--confidence", "--format", "jsonl"], ["--jobs", "2"]):
        words, numbers = parts_of(call("predict", run, config.data.dev, *options).out)
        own_words, own_numbers = parts_of(called(with_series, "predict", exported, config.data.dev, *options))
        assert words
        assert own_words == words, options
        assert own_numbers == pytest.approx(numbers, abs=2e-6), options
    scores, expected = (
        {name: value for name, value in json.loads(out).items() if isinstance(value, float)}
        for out in (
            called(with_series, "evaluate", exported, "--data", config.data.dev, "--json"),
            call("evaluate", run, "--data", config.data.dev, "--json").out,
        )
    )
    assert "accuracy" in expected
    assert scores == pytest.approx(expected)
    assert json.loads(called(with_series, "verify", exported, "--json"))["same"]


@pytest.mark.parametrize("command", ["train sample:ner --out OUT", "predict RUN"])
def test_commands_that_need_torch_say_so(command, small, tagger_run, tmp_path):
    arguments = command.replace("OUT", str(tmp_path / "out")).replace("RUN", str(tagger_run)).split()
    done = run(small[0], "-m", "bilstm_nlp", *arguments, stdin=TEXT)
    assert done.returncode == 1
    assert "torch: expected this package for the command, found none" in done.stderr
    assert "Traceback" not in done.stderr


def test_dependencies_have_the_bounds_of_the_toolkit():
    toolkit = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in toolkit["optional-dependencies"].values() for line in lines]
    bounds = {*toolkit["dependencies"], *extras}
    others = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    assert {*PROJECT["dependencies"], *others} - bounds == {"pyarrow>=16.1"}
