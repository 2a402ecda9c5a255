"""The examples in the docstrings of layers and of the tagging task run, and give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest
import torch

import bilstm_nlp.nn
import bilstm_nlp.tasks.tagging

MODULES = [
    module.name
    for package in (bilstm_nlp.nn, bilstm_nlp.tasks.tagging)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    # the examples of a tagger need a trained one: tests/tasks/tagging/test_predictor.py
    if not module.name.endswith((".kernels", ".tagging.predictor", ".tagging.sentence_tagger"))
]


OTHERS = ["bilstm_nlp.reports.html", "bilstm_nlp.tasks.measurement", "bilstm_nlp.tasks.temperature"]


@pytest.mark.parametrize("name", [*MODULES, *OTHERS])
def test_examples_give_what_they_say(name):
    torch.manual_seed(0)
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    results = [doctest.DocTestRunner(verbose=False).run(example) for example in finder.find(module, name)]
    assert sum(result.failed for result in results) == 0
