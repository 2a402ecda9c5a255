"""The English tagger that is shipped: opened by its name, it finds the entities in sentences of ours."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bilstm_nlp

MODEL = Path(__file__).parents[1] / "models" / "english"
PACKAGE = MODEL / "bilstm_nlp_english"
LARGEST = 15_000_000
"""Bytes of the package."""

pytestmark = pytest.mark.skipif(not (PACKAGE / "run").is_dir(), reason="models/english is not in the sdist")

SENTENCES = {
    "Angela Merkel flew from Berlin to Paris to meet Emmanuel Macron.": {
        ("Angela Merkel", "PER"),
        ("Berlin", "LOC"),
        ("Paris", "LOC"),
        ("Emmanuel Macron", "PER"),
    },
    "Maria Sanchez works for Microsoft in Seattle.": {
        ("Maria Sanchez", "PER"),
        ("Microsoft", "ORG"),
        ("Seattle", "LOC"),
    },
    "The University of Oxford is older than Harvard University.": {
        ("University of Oxford", "ORG"),
        ("Harvard University", "ORG"),
    },
    "i moved from london to new york with my sister": {("london", "LOC"), ("new york", "LOC")},
    "John wrote to Mary, but she never answered.": {("John", "PER"), ("Mary", "PER")},
}
"""Sentences of our own, and their entities."""
NO_ENTITIES = (
    "The meeting was moved to next week because nobody had time.",
    "please send me the report when you are done",
    "It rained all day, so we stayed inside and played cards.",
)


@pytest.fixture(scope="module")
def tagger():
    return bilstm_nlp.load_tagger("english")


@pytest.mark.parametrize("text", SENTENCES)
def test_people_places_and_organisations_are_found(tagger, text):
    assert {(entity.text, entity.type) for entity in tagger.tag(text)} == SENTENCES[text]


@pytest.mark.parametrize("text", NO_ENTITIES)
def test_sentences_without_names_have_no_entities(tagger, text):
    assert tagger.tag(text) == []


def test_name_works_on_the_command_line(call):
    result = call("predict", "english", "-", stdin=b"Maria Sanchez works for Microsoft in Seattle.\n")
    assert result.out == "[Maria Sanchez PER] works for [Microsoft ORG] in [Seattle LOC].\n"
    assert call("verify", "english").status == 0


def test_graph_answers_like_the_weights(tagger):
    pytest.importorskip("onnxruntime")
    from bilstm_nlp.runs.directory import finished
    from bilstm_nlp.runs.load import open_directory
    from bilstm_nlp.runs.replay import replay

    directory = finished(PACKAGE / "run")
    graph = open_directory(directory, engine="onnx").predictor
    assert all(way.same for way in replay(graph, directory.read_json("replay.json")))


def test_package_is_small():
    assert sum(file.stat().st_size for file in PACKAGE.rglob("*") if "__pycache__" not in file.parts) <= LARGEST


def test_run_names_no_path_of_a_machine():
    for name in ("run.json", "config.json", "metrics.json", "replay.json"):
        assert not re.search(r'"/\w', (PACKAGE / "run" / name).read_text("utf-8")), name


def test_attribution_is_that_of_the_script():
    from scripts.english.release import SOURCES, attribution

    assert (PACKAGE / "ATTRIBUTION.md").read_text("utf-8") == attribution()
    card = (MODEL / "README.md").read_text("utf-8")
    assert all(name.partition(",")[0] in card and licence in card for name, (_, _, licence) in SOURCES.items())


@pytest.mark.slow
def test_wheel_of_the_model_has_its_run(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path]
    subprocess.run(build, cwd=MODEL, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    files = [file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert {file.relative_to(MODEL).as_posix() for file in files} <= names
