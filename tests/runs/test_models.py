"""Models by their names: a run that comes as a package, in this repository or installed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import bilstm_nlp
from bilstm_nlp.errors import RunError
from bilstm_nlp.runs import models
from bilstm_nlp.runs.directory import RunDirectory
from bilstm_nlp.runs.models import has_graph, located

SAVED = Path(__file__).parent / "0.1.0" / "tagger"


@pytest.fixture
def packaged(tmp_path, monkeypatch) -> Path:
    """The run of a model called `tiny`, in a package that is installed and can't be imported."""
    package = tmp_path / "site" / "bilstm_nlp_tiny"
    shutil.copytree(SAVED, package / "run")
    (package / "__init__.py").write_text("raise RuntimeError('nothing of a model is executed')\n")
    monkeypatch.syspath_prepend(str(package.parent))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return package / "run"


def test_name_of_an_installed_model_opens_its_run(packaged, call):
    assert located(Path("tiny")) == packaged
    tagger, again = bilstm_nlp.load_tagger("tiny"), bilstm_nlp.load_tagger(packaged)
    text = "Angela Merkel flew to Paris ."
    assert tagger.tag(text) == again.tag(text)
    assert call("verify", "tiny").status == 0


def test_model_reads_standard_input(packaged, call):
    text = b"Angela Merkel flew to Paris .\n"
    by_path = call("predict", packaged, "-", stdin=text).out
    assert by_path
    for arguments in (("tiny", "-"), ("tiny",)):
        assert call("predict", *arguments, stdin=text).out == by_path, arguments


def test_model_of_a_clone_needs_no_installation(tmp_path, monkeypatch):
    shutil.copytree(SAVED, tmp_path / "small" / "bilstm_nlp_small" / "run")
    monkeypatch.setattr(models, "CLONE", tmp_path)
    assert RunDirectory.open(Path("small")).finished


def test_run_of_the_same_name_comes_first(packaged):
    shutil.copytree(SAVED, "tiny")
    assert located(Path("tiny")) == Path("tiny")
    assert located(Path("tiny/")) == Path("tiny")


def test_export_is_told_by_its_graph(packaged):
    assert not has_graph(Path("tiny"))
    (packaged / "model.onnx").touch()
    assert (has_graph(Path("tiny")), has_graph(packaged), has_graph(Path("nowhere"))) == (True, True, False)


@pytest.mark.parametrize("path", ["./x/tiny", "nowhere", "..", ".", "tiny-er", "os"])
def test_other_paths_stay_unchanged(packaged, path):
    assert located(Path(path)) == Path(path)


def test_message_says_how_to_install_a_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "CLONE", tmp_path)
    monkeypatch.setattr(models, "PACKAGE", "no_package_{name}")
    with pytest.raises(RunError, match=r"^english: expected .*, found nothing there; pip install ./models/english in"):
        bilstm_nlp.load("english")
