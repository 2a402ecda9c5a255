"""Examples in docstrings give what they show."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.test_without_torch import modules

OF_TRAINED_MODELS = {
    "bilstm_nlp.tasks.forecasting.predictor",
    "bilstm_nlp.tasks.tagging.predictor",
    "bilstm_nlp.tasks.tagging.sentence_tagger",
}
"""Modules whose examples need a trained model: tests/tasks/*/test_predictor.py run them."""


@pytest.mark.parametrize("module", sorted({*modules()} - OF_TRAINED_MODELS))
def test_examples_of_a_module_run(module):
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert not failed


def test_public_functions_of_tags_and_metrics_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=False)
    for name in ("tags", "metrics.labels", "metrics.entities", "metrics.reliability", "metrics.ratios"):
        module = importlib.import_module(f"bilstm_nlp.{name}")
        for member, value in vars(module).items():
            own = getattr(value, "__module__", None) == module.__name__
            if own and callable(value) and not isinstance(value, type) and not member.startswith("_"):
                (example, *_) = finder.find(value, member)
                assert example.examples or member.startswith("check_"), member
