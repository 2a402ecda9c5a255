"""The wheel and the sdist: what is in them, and the wheel alone at work, outside the repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import bilstm_nlp
from tests.samples import BETWEEN, in_turn, sets

ROOT = Path(__file__).parent.parent
pytestmark = [pytest.mark.slow, pytest.mark.torch]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory) -> dict[str, Path]:
    """The wheel and the sdist, built with the hatchling of this environment."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def installed(distributions, tmp_path_factory) -> Path:
    """The Python of a virtual environment with the wheel alone; its dependencies are those of this environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    ask = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip())
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", packages]
    subprocess.run([*pip, distributions[".whl"]], check=True)
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    # The wheel alone has no extras. Numba would compile the kernels anew for it.
    (packages / "numba.py").write_text('raise ImportError("the extra fast is not installed")\n')
    return python


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a module of the installed package, with no path to the repository."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run([python, *arguments], cwd=cwd, env=clean, capture_output=True, text=True, check=False)


def names_in_wheel(distributions: dict[str, Path]) -> set[str]:
    return set(zipfile.ZipFile(distributions[".whl"]).namelist())


def test_wheel_has_all_modules_and_data_of_the_package(distributions):
    names = names_in_wheel(distributions)
    files = [path for path in (ROOT / "bilstm_nlp").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= names
    assert "bilstm_nlp/py.typed" in names
    assert not any(name.startswith(("tests", "scripts", "docs")) for name in names)


def test_wheel_has_every_shipped_config(distributions):
    shipped = {path.relative_to(ROOT / "configs").as_posix() for path in (ROOT / "configs").rglob("*.toml")}
    assert shipped
    assert {
        name for name in shipped if not any(other.endswith(f"/{name}") for other in names_in_wheel(distributions))
    } == set()


def test_sdist_has_all_that_git_tracks(distributions):
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with tarfile.open(distributions[".gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    left_out = {name for name in listed.splitlines() if name not in names and (ROOT / name).exists()}
    # Models are distributions of their own.
    assert {name for name in left_out if not name.startswith("models/")} <= {".ci/run"}


def test_metadata_names_version_license_urls_and_pythons(distributions):
    wheel = zipfile.ZipFile(distributions[".whl"])
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    head = wheel.read(name).decode().partition("\n\n")[0]
    for line in (
        f"Version: {bilstm_nlp.__version__}",
        "License-Expression: MIT",
        "Requires-Python: >=3.11",
        "Classifier: Programming Language :: Python :: 3.13",
        "Classifier: Typing :: Typed",
        "Project-URL: Documentation, https://",
    ):
        assert line in head, line


def test_distributions_pass_the_strict_check_of_twine(distributions):
    check = [sys.executable, "-m", "twine", "check", "--strict", *distributions.values()]
    checked = subprocess.run(check, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_links_of_the_readme_lead_somewhere_outside_the_repository():
    """An index shows the README without the files beside it."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)|(?:src|href)=\"([^\"]+)\"", readme, re.MULTILINE)
    assert len(targets) > 5
    assert [target for match in targets if not (target := "".join(match)).startswith(("https://", "#"))] == []


def test_wheel_alone_trains_the_sample_and_predicts(installed, tmp_path):
    quick = ["training.epochs=1", "encoder.hidden=8", "embeddings.characters={kind='none'}", "data.fraction=0.1"]
    (tmp_path / "my.txt").write_text("Angela Merkel flew to Paris.\n", encoding="utf-8")
    train = ["train", "sample:ner", *sets(quick), "--out", "runs/mine"]
    predict = ["predict", "runs/mine", "my.txt", "--format", "jsonl"]
    ended = run(installed, *in_turn(train, predict)[1:], cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert '"text": "Angela Merkel flew to Paris."' in ended.stdout.split(BETWEEN)[1]
    where = run(installed, "-c", "import bilstm_nlp; print(bilstm_nlp.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent.parent)


def test_snippets_of_the_readme_pass_mypy_against_the_wheel(installed, tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert snippets
    program = "\n".join(["import pandas as pd", "frame = pd.DataFrame()", *snippets])
    (tmp_path / "snippet.py").write_text(program, encoding="utf-8")
    # No snippet has a tensor, and to read torch's sources takes longer than all the rest.
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-torch.*]\nfollow_imports = skip\n")
    mypy = ["--python-executable", str(installed), "--cache-dir", str(tmp_path / "cache"), "snippet.py"]
    checked = run(Path(sys.executable), "-m", "mypy", *mypy, cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
