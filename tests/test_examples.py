"""Examples in docstrings give what they show."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from tests.test_without_torch import modules

ROOT = Path(__file__).parent.parent
OF_TRAINED_MODELS = {
    "bilstm_nlp.tasks.forecasting.predictor",
    "bilstm_nlp.tasks.tagging.predictor",
    "bilstm_nlp.tasks.tagging.sentence_tagger",
}
"""Modules whose examples need a trained model: tests/tasks/*/test_predictor.py run them."""


def with_examples() -> list[str]:
    """Name the modules that have examples: to look for them takes longer than most take to run."""
    paths = {name: ROOT.joinpath(*name.split(".")) for name in {*modules()} - OF_TRAINED_MODELS}
    sources = {name: path / "__init__.py" if path.is_dir() else path.with_suffix(".py") for name, path in paths.items()}
    return sorted(name for name, source in sources.items() if ">>>" in source.read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", with_examples())
def test_examples_of_a_module_run(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert not failed


def test_modules_without_examples_are_left_out():
    assert len(with_examples()) > 150
    assert "bilstm_nlp.tags.schemes" in with_examples()
    assert "bilstm_nlp.data" not in with_examples()


def test_public_functions_of_tags_and_metrics_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=False)
    for name in ("tags", "metrics.labels", "metrics.entities", "metrics.reliability", "metrics.ratios"):
        module = importlib.import_module(f"bilstm_nlp.{name}")
        for member, value in vars(module).items():
            own = getattr(value, "__module__", None) == module.__name__
            if own and callable(value) and not isinstance(value, type) and not member.startswith("_"):
                (example, *_) = finder.find(value, member)
                assert example.examples or member.startswith("check_"), member
