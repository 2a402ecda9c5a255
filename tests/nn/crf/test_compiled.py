"""The kernels are loaded when they are worth it, and results are the same without them."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch

import bilstm_nlp.nn.crf
from bilstm_nlp.nn.crf import compiled
from bilstm_nlp.nn.crf.likelihood import log_likelihood
from tests.nn.enumeration import best_paths, ragged, random_scores

pytest.importorskip("numba")
import bilstm_nlp.nn.crf.kernels


@pytest.mark.slow
def test_numba_is_imported_for_a_likelihood_not_for_one_sentence():
    program = """
import sys, torch
from bilstm_nlp.nn.crf import compiled
from bilstm_nlp.nn.crf.best_paths import viterbi
from bilstm_nlp.nn.crf.crf import LinearChainCrf
crf, emissions, mask = LinearChainCrf(5), torch.randn(1, 9, 5), torch.ones(1, 9, dtype=torch.bool)
arrays = crf.chain_scores(), emissions.numpy(), mask.sum(1).numpy()
before = viterbi(*arrays)
assert "numba" not in sys.modules
crf.log_likelihood(emissions, torch.from_numpy(before[0]), mask)
assert "numba" in sys.modules and compiled.decode_faster(arrays[1])
assert all((value == again).all() for value, again in zip(before, viterbi(*arrays)))
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_few_sentences_in_single_precision_are_decoded_by_loaded_kernels(monkeypatch):
    monkeypatch.setattr(compiled, "kernels", cache(lambda: None))
    few, many = np.zeros((2, 20, 9), np.float32), np.zeros((200, 20, 9), np.float32)
    assert not compiled.decode_faster(few)
    compiled.kernels()
    assert compiled.decode_faster(few)
    assert not compiled.decode_faster(many)
    assert not compiled.decode_faster(few.astype(np.float64))


def test_without_numba_results_are_the_same(monkeypatch):
    torch.manual_seed(0)
    scores, (emissions, mask) = random_scores(5, 1.0, dtype=torch.float32), ragged([9, 4], 5, dtype=torch.float32)
    inputs, lengths = [value.requires_grad_() for value in (*scores, emissions)], mask.sum(1)

    def everything():
        paths, totals = best_paths(scores, emissions, lengths)
        values = log_likelihood(scores, emissions, paths, lengths)
        return paths, totals, values, *torch.autograd.grad(values.sum(), inputs)

    expected = everything()
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "bilstm_nlp.nn.crf.kernels")
    monkeypatch.delattr(bilstm_nlp.nn.crf, "kernels")
    monkeypatch.setattr(compiled, "kernels", cache(compiled.kernels.__wrapped__))
    assert compiled.kernels() is None
    for value, wanted in zip(everything(), expected, strict=True):
        torch.testing.assert_close(value, wanted)
